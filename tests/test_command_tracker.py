"""What becomes of a command: time, silence and answers, without a hub around it."""

import pytest

from hub.control import CommandTracker, descriptor, encode, fitting, tolerance, wanted
from hub.control.command_tracker import ATTEMPTS, PATIENCE_MS, WAITING_PER_DEVICE
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


class Bench:
    def __init__(self, **values) -> None:
        self.command_tracker, self.device = CommandTracker(), device(**values)

    def ask(self, asked: Command) -> list[str]:
        return self._states(self.command_tracker.request(SendCommand(asked), self.device))

    def tick(self, after_ms: int, connected: bool = True) -> list[str]:
        return self._states(self.command_tracker.tick(NOW + after_ms, connected, lambda _: self.device))

    def report(self, after_ms: int, **values) -> list[str]:
        self.device.metrics |= {name: Latest(value, NOW + after_ms, "good") for name, value in values.items()}
        return self._states(self.command_tracker.reported(self.device, NOW + after_ms))

    def _states(self, changed: list[Command]) -> list[str]:
        return [one.state for one in changed]


def test_it_is_said_twice_at_most_and_then_unverified():
    bench = Bench(on=False)
    assert bench.ask(command()) == ["sent"]
    assert bench.tick(PATIENCE_MS - 1) == []
    assert bench.tick(PATIENCE_MS) == ["sent"]
    assert bench.tick(2 * PATIENCE_MS) == ["unverified"]
    assert bench.command_tracker.get("c-1").attempts == ATTEMPTS
    assert bench.tick(3 * PATIENCE_MS) == []


def test_a_press_is_never_said_twice():
    bench = Bench()
    assert bench.ask(command(value=None, wanted={}, repeatable=False)) == ["sent"]
    assert bench.tick(PATIENCE_MS) == ["unverified"]


def test_a_state_that_is_so_already_needs_no_second_telling():
    bench = Bench(on=True)
    assert bench.ask(command()) == ["sent"]
    assert bench.tick(PATIENCE_MS) == ["confirmed"]


def test_an_older_report_confirms_nothing_else():
    bench = Bench(on=False, power=3)
    bench.ask(command())
    assert bench.report(100, power=4) == []
    assert bench.report(200, on="on") == ["confirmed"]
    assert not bench.command_tracker.awaits("plug")


def test_what_never_left_the_hub_waits_and_is_not_counted():
    bench = Bench(on=False)
    bench.ask(command())
    failed = SendingFailed("c-1", 1, True, "no connection", NOW + 5)
    assert [one.state for one in bench.command_tracker.not_sent(failed)] == ["queued"]
    assert bench.tick(10, connected=False) == []
    assert bench.tick(20) == ["sent"]
    assert bench.command_tracker.get("c-1").attempts == 1
    assert bench.command_tracker.not_sent(SendingFailed("c-1", 0, True, "an old word", NOW + 30)) == []


def test_a_restart_goes_on_where_it_stopped_and_sends_no_press_again():
    bench, after = Bench(on=False), CommandTracker()
    bench.ask(command("press", None, wanted={}, repeatable=False))
    after.restore([bench.command_tracker.get("press")])
    changed = after.tick(NOW + PATIENCE_MS, True, lambda _: bench.device)
    assert [one.state for one in changed] == ["unverified"]


def test_a_device_has_so_many_waiting_and_no_more():
    bench = Bench()
    bench.device.presence = "offline"
    for number in range(WAITING_PER_DEVICE):
        assert bench.ask(command(f"c-{number}")) == ["queued"]
    with pytest.raises(Conflict):
        bench.ask(command("one-more"))
    assert bench.ask(command("c-0")) == [], "known already"
    assert bench.tick(600_000) == ["expired"] * WAITING_PER_DEVICE


def test_deleting_the_device_ends_its_commands():
    bench = Bench()
    bench.ask(command())
    bench.command_tracker.forget("plug")
    assert bench.tick(PATIENCE_MS) == []
    assert not bench.command_tracker.awaits("plug")


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
    ("described", "value", "payload"),
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
def test_on_the_wire(described, value, payload):
    wants = descriptor({"x": described}, "x")
    assert encode(wants, command(value=fitting(wants, value))) == payload


@pytest.mark.parametrize(
    ("described", "value"),
    [
        (ON, 1), (ON, "ON"), (DIM, True), (DIM, float("nan")), (DIM, 7), (DIM, -5), (COLOUR, {}), (COLOUR, {"z": 1}),
        (COLOUR, {"x": "red"}), ({"topic": "t", "type": "enum", "values": ["a"]}, "b"), ({"topic": "t"}, 5),
        ({"topic": "t", "type": "list", "items": {"type": "number"}}, ["a"]),
    ],
)  # fmt: skip
def test_what_does_not_fit(described, value):
    with pytest.raises(Invalid):
        fitting(descriptor({"x": described}, "x"), value)


@pytest.mark.parametrize(
    "described", [{"topic": "t", "type": "rocket"}, {"type": "boolean"}, {"topic": "t", "minimum": "a"}]
)
def test_a_description_that_nobody_understands(described):
    with pytest.raises(Conflict):
        descriptor({"x": described}, "x")


def test_devices_round_to_their_own_steps():
    wants = descriptor({"x": DIM}, "x")
    bench = Bench(dim=0)
    asked = command(value=35, wanted=wanted(wants, 35), tolerance=tolerance(wants))
    bench.ask(asked)
    assert bench.report(10, dim=32) == []
    assert bench.report(20, dim=36.5) == ["confirmed"]
