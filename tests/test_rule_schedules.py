"""Rules with a schedule: weekly windows in a time zone, outside of which nothing is raised."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from api_hub import running_hub
from hub.backtest import replay as backtest
from hub.errors import ConfigError
from hub.events import AlertCleared
from hub.model import CloseAlert, Tick
from hub.rules import describe, parse
from hub.rules import schedules as module
from hub.rules.alert_entries import entry_of
from hub.rules.schedules import Schedules
from hub.rules.weekly_windows import is_open_until, within
from rule_plant import T0, Plant

BERLIN = ZoneInfo("Europe/Berlin")
WINDOWS = ("daily 00:00-24:00", "daily 22:00-06:00", "mon-fri 08:00-18:00", "sat 22:00-06:00", "sun 01:00-04:00")
ALWAYS = '[[rule]]\nid = "hot"\nmetric = "t"\nabove = 80\n'


def scheduled(*windows: str, rule: str = ALWAYS, zone: str = "Europe/Berlin") -> str:
    return f'{rule}schedule = {list(windows)}\ntime_zone = "{zone}"\n'


def second(text: str) -> float:
    """Return a local time of Berlin in seconds after T0."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp() - T0 / 1000


def hours(window: str, first: str, last: str) -> float:
    """Return how many hours a window is open between two local times."""
    (rule,) = parse(scheduled(window))
    now, end, total = T0 + second(first) * 1000, T0 + second(last) * 1000, 0.0
    while now < end:
        edges = (is_open_until(each, int(now))[1] for each in rule.schedule)
        until = min(end, *(edge for edge in edges if edge is not None))
        total += until - now if within(rule.schedule, int(now)) else 0
        now = until
    return total / 3_600_000


@pytest.mark.parametrize(
    ("window", "day", "next_day", "expected"),
    [
        ("daily 00:00-24:00", "2027-03-28", "2027-03-29", 23),
        ("daily 00:00-24:00", "2027-10-31", "2027-11-01", 25),
        ("daily 01:00-04:00", "2027-03-28", "2027-03-29", 2),
        ("daily 01:00-04:00", "2027-10-31", "2027-11-01", 4),
        ("sat 22:00-06:00", "2027-03-27", "2027-03-29", 7),
        ("sat 22:00-06:00", "2027-10-30", "2027-11-01", 9),
        ("fri-mon 08:00-09:00", "2027-06-07", "2027-06-14", 4),
        ("mon,wed 08:00-09:30", "2027-06-07", "2027-06-14", 3),
    ],
)
def test_windows_follow_days_of_23_and_25_hours(window: str, day: str, next_day: str, expected: float):
    assert hours(window, day, next_day) == expected


def test_nothing_is_raised_outside_and_an_open_alert_is_withdrawn():
    plant = Plant(scheduled("daily 22:00-06:00"))
    assert plant.reading(second("2027-06-07 21:59:50"), 85.0) == []
    assert plant.tick(second("2027-06-07 22:00:00")) == ["raised"], "the condition holds when the schedule begins"
    assert plant.restart(second("2027-06-08 05:59:00"), scheduled("daily 22:00-06:00")) == []
    assert plant.reading(second("2027-06-08 05:59:59"), 86.0) == []
    assert plant.tick(second("2027-06-08 06:00:00")) == ["cleared"]
    assert plant.reading(second("2027-06-08 07:00:00"), 87.0) == []
    assert plant.tick(second("2027-06-08 21:59:59")) == []


def test_history_of_the_alert_says_that_the_schedule_has_ended():
    plant = Plant(scheduled("daily 22:00-06:00"))
    plant.reading(second("2027-06-07 23:00"), 85.0)
    now = T0 + int(second("2027-06-08 06:00") * 1000)
    plant.engine.tick(now, 0, plant.registry.get)
    plant.engine.judge_later(plant.engine.take_turned(plant.registry.devices))
    (cleared,) = plant.engine.judge_next(1, plant.registry.get, now)
    assert isinstance(cleared, AlertCleared)
    assert cleared.alert.withdrawn
    assert (entry_of(cleared).kind, entry_of(cleared).text) == ("withdrawn", "The rule's schedule has ended.")


