"""The fast path gives the same results as the slow path: state, alerts, history and duplicates."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import examples
from hub.dialects import NativeDialect
from hub.events import AlertCleared, AlertRaised, PresenceChanged
from hub.ingest.batch import Batch
from hub.ingest.handler import IngestHandler
from hub.model import Acknowledge, DeleteDevice, EditDevice, RawMessage, ReplaceRules, Tick
from hub.registry import fastpath
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine, parse

T0 = 1_795_386_000_000
RULES = """
[[rule]]
id = "hot"
metric = "t"
above = 80
clear = 75
for = "3s"

[[rule]]
id = "low"
metric = "level"
below = 2

[[rule]]
id = "silent"
kind = "no_data"
silence = "20s"
"""
WINDOWED = (
    RULES
    + """
[[rule]]
id = "jump"
kind = "rate"
metric = "t"
by = 14
within = "20s"

[[rule]]
id = "seven"
kind = "equals"
metric = "level"
value = 7

[[rule]]
id = "frozen"
kind = "stuck"
metric = "t"
tolerance = 4
for = "20s"

[[rule]]
id = "apart"
kind = "compare"
metric = "level"
with = "t"
above = 900
"""
)


class HandlerRun:
    """Registry and rules behind a handler, without a store."""

    def __init__(self, *, rules: str = RULES) -> None:
        self.registry, self.engine = DeviceRegistry(), Engine(parse(rules))
        self.handler = IngestHandler([NativeDialect()], self.registry, self.engine)
        self.batch = Batch()
        self.fast_count = 0  # messages that took the fast path

    def handle(self, *messages: RawMessage) -> None:
        before = len(self.batch.record_batches)
        self.handler.handle(self.batch, messages)
        self.handler.flush(self.batch)
        self.fast_count += sum(map(len, self.batch.record_batches[before:]))

    def submit(self, *inputs) -> None:
        self.handler.handle(self.batch, [(each, None) for each in inputs])

    def report(self, values, *, device: str = "d", at: int = 0, retained: bool = False) -> None:
        self.handle(message(values, device=device, at=at, retained=retained))

    def history(self) -> dict[tuple[str, str], list]:
        """Return the points by series, sorted."""
        found: dict[tuple[str, str], list] = {}
        for record in [
            *self.batch.records,
            *(r for record_batch in self.batch.record_batches for r in record_batch.records()),
        ]:
            for metric, value in record.values.items():
                found.setdefault((record.device, metric), []).append((record.ts, record.received, value, record.key))
        return {series: sorted(points, key=str) for series, points in found.items()}

    def alerts(self, *, presence: bool) -> list[str]:
        """Return the alert events, with ``presence`` also presence changes, sorted by time."""
        kinds = (AlertRaised, AlertCleared, *((PresenceChanged,) if presence else ()))
        return sorted(f"{event.at} {event}" for event in self.batch.events if isinstance(event, kinds))


def message(values, *, device: str = "d", at: int = 0, retained: bool = False) -> RawMessage:
    body = values if isinstance(values, bytes) else json.dumps(values).encode()
    return RawMessage(f"devices/{device}/telemetry", body, T0 + at, retained=retained)


def promote_device(run: HandlerRun, *, device: str = "d", count: int = 10, at: int = 0) -> int:
    """Report once a second until the device is on the fast path. Return when the next report is due."""
    for number in range(count):
        run.report({"t": 20.0 + number, "seq": number}, device=device, at=at + 1_000 * number)
    assert device in run.registry.fast_path
    return at + 1_000 * count


def traffic(seed: int) -> list:
    """Return minutes of random traffic: regular reports mixed with every other kind of input."""
    chance = random.Random(seed)
    devices = [f"d{n}" for n in range(6)]
    seqs, now, entries, sent = dict.fromkeys(devices, 0), 0, [], []
    for _ in range(1_500):
        now += chance.choice((0, 5, 200, 400, 900))
        device = chance.choice(devices[: chance.choice((2, 6))])
        seqs[device] += 1
        values = {"t": round(chance.gauss(72, 3), 2), "level": chance.choice((1, *range(3, 400))), "seq": seqs[device]}
        match chance.randrange(400):
            case 0:
                values["mode"] = "auto"
            case 1:
                values["ts"] = T0 + now - chance.randrange(0, 700_000)
            case 2:
                seqs[device] = 0
            case 3:
                values = {"t": values["t"], "seq": seqs[device]}
            case 4:
                entries.append(message(b"{", device=device, at=now))
            case 5:
                now += 25_000
            case 6:
                status = RawMessage(f"devices/{device}/status", chance.choice((b"online", b"offline")), T0 + now)
                entries.append(status)
            case 7:
                info = json.dumps({"model": chance.choice("AB")}).encode()
                entries.append(RawMessage(f"devices/{device}/info", info, T0 + now))
            case 8 | 9 | 10 | 15 | 16 | 17 if sent:
                entries.append(chance.choice(sent))
            case 11:
                entries.append(EditDevice(device, T0 + now, labels=(chance.choice("xy"),)))
            case 12:
                entries.append(ReplaceRules(tuple(parse(RULES)), T0 + now))
            case 13:
                entries.append(DeleteDevice(device, T0 + now))
            case 14:
                values = [values, {"t": 20, "ts": T0 + now - 10}]
        if isinstance(values, dict) and "ts" not in values and chance.random() < 0.8:
            values["ts"] = T0 + now - chance.randrange(0, 5)
        one = message(values, device=device, at=now, retained=chance.random() < 0.002)
        sent = [*sent[-30:], one]
        entries.append(one)
        if chance.random() < 0.1:
            entries.append(Tick(T0 + now, T0))
    return entries


def run_batches(entries: list, batch_size: int, rules: str = RULES) -> HandlerRun:
    run = HandlerRun(rules=rules)
    for start in range(0, len(entries), batch_size):
        part = entries[start : start + batch_size]
        before = sum(map(len, run.batch.record_batches))
        run.handler.handle(run.batch, [each if isinstance(each, RawMessage) else (each, None) for each in part])
        run.handler.flush(run.batch)
        run.fast_count += sum(map(len, run.batch.record_batches)) - before
        states, _ = run.handler.states(start + batch_size, start)  # as the pipeline does for every batch
        assert all(run.registry.known(device) for device in states)
    return run


@pytest.mark.parametrize("batch_size", [1, 40])
@pytest.mark.parametrize("seed", range(3, 3 + examples(4)))
def test_windowed_rules_get_the_readings_of_the_fast_path(
    seed: int, batch_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [each for each in traffic(seed) if not isinstance(each, ReplaceRules)]
    fast = run_batches(entries, batch_size, WINDOWED)
    monkeypatch.setattr(fastpath.fast_path, "MAX_GROUPS", 0)
    slow = run_batches(entries, batch_size, WINDOWED)
    assert fast.fast_count > 10, "hardly any message took the fast path"
    assert fast.history() == slow.history()
    raised = [each for each in fast.alerts(presence=False) if "AlertRaised" in each]
    assert any("rule='jump'" in each for each in raised)
    assert any("rule='frozen'" in each for each in raised)
    assert fast.alerts(presence=False) == slow.alerts(presence=False)
    for expected in slow.registry.with_latest_values():
        watches = fast.registry.require(expected.id).watches
        assert {key: each.points for key, each in watches.items() if each.points} == {
            key: each.points for key, each in expected.watches.items() if each.points
        }


@pytest.mark.parametrize("batch_size", [1, 7, 300])
@pytest.mark.parametrize("seed", range(examples(12)))
def test_fast_and_slow_path_agree_on_minutes_of_traffic(
    seed: int, batch_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = traffic(seed)
    fast = run_batches(entries, batch_size)
    monkeypatch.setattr(fastpath.fast_path, "MAX_GROUPS", 0)
    slow = run_batches(entries, batch_size)
    assert slow.fast_count == 0
    assert fast.fast_count > 10, "hardly any message took the fast path"
    assert fast.history() == slow.history()
    assert fast.batch.duplicates == slow.batch.duplicates
    assert fast.batch.rejections == slow.batch.rejections
    # Minutes of traffic in one batch are not realistic: the mean interval is learned then, and presence depends on it.
    exact = batch_size < 100
    assert fast.alerts(presence=exact) == slow.alerts(presence=exact)
    assert fast.engine.open == slow.engine.open
    for expected in slow.registry.with_latest_values():
        device = fast.registry.require(expected.id)
        for name in ("metrics", "last_seen", "last_reading", "info", "labels", *(("presence",) if exact else ())):
            assert getattr(device, name) == getattr(expected, name), (expected.id, name)
        assert abs(device.last_ts - expected.last_ts) <= 5
        if batch_size == 1:
            assert device.expected_interval == pytest.approx(expected.expected_interval)
            assert (device.regularity, device.longest_pause) == (expected.regularity, expected.longest_pause)


STEPS = st.tuples(
    st.sampled_from((0, 5, 200, 900, 1_000, 4_000, 30_000)),  # ms since the previous step
    st.sampled_from(("a", "b", "c")),
    st.sampled_from(
        ("reading",) * 12
        + (
            "extra metric",
            "late",
            "ahead",
            "restart",
            "old seq",
            "malformed",
            "status",
            "info",
            "tick",
            "delete",
            "rules",
        )
        + ("retained", "repeated", "list")
    ),
    st.sampled_from((20.0, 21.5, 74.0, 79.9, 81.0, 95.0)),
)


def entries_of(steps: list[tuple[int, str, str, float]]) -> list:
    """Return the input of ``steps`` after a while of regular reports from three devices."""
    entries = [message({"t": 20.0, "level": 5, "seq": n}, device=d, at=1_000 * n) for n in range(6) for d in "abc"]
    now, seqs, sent = 6_000, dict.fromkeys("abc", 6), entries[-1]
    for gap, device, kind, t in steps:
        now += gap
        seqs[device] += 1
        values: dict[str, Any] = {"t": t, "level": 5, "seq": seqs[device]}
        match kind:
            case "extra metric":
                values["mode"] = "auto"
            case "late":
                values["ts"] = T0 + now - 400_000
            case "ahead":
                values["ts"] = T0 + now + 2_000
            case "restart":
                seqs[device] = values["seq"] = 0
            case "old seq":
                values["seq"] = max(0, seqs[device] - 3)
            case "status":
                state = b"online" if t < 80 else b"offline"
                entries.append(RawMessage(f"devices/{device}/status", state, T0 + now))
            case "info":
                info = json.dumps({"model": str(t)}).encode()
                entries.append(RawMessage(f"devices/{device}/info", info, T0 + now))
            case "tick":
                entries.append(Tick(T0 + now, T0))
            case "delete":
                entries.append(DeleteDevice(device, T0 + now))
            case "rules":
                entries.append(ReplaceRules(tuple(parse(RULES)), T0 + now))
            case "repeated":
                entries.append(sent)
        body: Any = b"{" if kind == "malformed" else [values, {"t": t}] if kind == "list" else values
        sent = message(body, device=device, at=now, retained=kind == "retained")
        entries.append(sent)
    return entries


@pytest.mark.timeout(300)
@settings(max_examples=examples(60))
@given(st.lists(STEPS, max_size=60), st.sampled_from((1, 4, 9)))
def test_fast_and_slow_path_agree_on_any_sequence(steps: list[tuple[int, str, str, float]], size: int) -> None:
    entries = entries_of(steps)
    fast = run_batches(entries, size)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fastpath.fast_path, "MAX_GROUPS", 0)
        slow = run_batches(entries, size)
    assert fast.fast_count > slow.fast_count == 0
    assert fast.history() == slow.history()
    assert fast.batch.duplicates == slow.batch.duplicates
    assert fast.batch.rejections == slow.batch.rejections
    assert fast.alerts(presence=True) == slow.alerts(presence=True)
    assert fast.engine.open == slow.engine.open
    assert len(fast.registry) == len(slow.registry)
    for expected in slow.registry.with_latest_values():
        device = fast.registry.require(expected.id)
        for name in ("metrics", "last_seen", "last_reading", "info", "labels", "presence", "constant_id", "regularity"):
            assert getattr(device, name) == getattr(expected, name), (expected.id, name)
        assert device.expected_interval == pytest.approx(expected.expected_interval)
        assert device.longest_pause == pytest.approx(expected.longest_pause)


def test_thousand_messages_are_applied_as_one_batch() -> None:
    run = HandlerRun()
    due = promote_device(run)
    before = run.fast_count
    run.handle(*(message({"t": 30.0 + n / 1_000, "seq": 100 + n}, at=due + n) for n in range(1_000)))
    assert run.fast_count - before == 1_000
    assert run.registry.require("d").metrics["t"].value == 30.999
    assert run.registry.require("d").last_seen == T0 + due + 999
    assert run.registry.require("d").expected_interval < 100, "the device reports every millisecond now"


def test_value_over_limit_takes_slow_path_and_raises_alert() -> None:
    run = HandlerRun()
    due = promote_device(run)
    run.report({"t": 81.0, "seq": 50}, at=due)
    assert "d" not in run.registry.fast_path
    run.report({"t": 82.0, "seq": 51}, at=due + 4_000)
    assert [alert.rule for alert in run.engine.open.values()] == ["hot"]


def test_duplicate_of_pending_message_is_detected() -> None:
    run = HandlerRun()
    due = promote_device(run)
    again = message({"t": 40.0, "seq": 60}, at=due)
    run.handle(again, again, message({"t": 41.0, "seq": 61}, at=due + 1_000), again)
    assert run.batch.duplicates == 2
    assert [value for *_, value, _ in run.history()["d", "t"]][-2:] == [40.0, 41.0]


def test_each_demotion_delays_next_promotion() -> None:
    run = HandlerRun()
    due = promote_device(run)
    waits = []
    for _ in range(3):
        run.report({"t": 1.0, "mode": "x"}, at=due)
        assert "d" not in run.registry.fast_path
        for number in range(200):
            due += 100
            run.report({"t": 20.0}, at=due)
            if "d" in run.registry.fast_path:
                waits.append(number)
                break
    assert waits == sorted(waits)
    assert waits[0] < waits[-1]


@pytest.mark.parametrize(
    "payload",
    [
        b'{"t": 30, "seq": 99' + b" " * 300_000 + b"}",
        b'{"t": 30, "seq": 99, "t": "x"}',
        b'{"t": NaN, "seq": 99}',
        b'{"t": 1e999, "seq": 99}',
        b'{"t": 30, "seq": -1}',
        b'{"t": 30, "seq": 99, "ts": 12}',
        b'{"t": 30, "seq": 99, "device_id": "other"}',
        b'[{"t": 30}, {"t": 31}]',
        b'{"t": null, "seq": 99}',
        b"{}",
        b"",
        b"\xff",
    ],
)
def test_malformed_payload_takes_slow_path(payload: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    fast, slow = HandlerRun(), HandlerRun()
    due = promote_device(fast)
    before = fast.fast_count
    fast.handle(message(payload, at=due))
    assert fast.fast_count == before
    monkeypatch.setattr(fastpath.fast_path, "MAX_GROUPS", 0)
    for number in range(10):
        slow.report({"t": 20.0 + number, "seq": number}, at=1_000 * number)
    slow.handle(message(payload, at=due))
    assert fast.history() == slow.history()
    assert fast.batch.duplicates == slow.batch.duplicates
    assert fast.batch.rejections == slow.batch.rejections
    assert [r.reason for r in fast.batch.rejections] == [r.reason for r in slow.batch.rejections]


def test_fast_path_error_loses_no_message(monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    run = HandlerRun()
    due = promote_device(run)
    monkeypatch.setattr(fastpath.schema_group, "crc32", lambda payload: 1 / 0)
    run.handle(*(message({"t": 30.0 + n, "seq": 100 + n}, at=due + n) for n in range(5)))
    assert "processed one by one" in caplog.text
    assert [value for *_, value, _ in run.history()["d", "t"]][-5:] == [30.0, 31.0, 32.0, 33.0, 34.0]


def test_stale_deadline_moves_forward_with_shorter_interval() -> None:
    run = HandlerRun(rules="")
    for number in range(10):
        run.report({"t": 20.0, "seq": number}, at=60_000 * number)
    for number in range(200):
        run.report({"t": 20.0, "seq": 100 + number}, at=600_000 + 100 * number)
    assert run.fast_count > 190
    run.submit(Tick(T0 + 600_000 + 20_000 + 14_000, T0))
    assert run.registry.require("d").presence == "online"
    run.submit(Tick(T0 + 600_000 + 20_000 + 16_000, T0))
    assert run.registry.require("d").presence == "stale"
    assert "d" not in run.registry.fast_path


def test_record_batch_equals_its_records() -> None:
    run = HandlerRun()
    due = promote_device(run)
    run.handle(*(message({"t": 30.0, "seq": 100 + n, "ts": T0 + due + n}, at=due + n + 5) for n in range(3)))
    record_batch = run.batch.record_batches[-1]
    assert record_batch.devices() == ["d"]
    assert [(r.device, r.ts, r.received, r.values) for r in record_batch.records()] == [
        ("d", T0 + due + n, T0 + due + n + 5, {"t": 30.0}) for n in range(3)
    ]
    assert len(record_batch.without("d")) == 0
    assert len(record_batch.take(np.array([2, 0]))) == 2


def test_acknowledged_alert_stays_open_until_value_clears(monkeypatch: pytest.MonkeyPatch) -> None:
    run = HandlerRun()
    due = promote_device(run)
    run.report({"t": 90.0}, at=due)
    run.report({"t": 91.0}, at=due + 4_000)
    (alert,) = run.engine.open.values()
    run.submit(Acknowledge(alert.id, "operator", T0 + due + 5_000))
    for number in range(20):
        run.report({"t": 90.0 + number / 10}, at=due + 6_000 + 1_000 * number)
    assert run.engine.open[alert.id].state == "acknowledged"
    run.report({"t": 60.0}, at=due + 60_000)
    assert not run.engine.open


@pytest.mark.timeout(180)  # many messages, slow under load
def test_topic_with_rare_demotions_is_always_promoted_again() -> None:
    run, at = HandlerRun(), 0
    for _ in range(60):
        for _ in range(150):
            at += 1_000
            run.report({"t": 20.0}, at=at)
        run.report({"t": 20.0, "mode": "x"}, at=at + 500)
    before = run.fast_count
    for _ in range(2_000):
        at += 1_000
        run.report({"t": 20.0}, at=at)
    assert run.fast_count - before > 900


def test_unused_schema_groups_are_evicted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fastpath.fast_path, "MAX_GROUPS", 2)
    run, at = HandlerRun(), 0
    for metric in ("a", "b", "c", "d"):
        before = run.fast_count
        for number in range(40):
            at += 100_000
            run.report({metric: 1.0 + number}, at=at)
        assert run.fast_count > before, f"no schema group for {metric}"
