"""Command tracker: retries, confirmation, expiry and encoding of commands, without a running hub."""

import pytest

from hub.control import CommandTracker, descriptor, encode, tolerance, validate_value, wanted
from hub.control.command_tracker import MAX_ATTEMPTS, MAX_OPEN_PER_DEVICE, REPLY_TIMEOUT_MS
from hub.errors import Conflict, Invalid
from hub.model import Command, Device, Latest, SendCommand, SendingFailed

NOW = 1_795_386_000_000


def device(**values) -> Device:
    metrics = {name: Latest(value, NOW, "good") for name, value in values.items()}
    return Device("plug", "plug", "native", NOW, metrics=metrics)


def command(name: str = "c-1", value=True, expires: int = 600_000, **more) -> Command:
    more = {"wanted": {"on": (value, "ON")}, "repeatable": True} | more
    return Command(
        id=name, device="plug", name="on", value=value, by="me", state="queued", created_at=NOW,
        expires_at=NOW + expires, **more,
    )  # fmt: skip


class TrackerRun:
    def __init__(self, **values) -> None:
        self.command_tracker, self.device = CommandTracker(), device(**values)

    def request(self, command: Command) -> list[str]:
        return self._states(self.command_tracker.request(SendCommand(command), self.device))

    def tick(self, after_ms: int, connected: bool = True) -> list[str]:
        return self._states(self.command_tracker.tick(NOW + after_ms, connected, lambda _: self.device))

    def report(self, after_ms: int, **values) -> list[str]:
        self.device.metrics |= {name: Latest(value, NOW + after_ms, "good") for name, value in values.items()}
        return self._states(self.command_tracker.reported(self.device, NOW + after_ms))

    def _states(self, changed: list[Command]) -> list[str]:
        return [one.state for one in changed]


def test_unconfirmed_command_is_retried_once_then_unverified():
    run = TrackerRun(on=False)
    assert run.request(command()) == ["sent"]
    assert run.tick(REPLY_TIMEOUT_MS - 1) == []
    assert run.tick(REPLY_TIMEOUT_MS) == ["sent"]
    assert run.tick(2 * REPLY_TIMEOUT_MS) == ["unverified"]
    assert run.command_tracker.get("c-1").attempts == MAX_ATTEMPTS
    assert run.tick(3 * REPLY_TIMEOUT_MS) == []


def test_command_that_is_not_repeatable_is_sent_once():
    run = TrackerRun()
    assert run.request(command(value=None, wanted={}, repeatable=False)) == ["sent"]
    assert run.tick(REPLY_TIMEOUT_MS) == ["unverified"]


def test_command_for_current_value_is_confirmed_without_retry():
    run = TrackerRun(on=True)
    assert run.request(command()) == ["sent"]
    assert run.tick(REPLY_TIMEOUT_MS) == ["confirmed"]


def test_report_of_another_metric_does_not_confirm_command():
    run = TrackerRun(on=False, power=3)
    run.request(command())
    assert run.report(100, power=4) == []
    assert run.report(200, on="on") == ["confirmed"]
    assert not run.command_tracker.awaits("plug")


def test_failed_send_is_queued_again_and_not_counted_as_attempt():
    run = TrackerRun(on=False)
    run.request(command())
    failed = SendingFailed("c-1", 1, True, "no connection", NOW + 5)
    assert [one.state for one in run.command_tracker.not_sent(failed)] == ["queued"]
    assert run.tick(10, connected=False) == []
    assert run.tick(20) == ["sent"]
    assert run.command_tracker.get("c-1").attempts == 1
    assert run.command_tracker.not_sent(SendingFailed("c-1", 0, True, "an old failure", NOW + 30)) == []


def test_restored_command_that_is_not_repeatable_is_not_sent_again():
    run, after = TrackerRun(on=False), CommandTracker()
    run.request(command("press", None, wanted={}, repeatable=False))
    after.restore([run.command_tracker.get("press")])
    changed = after.tick(NOW + REPLY_TIMEOUT_MS, True, lambda _: run.device)
    assert [one.state for one in changed] == ["unverified"]


