"""A rule tried on stored readings raises the alerts that the running hub would have raised."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api_hub import RULES, running_hub
from hub.accounts.scope import DeviceScope, viewing
from hub.backtest import Firing, Stopped, replay
from hub.events import AlertChanged, AlertCleared, AlertRaised
from hub.model import Device, Identity, Info, Record, Rule
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine, parse
from hub.services.backtests import Backtests, LeftOut
from hub.services.visible import VisibleDevices
from hub.services.visible_history import VisibleHistory
from hub.store.base import Delta
from hub.store.sqlite import SqliteStore
from rule_plant import T0, Plant

HOUR = 3_600_000
SCHEDULED = (
    f"{datetime.fromtimestamp(T0 / 1000 + 1800, UTC):%H:%M}-{datetime.fromtimestamp(T0 / 1000 + 5400, UTC):%H:%M}"
)


REPORTS = Info(max_silence=60)
"""The device becomes stale after a minute. A learned interval would differ: a backtest uses the present one."""


def random_readings(draw: random.Random) -> list[Record]:
    """Return two hours of a device: two numbers and a state, sometimes with a pause."""
    found, second, level = [], 0, 50.0
    while second < 7200:
        level = min(100.0, max(0.0, level + draw.gauss(0, 6)))
        values = {"t": round(level, 1), "p": round(level + draw.gauss(0, 8), 1), "door": draw.random() < 0.2}
        kept = {name: value for name, value in values.items() if draw.random() < 0.9}
        ts = T0 + second * 1000
        if kept:
            found.append(Record("sensor_9", ts, ts, kept))
        second += draw.choice([9, 10, 11] * 8 + [200, 900])
    return found


def random_rule(draw: random.Random, number: int) -> str:
    """Return a rule of a random kind with random limits and delays."""
    low = draw.randint(20, 60)
    high = low + draw.randint(5, 30)
    delays = f'for = "{draw.choice([0, 15, 60, 400])}s"\nclear_for = "{draw.choice([0, 0, 30])}s"\n'
    kinds = [
        f'metric = "t"\nabove = {high}\nclear = {low}\n' + delays,
        f'metric = "[tp]"\nbelow = {low}\n' + delays,
        f'metric = "t"\nabove = {low}\ncritical = {{ above = {high}, clear = {low} }}\n' + delays,
        f'kind = "range"\nmetric = "t"\noutside = [{low}, {high}]\nhysteresis = 2\n' + delays,
        f'kind = "range"\nmetric = "p"\ninside = [{low}, {high}]\n' + delays,
        f'kind = "compare"\nmetric = "t"\nwith = "p"\nabove = {draw.randint(2, 12)}\n' + delays,
        'kind = "equals"\nmetric = "door"\nvalue = true\n' + delays,
        f'kind = "rate"\nmetric = "t"\nby = {draw.randint(5, 20)}\nwithin = "60s"\n' + delays,
        f'kind = "count"\nmetric = "door"\nvalue = true\ntimes = {draw.choice([2, 3])}\nwithin = "200s"\n',
        f'kind = "count"\nmetric = "t"\nabove = {high}\nclear = {low}\ntimes = 2\nwithin = "300s"\n',
        f'kind = "all"\n{delays}[[rule.conditions]]\nmetric = "t"\nabove = {low}\nfor = "45s"\n'
        f'[[rule.conditions]]\nkind = "not"\n[[rule.conditions.conditions]]\nmetric = "p"\nabove = {high}\n',
        f'kind = "any"\n{delays}[[rule.conditions]]\nkind = "equals"\nmetric = "door"\nvalue = true\n'
        f'[[rule.conditions]]\nkind = "range"\nmetric = "t"\noutside = [{low}, {high}]\nhysteresis = 2\n',
        f'kind = "stuck"\nmetric = "door"\nfor = "{draw.choice([30, 120])}s"\n',
        f'kind = "no_data"\nsilence = "{draw.choice([60, 300])}s"\n',
        f'kind = "no_data"\nmetric = "p"\nsilence = "{draw.choice([30, 300])}s"\n',
        f'kind = "count"\nmetric = "t"\nabove = {high}\ntimes = 3\nwithin = "10m"\n',
        f'''kind = "any"\n{delays}[[rule.conditions]]\nkind = "no_data"\nsilence = "{draw.choice([30, 300])}s"
[[rule.conditions]]\nmetric = "t"\nabove = {high}\n''',
        f'''kind = "all"\n[[rule.conditions]]\nkind = "no_data"\nmetric = "p"\nsilence = "{draw.choice([15, 25])}s"
[[rule.conditions]]\nmetric = "t"\nabove = {low}\nfor = "{draw.choice([0, 20])}s"\n''',
        f'''kind = "{draw.choice(["all", "any"])}"\nfor = "{draw.choice([0, 30])}s"
[[rule.conditions]]\nmetric = "t"\nabove = {low}\nfor = "{draw.choice([0, 20])}s"
[[rule.conditions]]\nkind = "equals"\nmetric = "door"\nvalue = true\n''',
    ]
    hours = f'schedule = ["daily {SCHEDULED}"]\ntime_zone = "UTC"\n' if number % 3 == 0 else ""
    return f'[[rule]]\nid = "r{number}"\n' + hours + kinds[number % len(kinds)]


def live(text: str, records: list[Record], end: int) -> list[tuple]:
    """Return the alert events of a registry and an engine that get the same readings, and a tick every second."""
    plant, found, at = Plant(text, info=REPORTS), dict[str, list](), T0
    plant.registry.observe(Record("sensor_9", T0 - 1, T0 - 1, {"other": 1.0}))
    events = plant.engine.restore(plant.registry.with_latest_values(), T0 - 1)

    def tick() -> list:
        found = []
        for lost in plant.registry.tick(at, T0 - 1):
            found += plant.engine.lose(plant.registry.require(lost.device), at)
        found += plant.engine.tick(at, T0 - 1, plant.registry.get)
        plant.engine.judge_later(plant.engine.take_turned(plant.registry.devices))
        return found + plant.engine.judge_next(1, plant.registry.get, at)

    for record in [*records, None]:
        until = end if record is None else record.received
        while at + 1000 < until:
            at += 1000
            events += tick()
        if record is not None:
            plant.registry.observe(record)
            events += plant.engine.observe(plant.registry.require("sensor_9"), record)
    for event in events:
        if isinstance(event, AlertRaised):
            found[event.alert.id] = [event.alert.metric, event.alert.since, None, [event.alert.severity]]
        elif isinstance(event, AlertChanged):
            found[event.alert.id][3].append(event.alert.severity)
        elif isinstance(event, AlertCleared):
            found[event.alert.id][2] = event.alert.ended_at or event.at
    return sorted((*each[:3], tuple(each[3])) for each in found.values())


async def test_backtest_equals_a_live_replay_on_50_random_rules(tmp_path: Path):
    draw = random.Random(20261130)
    records = random_readings(draw)
    end = T0 + 2 * HOUR
    store = SqliteStore.open(tmp_path)
    await store.commit(1, Delta(len(records), records))
    plant = Plant("", info=REPORTS)
    plant.registry.observe(Record("sensor_9", T0 - 1, T0 - 1, {"t": 50.0, "p": 50.0, "door": False}))
    backtests = Backtests(plant.engine.applies, plant.registry, store)
    fired = 0
    for number in range(50):
        text = random_rule(draw, number)
        (rule,) = parse(text)
        found = await backtests.run(rule, None, T0 - 1, end)
        assert found.tested == 1
        got = sorted(
            (each.metric, each.start, each.end, tuple(step.severity for step in each.steps))
            for each in found.rule.firings
        )
        expected = live(text, records, end)
        assert [each[:2] for each in got] == [each[:2] for each in expected], text
        assert got == expected, text
        fired += len(got)
    assert fired > 200, fired
    await store.close()


HOT = '[[rule]]\nid = "hot"\nmetric = "t"\nabove = 80\nfor = "30s"\ncritical = { above = 90, clear = 86 }\n'


def hot_day(device: Device, stop=lambda: False, rule: Rule | None = None) -> list[Firing]:
    """Replay a day with one reading a minute: an hour at 85 with ten minutes at 95, and a hot end."""
    values = [85.0 if 600 <= minute < 660 or minute >= 1430 else 20.0 for minute in range(1440)]
    values[630:640] = [95.0] * 10
    points = [(T0 + minute * 60_000, value, "good") for minute, value in enumerate(values)]
    return replay(rule or parse(HOT)[0], device, {"t": points}, T0, T0 + 24 * HOUR, stop)


def device() -> Device:
    plant = Plant("")
    plant.reading(0, 20.0)
    return plant.registry.require("sensor_9")


def test_firing_has_start_end_severities_and_values():
    hour, at_the_end = hot_day(device())
    assert (hour.device, hour.metric, hour.start - T0, hour.end) == ("sensor_9", "t", 10 * HOUR, T0 + 11 * HOUR)
    assert hour.raised_at == hour.start + 30_000
    assert [(step.severity, step.value) for step in hour.steps] == [
        ("warning", 85.0),
        ("critical", 95.0),
        ("warning", 85.0),
    ]
    assert hour.steps[1].at == T0 + 10 * HOUR + 30 * 60_000
    assert at_the_end.end is None
    assert at_the_end.duration(T0 + 24 * HOUR) == 600_000


def test_device_is_not_changed_and_its_open_alert_is_not_read():
    plant = Plant(HOT)
    plant.reading(0, 85.0)
    plant.tick(31)
    known, before = plant.registry.require("sensor_9"), list(plant.engine.open)
    assert len(hot_day(known)) == 2
    assert list(plant.engine.open) == before
    assert known.metrics["t"].value == 85.0


def test_replay_ends_soon_after_it_is_stopped():
    (stuck,) = parse('[[rule]]\nid = "s"\nkind = "stuck"\nmetric = "t"\nfor = "10h"\n')
    calls = iter([False, False, True])
    with pytest.raises(Stopped):
        hot_day(device(), lambda: next(calls), stuck)


@pytest.fixture
async def site(tmp_path: Path):
    """Return a function that backtests rules on a day of devices `a` (hot at noon) and `b` (never), and silent `c`."""
    store, registry = SqliteStore.open(tmp_path), DeviceRegistry()
    records = [
        Record(name, ts, ts, {"t": 85.0 if name == "a" and 720 <= minute < 740 else 20.0})
        for minute in range(1440)
        for name in "ab"
        if (ts := T0 + minute * 60_000)
    ]
    await store.commit(1, Delta(len(records), records))
    for name in "abc":
        registry.identify(Identity(name, name, "native"), T0)
        registry.observe(Record(name, T0, T0, {"t": 20.0}))
    engine = Engine([])
    yield Backtests(engine.applies, registry, store), registry, store
    await store.close()


async def test_new_rule_is_compared_with_the_old_one(site):
    backtests, _, _ = site
    (old,) = parse('[[rule]]\nid = "hot"\nmetric = "t"\nabove = 90\n')
    (new,) = parse('[[rule]]\nid = "hot"\nmetric = "t"\nabove = 80\n')
    found = await backtests.run(new, old, T0, T0 + 24 * HOUR)
    assert (found.rule.count, found.rule.devices, found.rule.longest_ms, found.rule.different) == (1, 1, 20 * 60_000, 1)
    assert (found.old.count, found.old.different) == (0, 0)
    assert (await backtests.run(new, new, T0, T0 + 24 * HOUR)).rule.different == 0


async def test_devices_that_are_left_out_are_named(site, monkeypatch):
    backtests, _, _ = site
    (rule,) = parse(HOT)
    found = await backtests.run(rule, None, T0, T0 + 24 * HOUR)
    assert (found.devices, found.tested, found.readings, found.data_from) == (3, 2, 2880, T0)
    assert found.left_out == [LeftOut("c", "no_readings")]
    monkeypatch.setattr("hub.services.backtests.MAX_READINGS", 2000)
    monkeypatch.setattr("hub.services.backtests.MAX_DEVICES", 2)
    found = await backtests.run(rule, None, T0, T0 + 24 * HOUR)
    assert found.left_out == [LeftOut("c", "too_many_devices"), LeftOut("b", "too_many_readings")]


async def test_only_devices_in_the_scope_of_the_person_are_tested(site):
    _, registry, store = site
    seen = VisibleDevices(registry)
    limited = Backtests(Engine([]).applies, seen, VisibleHistory(store, seen))
    registry.require("b").labels = ("mine",)
    with viewing(lambda: DeviceScope(((frozenset(), frozenset({"mine"})),), "b")):
        found = await limited.run(parse(HOT)[0], None, T0, T0 + 24 * HOUR)
    assert (found.devices, found.rule.count) == (1, 0)


async def test_draft_is_tested_over_http_and_nothing_is_changed(tmp_path: Path):
    (tmp_path / "rules.toml").write_text(RULES)
    async with running_hub(tmp_path) as hub:
        now = int(time.time() * 1000)
        for minute in range(60, 0, -1):
            hub.publish(
                "devices/a/telemetry", {"temperature": 70 if minute in (30, 31) else 20}, at=now - minute * 60_000
            )
        await hub.settled()
        draft = {"id": "warm", "metric": "temperature", "above": 60}
        body = {"rule": draft, "from": now - 2 * HOUR, "to": now}
        answer = await hub.http.post("/api/rules/backtest", json=body)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert (found["old"], found["rule"]["count"], found["tested"]) == (None, 1, 1)
        (firing,) = found["rule"]["firings"]
        assert (firing["device_id"], firing["end"] - firing["start"]) == ("a", 120_000)
        assert [rule["id"] for rule in (await hub.http.get("/api/rules")).json()["items"]] == ["hot"]
        assert (await hub.http.get("/api/alerts")).json()["items"] == []

        wrong = await hub.http.post("/api/rules/backtest", json={**body, "rule": {**draft, "above": "x"}})
        assert wrong.status_code == 422
        assert "above" in wrong.json()["error"]["message"]
        too_long = await hub.http.post("/api/rules/backtest", json={**body, "from": now - 40 * 24 * HOUR})
        assert too_long.status_code == 422


async def test_device_was_not_silent_before_it_existed(tmp_path: Path):
    (tmp_path / "rules.toml").write_text(RULES)
    async with running_hub(tmp_path) as hub:
        now = int(time.time() * 1000)
        for minute in range(30, 0, -1):
            hub.publish("devices/a/telemetry", {"temperature": 20}, at=now - minute * 60_000)
        await hub.settled()
        rule = {"id": "silent", "kind": "no_data", "silence": "5m"}
        body = {"rule": rule, "from": now - 12 * HOUR, "to": now}
        found = (await hub.http.post("/api/rules/backtest", json=body)).json()
        assert (found["tested"], found["rule"]["firings"]) == (1, [])


async def test_rule_that_compares_with_another_device_reads_its_stored_readings(site):
    backtests, _, _ = site
    keys = 'metric = "t"\nwith = "t"\nwith_device = "b"\nabove = 30\ndevices = ["a"]\n'
    (rule,) = parse(f'[[rule]]\nid = "r"\nkind = "compare"\n{keys}')
    found = await backtests.run(rule, None, T0, T0 + 24 * HOUR)
    assert [(each.device, each.start, each.end) for each in found.rule.firings] == [
        ("a", T0 + 12 * HOUR, T0 + 12 * HOUR + 20 * 60_000)
    ]
    assert found.readings == 2880


async def test_tree_reads_the_stored_readings_of_the_devices_that_its_conditions_name(site):
    backtests, registry, store = site
    pump = [Record("pump", T0 + hour * HOUR, T0 + hour * HOUR, {"on": hour in (12, 15)}) for hour in range(24)]
    await store.commit(2, Delta(2880 + len(pump), pump))
    registry.identify(Identity("pump", "pump", "native"), T0)
    part = 'kind = "equals"\nmetric = "on"\nvalue = true\ndevice = "pump"\nmax_age = "{}"\n'
    tree = '[[rule]]\nid = "r"\nkind = "all"\ndevices = ["a"]\n[[rule.conditions]]\nmetric = "t"\nabove = 80\n'
    (rule,) = parse(tree + "[[rule.conditions]]\n" + part.format("2h"))
    found = await backtests.run(rule, None, T0, T0 + 24 * HOUR)
    assert [(each.start, each.end) for each in found.rule.firings] == [(T0 + 12 * HOUR, T0 + 12 * HOUR + 20 * 60_000)]
    assert found.readings == 1440 + 24
    (alone,) = parse('[[rule]]\nid = "r"\nkind = "any"\ndevices = ["b"]\n[[rule.conditions]]\n' + part.format("2h"))
    found = await backtests.run(alone, None, T0, T0 + 24 * HOUR)
    assert [(each.device, each.start, each.end) for each in found.rule.firings] == [
        ("b", T0 + hour * HOUR, T0 + (hour + 1) * HOUR) for hour in (12, 15)
    ]


async def test_condition_does_not_last_while_the_device_is_silent(tmp_path: Path):
    store, registry = SqliteStore.open(tmp_path), DeviceRegistry()
    records = [
        Record(name, ts, ts, values)
        for name in ("quiet", "busy")
        for minute in range(120)
        for values in ({"t": 85.0 if minute == 30 else 20.0}, {"other": float(minute)})
        if (ts := T0 + minute * 60_000) and (not 30 < minute < 90 or (name == "busy" and "other" in values))
    ]
    await store.commit(1, Delta(len(records), records))
    for name in ("quiet", "busy"):
        registry.identify(Identity(name, name, "native", Info(max_silence=180)), T0)
        registry.observe(Record(name, T0, T0, {"t": 20.0, "other": 1.0}))
    (rule,) = parse('[[rule]]\nid = "hot"\nmetric = "t"\nabove = 80\nfor = "10m"\n')
    found = await Backtests(Engine([]).applies, registry, store).run(rule, None, T0, T0 + 2 * HOUR)
    assert [(each.device, each.start) for each in found.rule.firings] == [("busy", T0 + 30 * 60_000)]
    await store.close()
