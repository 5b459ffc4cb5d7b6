"""A hub with a wrong clock does not apply retention, and continues normally when the clock is right."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import hub_process
from brokers import Mosquitto
from hub.runtime.clock import CONFIRMED, Clock, confirm, read_clock_state
from serving import Serving, Thing, until
from store_samples import T0

HOUR, DAY = 3_600_000, 86_400_000


class Machine:
    """Fake wall clock and monotonic clock."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now, self.monotonic_s = folder, T0, 0.0
        self.disagree = False

    def start(self, **options: Any) -> Clock:
        return Clock(
            self.folder,
            lambda: self.now,
            monotonic=lambda: self.monotonic_s,
            disagrees=lambda: self.disagree,
            **options,
        )

    def run(self, clock: Clock, hours: float) -> None:
        for _ in range(round(hours * 6)):
            self.now += HOUR // 6
            self.monotonic_s += 600
            clock.check()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_continuous_clock_is_trusted(machine: Machine) -> None:
    clock = machine.start()
    machine.run(clock, 30)
    assert clock.believed() == machine.now
    again = machine.start()
    machine.now += 20 * HOUR  # the hub was off overnight
    again.check()
    assert again.believed() == machine.now


@pytest.mark.parametrize("days", [2, 40, 400, 20_000])
def test_clock_ahead_at_start_is_doubted_until_corrected(machine: Machine, days: int) -> None:
    machine.run(machine.start(), 5)
    right = machine.now
    machine.now += days * DAY
    clock = machine.start()
    clock.check()
    assert clock.believed() == right
    machine.run(clock, 3)
    assert clock.believed() == right
    machine.now = right + 4 * HOUR
    again = machine.start()
    again.check()
    assert (again.believed(), again.state.doubted_at) == (machine.now, None)


@pytest.mark.parametrize("days", [2, 400])
def test_clock_jump_while_running_is_doubted_until_corrected(machine: Machine, days: int) -> None:
    clock = machine.start()
    machine.run(clock, 30)
    before = machine.now
    machine.now += days * DAY
    clock.check()
    assert clock.believed() == before
    machine.now = before + HOUR
    clock.check()
    assert clock.believed() == machine.now


def test_clock_without_state_file_is_checked_against_history(machine: Machine) -> None:
    machine.now += 400 * DAY
    clock = machine.start(newest=T0)
    clock.check()
    assert clock.believed() == T0


def test_doubted_clock_is_trusted_after_running_for_a_day(machine: Machine) -> None:
    machine.run(machine.start(), 1)
    machine.now += 60 * DAY  # the hub was off
    clock = machine.start()
    machine.run(clock, 23)
    assert clock.state.doubted_at is not None
    clock.check(last=True)
    clock = machine.start()  # the earlier running time counts
    machine.run(clock, 1.5)
    assert (clock.believed(), clock.state.doubted_at) == (machine.now, None)


def test_clock_stays_doubted_while_device_times_disagree(machine: Machine) -> None:
    machine.run(machine.start(), 1)
    right = machine.now
    machine.now += 400 * DAY
    machine.disagree = True
    clock = machine.start()
    machine.run(clock, 30)
    assert clock.believed() == right
    machine.disagree = False
    machine.run(clock, 1)
    assert clock.believed() == machine.now


def test_operator_confirmation_ends_doubt(machine: Machine) -> None:
    machine.run(machine.start(), 1)
    machine.now += 60 * DAY
    clock = machine.start()
    clock.check()
    confirm(machine.folder)
    clock.check()
    assert clock.believed() == machine.now
    assert not (machine.folder / CONFIRMED).exists()


def test_clock_behind_is_corrected_without_doubt(machine: Machine) -> None:
    """A board without a battery-backed clock starts in 1970 and gets the time a minute later."""
    machine.run(machine.start(), 1)
    right, machine.now = machine.now, 1_000
    clock = machine.start()
    clock.check()
    assert clock.believed() == 1_000
    machine.now = right + HOUR
    machine.monotonic_s += 60
    clock.check()
    assert (clock.believed(), clock.state.doubted_at) == (machine.now, None)


