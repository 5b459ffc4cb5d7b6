"""Every registry method that changes a device first flushes pending fast-path messages and demotes the device."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest

from hub.events import PresenceChanged
from hub.model import Availability, EditDevice, Identity, Info, RawMessage, Record, TwinUpdate, ValueExpired
from hub.registry.registry import DeviceRegistry
from presence_run import SECOND, PresenceRun
from test_fast_path import T0, HandlerRun, message, promote_device

Change = Callable[[DeviceRegistry, int], object]
MUTATORS: dict[str, Change] = {
    "identify": lambda registry, now: registry.identify(Identity("d", "d", "native", Info(model="A")), now),
    "observe": lambda registry, now: registry.observe(Record("d", now, now, {"t": 25.0})),
    "check_duplicate": lambda registry, now: registry.check_duplicate(
        Record("d", now, now, {"t": 25.0}), 1 << 40, 1, redelivered=False
    ),
    "expire_value": lambda registry, now: registry.expire_value(ValueExpired("d", "t", now)),
    "available": lambda registry, now: registry.available(Availability("d", False, False, now)),
    "withdraw": lambda registry, now: registry.withdraw("d"),
    "twin": lambda registry, now: registry.twin(TwinUpdate("d", "desired", {"t": 21}), now),
    "edit": lambda registry, now: registry.edit(EditDevice("d", now, name="Pump")),
    "delete": lambda registry, now: registry.delete("d"),
    "tick": lambda registry, now: registry.tick(now + 3_600_000, T0),
}
# These methods change no device, or only its last_seen.
READERS = {
    "clear", "connected", "devices", "get", "hear", "known", "latest", "missed", "offer_fast_path", "require",
    "restore", "set_flush_handler", "take_faults", "take_states", "tolerated_silence", "touch", "with_latest_values",
    "with_room",
}  # fmt: skip


def test_every_registry_method_is_classified() -> None:
    methods = {name for name, _ in inspect.getmembers(DeviceRegistry, inspect.isfunction) if not name.startswith("_")}
    assert methods == MUTATORS.keys() | READERS


@pytest.mark.parametrize("name", MUTATORS)
def test_mutator_flushes_pending_messages_and_demotes_device(name: str) -> None:
    run = HandlerRun()
    due = promote_device(run)
    other = [message({"t": 20.0 + n, "seq": n}, device="other", at=due + n) for n in range(10)]
    run.handle(*other)
    fits, breaks_limit = message({"t": 30.0, "seq": 60}, at=due), message({"t": 90.0, "seq": 61}, at=due + 1_000)
    run.handler.handle(run.batch, [fits, other[-1], breaks_limit])
    assert run.registry.fast_path.pending == 3
    MUTATORS[name](run.registry, T0 + due + 2_000)
    history = [(received - T0 - due, value) for _, received, value, _ in run.history()["d", "t"]]
    assert history[-2:] == [(0, 30.0), (1_000, 90.0)]
    assert not run.registry.fast_path.pending
    assert "d" not in run.registry.fast_path


def test_pending_values_are_applied_before_demoting_message() -> None:
    run = HandlerRun()
    due = promote_device(run)
    run.handler.handle(run.batch, [message({"t": 90.0, "seq": 60}, at=due)])
    run.handler.handle(run.batch, [message({"t": 20.0, "mode": "auto", "seq": 61}, at=due + 1_000)])
    run.handler.flush(run.batch)
    assert run.batch.duplicates == 0
    assert run.registry.require("d").metrics["t"].value == 20.0
    assert [record.values["t"] for record in run.batch.records][-2:] == [90.0, 20.0]


def test_last_seen_is_not_reset_by_pending_telemetry() -> None:
    run = HandlerRun()
    due = promote_device(run)
    run.handler.handle(run.batch, [message({"t": 30.0, "seq": 60}, at=due)])
    run.registry.hear("d", T0 + due + 500)
    run.handler.flush(run.batch)
    assert "d" in run.registry.fast_path
    assert run.registry.require("d").last_seen == T0 + due + 500


def test_pending_telemetry_of_child_does_not_bring_gateway_online() -> None:
    hub = PresenceRun()
    hub.say("devices/child/info", {"via": "gateway"})
    hub.say("devices/gateway/status", "online")
    hub.every(SECOND, 20, "devices/child/telemetry", {"t": 1.5})
    assert "child" in hub.registry.fast_path
    hub.batch.events.clear()
    hub.now += SECOND
    child = RawMessage("devices/child/telemetry", b'{"t": 1.6}', hub.now, connection=1)
    hub.handler.handle(hub.batch, [child, RawMessage("devices/gateway/status", b"offline", hub.now + 5, connection=1)])
    hub.handler.flush(hub.batch)
    assert hub.presence("gateway") == "offline"
    assert [event.presence for event in hub.batch.events if isinstance(event, PresenceChanged)] == ["offline"]