def test_queued_commands_per_device_are_limited():
    run = TrackerRun()
    run.device.presence = "offline"
    for number in range(MAX_OPEN_PER_DEVICE):
        assert run.request(command(f"c-{number}")) == ["queued"]
    with pytest.raises(Conflict):
        run.request(command("one-more"))
    assert run.request(command("c-0")) == [], "a repeated request adds no command"
    assert run.tick(600_000) == ["expired"] * MAX_OPEN_PER_DEVICE


def test_deleting_device_removes_its_commands():
    run = TrackerRun()
    run.request(command())
    run.command_tracker.forget("plug")
    assert run.tick(REPLY_TIMEOUT_MS) == []
    assert not run.command_tracker.awaits("plug")


ON = {
    "topic": "t",
    "encoding": "json",
    "property": "state",
    "type": "boolean",
    "on": "ON",
    "off": "OFF",
    "confirm_by": "s",
}
DIM = {"topic": "t", "encoding": "text", "type": "number", "minimum": 0, "maximum": 100, "step": 5, "confirm_by": "dim"}
COLOUR = {
    "topic": "t", "property": "color", "type": "object", "confirm_by": "color",
    "properties": {"x": {"type": "number"}, "y": {"type": "number"}},
}  # fmt: skip
CALL = {
    "topic": "t", "encoding": "json-rpc", "property": "on", "type": "boolean",
    "options": {"method": "Switch.Set", "src": "hub", "params": {"id": 0}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "value", "payload"),
    [
        (ON, True, b'{"state":"ON"}'),
        (DIM, 35.0, b"35"),
        (COLOUR, {"x": 0.3, "y": 0.4}, b'{"color":{"x":0.3,"y":0.4}}'),
        (CALL, False, b'{"id":"c-1","src":"hub","method":"Switch.Set","params":{"id":0,"on":false}}'),
        ({"topic": "t", "encoding": "text", "type": "none", "payload": "PRESS"}, None, b"PRESS"),
        ({"topic": "t", "encoding": "text", "type": "boolean"}, True, b"true"),
        ({"topic": "t", "type": "list", "items": {"type": "number"}}, [1, 2], b"[1,2]"),
    ],
)
def test_command_is_encoded_for_device(spec, value, payload):
    descriptor_x = descriptor({"x": spec}, "x")
    assert encode(descriptor_x, command(value=validate_value(descriptor_x, value))) == payload


@pytest.mark.parametrize(
    ("spec", "value"),
    [
        (ON, 1), (ON, "ON"), (DIM, True), (DIM, float("nan")), (DIM, 7), (DIM, -5), (COLOUR, {}), (COLOUR, {"z": 1}),
        (COLOUR, {"x": "red"}), ({"topic": "t", "type": "enum", "values": ["a"]}, "b"), ({"topic": "t"}, 5),
        ({"topic": "t", "type": "list", "items": {"type": "number"}}, ["a"]),
    ],
)  # fmt: skip
def test_value_outside_description_is_refused(spec, value):
    with pytest.raises(Invalid):
        validate_value(descriptor({"x": spec}, "x"), value)


@pytest.mark.parametrize(
    "spec", [{"topic": "t", "type": "rocket"}, {"type": "boolean"}, {"topic": "t", "minimum": "a"}]
)
def test_invalid_command_description_is_refused(spec):
    with pytest.raises(Conflict):
        descriptor({"x": spec}, "x")


def test_value_rounded_to_device_step_confirms_command():
    descriptor_x = descriptor({"x": DIM}, "x")
    run = TrackerRun(dim=0)
    dim_command = command(value=35, wanted=wanted(descriptor_x, 35), tolerance=tolerance(descriptor_x))
    run.request(dim_command)
    assert run.report(10, dim=32) == []
    assert run.report(20, dim=36.5) == ["confirmed"]