def test_alert_is_withdrawn_when_the_hub_starts_after_the_schedule_has_ended():
    rules = scheduled("daily 22:00-06:00")
    plant = Plant(rules)
    assert plant.reading(second("2027-06-07 23:00"), 85.0) == ["raised"]
    assert plant.restart(second("2027-06-08 09:00"), rules) == ["cleared"]
    assert plant.restart(second("2027-06-08 21:30"), rules) == []
    assert plant.restart(second("2027-06-08 22:30"), rules) == ["raised"]


def test_closed_alert_is_not_raised_by_the_same_value_in_the_next_window():
    plant = Plant(scheduled("daily 22:00-06:00"))
    plant.reading(second("2027-06-07 23:00"), 85.0)
    plant.handle(CloseAlert(plant.alert().id, "ada", T0 + int(second("2027-06-07 23:01") * 1000)))
    assert plant.tick(second("2027-06-08 06:00")) == []
    assert plant.tick(second("2027-06-08 22:00")) == []
    assert plant.reading(second("2027-06-08 22:01"), 85.0) == ["raised"]


def test_silence_is_judged_within_the_schedule_only():
    rules = scheduled("daily 08:00-18:00", rule='[[rule]]\nid = "s"\nkind = "no_data"\nsilence = "10m"\n')
    plant = Plant(rules)
    plant.reading(second("2027-06-07 07:00"), 1.0)
    assert plant.tick(second("2027-06-07 07:59")) == []
    assert plant.tick(second("2027-06-07 08:00")) + plant.tick(second("2027-06-07 08:00:01")) == ["raised"]
    assert plant.tick(second("2027-06-07 18:00")) == ["cleared"]
    assert plant.tick(second("2027-06-07 23:00")) == []


def test_late_readings_from_outside_the_schedule_record_no_alert():
    plant = Plant(scheduled("daily 08:00-18:00"))
    now = second("2027-06-07 09:00")
    plant.reading(now, 20.0)
    for late, words in (("06:00", []), ("06:10", []), ("08:10", []), ("08:20", [])):
        at = second(f"2027-06-07 {late}")
        assert plant.reading(now + 1, 85.0, ts=at, quality="late") == words
    assert plant.reading(now + 2, 20.0, ts=second("2027-06-07 08:30"), quality="late") == ["cleared"]


def test_edit_of_the_schedule_applies_at_once():
    plant = Plant(scheduled("daily 22:00-06:00"))
    now = second("2027-06-07 12:00")
    assert plant.reading(now, 85.0) == []
    assert plant.reload(now + 1, scheduled("daily 08:00-18:00")) == ["raised"]
    assert plant.reload(now + 2, scheduled("daily 22:00-06:00")) == ["cleared"]
    assert plant.reload(now + 3, ALWAYS) == ["raised"]


def test_rule_outside_of_its_schedule_leaves_the_fast_path_free():
    plant = Plant(scheduled("daily 22:00-06:00"))
    plant.reading(second("2027-06-07 12:00"), 85.0)
    device = plant.registry.require(plant.device)
    assert plant.engine.calm(device, ["t"])[:2] == ([-float("inf")], [float("inf")])
    plant.tick(second("2027-06-07 22:00"))
    plant.reading(second("2027-06-07 22:01"), 20.0)
    assert plant.engine.calm(device, ["t"])[:2] == ([-float("inf")], [80.0])
    assert [rule.id for rule in plant.engine.rules_for(device)] == ["hot"]


def test_backtest_follows_the_schedule():
    (rule,) = parse(scheduled("daily 22:00-06:00"))
    device = Plant("").registry.require("sensor_9")
    start, end = (T0 + int(second(text) * 1000) for text in ("2027-06-07 12:00", "2027-06-09 12:00"))
    points = [(ts, 85.0 if ts > start + 3_600_000 else 20.0, "good") for ts in range(start, end, 600_000)]
    found = backtest(rule, device, {"t": points}, start, end)
    times = [
        T0 + int(second(f"2027-{text}") * 1000) for text in ("06-07 22:00", "06-08 06:00", "06-08 22:00", "06-09 06:00")
    ]
    assert [at for each in found for at in (each.raised_at, each.end)] == times


def test_schedule_is_described_as_it_is_written():
    (rule,) = parse(scheduled("Mon-Fri 08:00-18:00", "sun,sat  22:00-24:00", "fri-mon 01:00-02:00"))
    assert describe(rule) == (
        "t above 80; only mon-fri 08:00-18:00, sat,sun 22:00-24:00, mon,fri,sat,sun 01:00-02:00 (Europe/Berlin)"
    )


