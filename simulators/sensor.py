"""The plain room sensors ``sensor_1`` to ``sensor_5``: one temperature, in degrees Fahrenheit."""

from __future__ import annotations

from random import Random
from typing import ClassVar

from simulators.faults import FaultKind, Faults, sensor_drift, stuck_sensor
from simulators.machine import Machine, Metric, Metrics, Readings
from simulators.physics import lag, working_day


class Sensor(Machine):
    """A room that is a little warmer during working hours."""

    prefix = "sensor"
    manufacturer = "Plainfield Sensors"
    model = "TS-1"
    services = ("Room sensor",)
    areas = ("Offices", "Assembly")
    labels = ("sensor",)
    metrics: ClassVar[Metrics] = {"temperature": Metric("°F", 1, -40, 250, maximum=80)}
    faults: ClassVar[Faults] = {
        "overheating": FaultKind("room", ("temperature",), "overheating"),
        "stuck_sensor": stuck_sensor("temperature"),
        "sensor_drift": sensor_drift("temperature", 16.0),
    }

    def _build(self, draw: Random) -> None:
        self._setpoint = draw.uniform(68.0, 71.0)
        self._people = draw.uniform(0.5, 1.5)
        self._draught = self.noise(0.35, 900)
        self._probe = self.noise(0.10, 10)
        self._room = self._setpoint

    def _advance(self, now: float, dt: float) -> None:
        target = self._setpoint + self._people * working_day(self.hour(now)) + self._draught.now
        self._room = lag(self._room, target, dt, 600)

    def _measure(self) -> Readings:
        return {"temperature": self._room + self._probe.now + 17 * self.level("overheating", 0, 40)}