def test_clock_ahead_is_doubted_again_after_trusted_jump_was_undone(machine: Machine) -> None:
    machine.run(machine.start(), 1)
    right = machine.now
    machine.now += 400 * DAY
    machine.run(machine.start(), 26)
    machine.now = right + 30 * HOUR
    clock = machine.start()
    machine.run(clock, 26)
    believed = machine.now
    machine.now += 400 * DAY
    clock.check()
    assert clock.believed() == believed


def test_damaged_clock_file_does_not_prevent_start(machine: Machine) -> None:
    (machine.folder / "clock.json").write_text('{"believed": "soon"}')
    clock = machine.start(newest=T0 - 10 * DAY)
    clock.check()
    assert clock.state.doubted_at == T0


# --- a whole hub ------------------------------------------------------------------------------------------------------

SHIFTED_HUB = """
import sys, time
days = int(sys.argv.pop(1))
real_ns, real = time.time_ns, time.time
time.time_ns = lambda: real_ns() + days * 86_400 * 10**9
time.time = lambda: real() + days * 86_400
from hub.commandline.main import main
sys.exit(main(sys.argv[1:]))
"""


class ShiftedClockServing(Serving):
    """Hub whose clock is ``days`` ahead."""

    days = 0
    executed = True

    def start(self) -> None:
        popen = subprocess.Popen
        days = self.days

        def shifted(command: list[str], **options: Any) -> Any:
            assert command[1:4] == ["-m", "hub", "serve"]
            return popen([command[0], "-c", SHIFTED_HUB, str(days), *command[3:]], **options)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(subprocess, "Popen", shifted)
            super().start()


@pytest.mark.timeout(180)
def test_hub_with_clock_400_days_ahead_deletes_nothing(tmp_path: Path, mosquitto: Mosquitto) -> None:
    hub = ShiftedClockServing(tmp_path / "data", mosquitto)
    hub.start()
    publisher = Thing(mosquitto)
    count: Callable[[], int] = lambda: len(hub.get("/api/devices/pump/history?metric=t&from=0")["points"])  # noqa: E731
    try:
        for number in range(5):
            publisher.say("devices/pump/telemetry", {"t": number})
        until(lambda: hub.http.get("/api/devices/pump").status_code == 200 and count() == 5)
        answer = hub.http.post("/api/clock/trust").json()
        assert (answer["doubted_at"], answer["believed"]) == (None, answer["now"])
        hub.end()
        hub.days = 400
        hub.start()
        status = hub.get("/api/status")["clock"]
        assert status["doubted_at"] is not None
        assert status["believed"] < status["now"] - 399 * DAY
        [degraded] = hub.get("/readyz")["degraded"]
        assert degraded.startswith("clock: it shows ")
        assert "hub doctor --trust-clock" in degraded
        publisher.say("devices/pump/telemetry", {"t": 99})
        until(lambda: count() == 6)
        hub.end()
        assert (tmp_path / "hub.log").read_text().count("No old history is deleted") == 1
        state = read_clock_state(tmp_path / "data")
        assert state is not None
        assert state.doubted_at is not None
        words = ["--data", tmp_path / "data", "--mqtt", mosquitto.address, "--http", f"127.0.0.1:{hub.port}"]
        output = hub_process.run("doctor", *words).stdout
        assert "no history is deleted" in output
        hub.days = 0
        hub.start()
        assert hub.get("/api/status")["clock"]["doubted_at"] is None
        assert hub.get("/api/status")["degraded"] == []
        assert count() == 5
        publisher.say("devices/pump/telemetry", {"t": 7})
        until(lambda: hub.get("/api/devices/pump")["metrics"]["t"]["value"] == 7)
    finally:
        publisher.leave()
        hub.stop()
