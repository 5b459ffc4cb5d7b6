"""A buffer tank: the plant takes water from it, an inlet valve refills it to its setpoint."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, ClassVar

from simulators.faults import FaultKind, Faults, sensor_drift, stuck_sensor
from simulators.machine import Machine, Metric, Metrics, Readings
from simulators.physics import clamp, lag, working_day

BAR_PER_METRE = 0.0981


class Tank(Machine):
    """The level is the integral of inflow minus outflow; the pressure at the bottom follows the level."""

    prefix = "tank"
    manufacturer = "Cooper & Vale"
    model = "TK-30"
    services = ("Process water tank", "Buffer tank", "Rinse water tank")
    areas = ("Utilities",)
    labels = ("tank", "water")
    metrics: ClassVar[Metrics] = {
        "level": Metric("%", 1, 0, 100, minimum=20, maximum=90),
        "inflow": Metric("m³/h", 2, 0, 60),
        "outflow": Metric("m³/h", 2, 0, 60, minimum=1),
        "valve": Metric("%", 1, 0, 100),
        "pressure": Metric("bar", 3, 0, 4),
    }
    controls: ClassVar[Mapping[str, dict[str, Any]]] = {
        "set_level": {
            "type": "number",
            "title": "Level to keep",
            "minimum": 30,
            "maximum": 85,
            "unit": "%",
            "confirm_by": "setpoint",
        }
    }
    faults: ClassVar[Faults] = {
        "leak": FaultKind("tank wall", ("level", "pressure", "valve", "inflow"), "leak"),
        "valve_stuck_open": FaultKind("inlet valve", ("valve", "inflow", "level", "pressure"), "valve_stuck_open"),
        "blocked_outlet": FaultKind(
            "outlet line", ("outflow", "level", "pressure", "valve", "inflow"), "blocked_outlet"
        ),
        "stuck_sensor": stuck_sensor("level"),
        "sensor_drift": sensor_drift("level", -52.0),
    }

    def _build(self, draw: Random) -> None:
        self._volume = draw.uniform(8, 16)
        self._height = draw.uniform(2.5, 4.5)
        self._setpoint = draw.uniform(55, 66)
        self._demand = draw.uniform(5, 10)
        self._pipe = self._demand * draw.uniform(2.0, 2.4)
        self._gain = draw.uniform(3.5, 5.5)
        self._plant = self.noise(0.10, 400)
        self._meter_in = self.noise(0.006, 5)
        self._meter_out = self.noise(0.006, 5)
        self._waves = self.noise(0.10, 8)
        self._gauge = self.noise(0.0005, 6)
        self._stem = self.noise(0.25, 10)
        self._opening = 45.0
        self._contents = self._setpoint
        self._drawn = self._demand

    def command(self, name: str, value: Any) -> dict[str, Any]:
        if name != "set_level" or not isinstance(value, int | float) or not 30 <= value <= 85:
            return super().command(name, value)
        self._setpoint = float(value)
        return {"setpoint": value}

    def _advance(self, now: float, dt: float) -> None:
        wanted = self._demand * (0.6 + 0.4 * working_day(self.hour(now))) * (1 + self._plant.now)
        self._drawn = lag(self._drawn, max(0.5, wanted), dt, 60)
        moved = self._moved()
        self._opening = lag(self._opening, self._controller_output(), dt, 15 if moved == 0 else 5)
        net = self._pipe * self._opening / 100 - self._drawn
        # A fault moves the level on its own, faster clock; the slow balance stops meanwhile.
        self._contents += 100 * net / self._volume * dt / 3600 * (1 - clamp(abs(moved) / 2, 0, 1))

    def _controller_output(self) -> float:
        """Return the valve position that the level controller demands, in percent."""
        steady = 100 * self._demand * 0.85 / self._pipe
        return clamp(steady + self._gain * (self._setpoint - self._contents - self._moved()), 3, 97)

    def _moved(self) -> float:
        """Return the change of the level by faults, in percent of the tank."""
        lost = 50 * self.level("leak", 0, 50)
        filled = 42 * self.level("valve_stuck_open", 5, 45) + 9 * self.level("blocked_outlet", 3, 45)
        return filled - lost

    def _measure(self) -> Readings:
        level = self._contents + self._moved()
        stuck = self.level("valve_stuck_open", 0, 6)
        valve = self._opening + (100 - self._opening) * stuck
        outflow = self._drawn * (1 + self._meter_out.now) * (1 - 0.97 * self.level("blocked_outlet", 0, 36))
        head = BAR_PER_METRE * self._height * max(0.0, level) / 100
        return {
            "level": level + self._waves.now,
            "inflow": self._pipe * valve / 100 * (1 + self._meter_in.now),
            "outflow": outflow,
            "valve": valve + self._stem.now,
            "pressure": head + self._gauge.now,
        }
