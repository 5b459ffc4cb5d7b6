"""An air handling unit: filter, fan, cooling coil, and the rooms that warm the air."""

from __future__ import annotations

from random import Random
from typing import ClassVar

from simulators.faults import FaultKind, Faults, sensor_drift, stuck_sensor
from simulators.machine import Machine, Metric, Metrics, Readings
from simulators.physics import clamp, lag, working_day


class AirHandler(Machine):
    """Fan laws give flow, pressure drop and current from the speed, which is low at night."""

    prefix = "air-handler"
    manufacturer = "Breckwell Air"
    model = "AH-12"
    services = ("Air handler",)
    areas = ("Offices", "Offices", "Assembly")
    labels = ("air-handler", "ventilation", "rotating")
    metrics: ClassVar[Metrics] = {
        "supply_temperature": Metric("°C", 1, -20, 60, minimum=12, maximum=24),
        "return_temperature": Metric("°C", 1, -20, 60),
        "filter_pressure_drop": Metric("Pa", 0, 0, 1000, maximum=250),
        "fan_current": Metric("A", 2, 0, 40),
        "fan_speed": Metric("rpm", 0, 0, 3000),
        "flow": Metric("m³/h", 0, 0, 20000, minimum=2500),
    }
    faults: ClassVar[Faults] = {
        "blocked_filter": FaultKind(
            "supply filter", ("filter_pressure_drop", "flow", "fan_speed", "fan_current"), "blocked_filter"
        ),
        "belt_slip": FaultKind("fan belt", ("flow", "filter_pressure_drop", "fan_current"), "belt_slip"),
        "cooling_valve_stuck": FaultKind(
            "cooling valve", ("supply_temperature", "return_temperature"), "cooling_valve_stuck"
        ),
        "stuck_sensor": stuck_sensor("return_temperature"),
        "sensor_drift": sensor_drift("supply_temperature", 11.0),
    }

    def _build(self, draw: Random) -> None:
        self._rated_flow = draw.uniform(5200, 8200)
        self._rated_speed = draw.uniform(1150, 1420)
        self._rated_current = draw.uniform(6, 12)
        self._clean = draw.uniform(65, 115)
        self._setpoint = draw.uniform(16.2, 19)
        self._gain = draw.uniform(4.0, 6.0)
        self._demand = self.noise(0.02, 1500)
        self._gust = self.noise(0.010, 15)
        self._coil = self.noise(0.15, 180)
        self._people = self.noise(0.4, 2400)
        self._probe = self.noise(0.07, 10)
        self._wall = self.noise(0.09, 12)
        self._speed = 0.9
        self._supply = self._setpoint
        self._return = self._setpoint + 4

    def _advance(self, now: float, dt: float) -> None:
        busy = working_day(self.hour(now))
        wanted = 0.68 + 0.26 * busy + self._demand.now
        self._speed = lag(self._speed, clamp(wanted, 0.62, 1.0), dt, 120)
        self._supply = lag(self._supply, self._setpoint + self._coil.now, dt, 60)
        rise = 2.0 + (self._gain - 2.0) * busy + self._people.now
        self._return = lag(self._return, self._supply + rise, dt, 1200)

    def _measure(self) -> Readings:
        dirt = self.level("blocked_filter", 0, 40)
        choked = self.level("blocked_filter", 3, 40)
        push = self.level("blocked_filter", 8, 40)
        slip = self.level("belt_slip", 0, 36)
        unloaded = self.level("belt_slip", 1, 36)
        motor = self._speed * (1 + 0.09 * push)
        air = self._speed * (1 - 0.42 * choked) * (1 - 0.80 * slip) * (1 + self._gust.now)
        dust = self._clean * (self._speed * (1 - 0.80 * slip)) ** 2 * (1 + 2 * self._gust.now)
        current = self._rated_current * (0.25 + 0.75 * self._speed**3)
        current *= (1 + 0.16 * push) * (1 - 0.55 * unloaded) * (1 + 0.5 * self._gust.now)
        warm = 8.5 * self.level("cooling_valve_stuck", 0, 45)
        return {
            "supply_temperature": self._supply + warm + self._probe.now,
            "return_temperature": self._return
            + self._wall.now
            + 0.45 * 8.5 * self.level("cooling_valve_stuck", 14, 70),
            "filter_pressure_drop": dust + 430 * dirt * (1 + self._gust.now),
            "fan_current": current,
            "fan_speed": self._rated_speed * motor * (1 + 0.1 * self._gust.now),
            "flow": self._rated_flow * air,
        }