@pytest.mark.parametrize(
    ("more", "key", "hint"),
    [
        ('schedule = ["mon 8-18"]\ntime_zone = "UTC"', "schedule", "days and hours such as"),
        ('schedule = ["mon-wed-fri 08:00-18:00"]\ntime_zone = "UTC"', "schedule", "days and hours such as"),
        ('schedule = "daily 08:00-18:00"\ntime_zone = "UTC"', "schedule", "a list of 1 to 20 windows"),
        ('schedule = ["daily 08:00-18:00"]', "time_zone", "an IANA time zone"),
        ('schedule = ["daily 08:00-18:00"]\ntime_zone = "Berlin"', "time_zone", "an IANA time zone"),
        ('schedule = ["daily 08:00-18:00"]\ntime_zone = "../etc"', "time_zone", "an IANA time zone"),
        ('time_zone = "UTC"', "time_zone", "only together with schedule"),
    ],
)
def test_wrong_schedule_is_refused_at_its_line(more: str, key: str, hint: str):
    with pytest.raises(ConfigError) as caught:
        parse(ALWAYS + more)
    assert f": {key} " in caught.value.message
    assert caught.value.message.startswith("rules.toml, line ")
    assert caught.value.hint is not None
    assert hint in caught.value.hint


async def test_hub_withdraws_an_alert_when_the_schedule_ends(tmp_path: Path):
    now = datetime.now(UTC)
    start, end = ((now + timedelta(hours=hours)).strftime("%H:%M") for hours in (-1, 1))
    (tmp_path / "rules.toml").write_text("")
    rule = {"id": "day", "metric": "lux", "above": 80, "schedule": [f"daily {start}-{end}"], "time_zone": "UTC"}
    async with running_hub(tmp_path) as hub:
        revision = (await hub.http.get("/api/rules/text")).json()["revision"]
        assert (await hub.http.post("/api/rules", json={"rule": rule, "revision": revision})).status_code == 201
        await hub.telemetry("lamp", lux=85)
        (alert,) = (await hub.http.get("/api/alerts", params={"state": "open"})).json()["items"]
        await hub.services.ingest_queue.submit(Tick(int(now.timestamp() * 1000) + 2 * 3_600_000, 0))
        found = (await hub.http.get(f"/api/alerts/{alert['id']}")).json()
        assert (found["state"], found["withdrawn"]) == ("cleared", True)
        newest = (await hub.http.get(f"/api/alerts/{alert['id']}/history")).json()["items"][0]
        assert (newest["kind"], newest["text"]) == ("withdrawn", "The rule's schedule has ended.")


@given(st.lists(st.sampled_from(WINDOWS), min_size=1, max_size=4), st.lists(st.integers(1, 3_000), max_size=30))
def test_schedules_follow_each_window_as_time_goes_on(windows: list[str], steps: list[int]):
    """Stepping from edge to edge gives the same state of each rule as evaluating its windows at that time."""
    rules = [replace(parse(scheduled(*windows[: n + 1]))[0], id=str(n)) for n in range(len(windows))]
    schedules, now, before = Schedules(rules), T0, None
    for step in (0, *steps):
        now += step * 60_000
        turned = {rule.id for rule in schedules.turn(now)}
        outside = {rule.id for rule in rules if not within(rule.schedule, now)}
        assert schedules.outside == outside
        assert turned == (set() if before is None else before ^ outside)
        assert schedules.until > now
        before = outside


def test_only_the_window_that_begins_is_evaluated(monkeypatch: pytest.MonkeyPatch):
    """480 rules with 20 windows each held the event loop for seconds at each edge."""
    rules = []
    for number in range(480):
        times = [f"daily {n // 2:02}:{number % 30 + n % 2 * 30:02}-23:{number % 60:02}" for n in range(20)]
        rules.append(replace(parse(scheduled(*times))[0], id=str(number)))
    schedules, looked = Schedules(rules), list[int]()
    schedules.turn(T0)
    monkeypatch.setattr(module, "is_open_until", lambda each, now: looked.append(now) or is_open_until(each, now))
    for _ in range(20):
        schedules.turn(schedules.until)
    assert 20 <= len(looked) < 480
