"""An uninterruptible power supply: mains, battery, and a load that follows the working day."""

from __future__ import annotations

from random import Random
from typing import ClassVar

from simulators.faults import FaultKind, Faults, sensor_drift, stuck_sensor
from simulators.machine import Machine, Metric, Metrics, Readings
from simulators.physics import clamp, lag, working_day


class Ups(Machine):
    """The load takes constant power, so the current rises when the voltage sags."""

    prefix = "ups"
    manufacturer = "Holdfast Power"
    model = "UP-10"
    services = ("Server UPS", "Process UPS", "Lighting UPS")
    areas = ("Server room", "Server room", "Utilities")
    labels = ("ups", "power")
    metrics: ClassVar[Metrics] = {
        "voltage": Metric("V", 1, 0, 400, minimum=207, maximum=253),
        "current": Metric("A", 2, 0, 100),
        "charge": Metric("%", 1, 0, 100, minimum=40),
        "temperature": Metric("°C", 1, -20, 100, maximum=45),
        "load": Metric("%", 1, 0, 150, maximum=90),
    }
    flags = ("mains",)
    faults: ClassVar[Faults] = {
        "brown_out": FaultKind("mains supply", ("voltage", "current", "temperature"), "brown_out"),
        "mains_failure": FaultKind(
            "mains supply", ("mains", "voltage", "current", "charge", "temperature"), "mains_failure"
        ),
        "battery_degradation": FaultKind("battery", ("temperature", "charge"), "battery_degradation"),
        "overload": FaultKind("load", ("load", "current", "temperature"), "overload"),
        "stuck_sensor": stuck_sensor("temperature"),
        "sensor_drift": sensor_drift("voltage", -48.0),
    }

    def _build(self, draw: Random) -> None:
        self._rating = draw.uniform(5000, 9000)
        self._idle = draw.uniform(24, 38)
        self._busy = draw.uniform(14, 26)
        self._nominal = draw.uniform(228, 233)
        self._room = draw.uniform(21, 25)
        self._warm = draw.uniform(5, 8)
        self._grid = self.noise(1.0, 900)
        self._flicker = self.noise(0.4, 5)
        self._users = self.noise(2.0, 700)
        self._switching = self.noise(0.5, 8)
        self._cooling = self.noise(0.4, 2400)
        self._probe = self.noise(0.10, 12)
        self._float = self.noise(0.3, 3000)
        self._load = self._idle
        self._battery = self._room + self._warm * 0.5

    def _advance(self, now: float, dt: float) -> None:
        wanted = self._idle + self._busy * working_day(self.hour(now)) + self._users.now
        self._load = lag(self._load, wanted, dt, 60)
        target = self._room + self._cooling.now + self._warm * (0.3 + self._load / 80)
        self._battery = lag(self._battery, target, dt, 1800)

    def _measure(self) -> Readings:
        sag = 44 * self.level("brown_out", 0, 36)
        heat = 8 * self.level("brown_out", 10, 60) + 7 * self.level("mains_failure", 8, 60)
        heat += 26 * self.level("battery_degradation", 0, 55) + 10 * self.level("overload", 8, 60)
        load = self._load + self._switching.now
        load += (112 - self._load) * self.level("overload", 0, 36)
        voltage = self._nominal + self._grid.now - 0.03 * load + self._flicker.now - sag
        cut = self.active("mains_failure")
        drained = 75 * self.level("mains_failure", 2, 55) + 45 * self.level("battery_degradation", 10, 60)
        return {
            "voltage": 0.0 if cut else voltage,
            "current": 0.0 if cut else self._rating * load / 100 / (0.93 * voltage),
            "charge": clamp(99.2 + self._float.now, 0, 100) - drained,
            "temperature": self._battery + self._probe.now + heat,
            "load": load,
            "mains": not cut,
        }
