"""A greenhouse: heated by the sun, cooled by a vent, with irrigation and carbon dioxide dosing."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, ClassVar

from simulators.faults import FaultKind, Faults, sensor_drift, stuck_sensor
from simulators.machine import Machine, Metric, Metrics, Readings
from simulators.physics import clamp, daylight, lag, outdoors

OUTDOOR_CO2 = 420.0
VENTILATION: Mapping[str, float | None] = {"auto": None, "closed": 0.0, "open": 100.0}
"""The position of the vents in percent, by ventilation mode. None: the controller sets it."""


class Greenhouse(Machine):
    """Sun and outdoor air drive the climate; vent, heating, irrigation and dosing control it."""

    prefix = "greenhouse"
    manufacturer = "Verdant Climate"
    model = "GH-8"
    services = ("Tomato house", "Cucumber house", "Herb house", "Seedling house")
    areas = ("Greenhouse",)
    labels = ("greenhouse", "climate")
    metrics: ClassVar[Metrics] = {
        "temperature": Metric("°C", 1, -20, 70, minimum=10, maximum=36),
        "humidity": Metric("%", 1, 0, 100, minimum=30, maximum=97),
        "soil_moisture": Metric("%", 1, 0, 100, minimum=22),
        "light": Metric("lx", 0, 0, 150000),
        "co2": Metric("ppm", 0, 0, 5000, maximum=1600),
        "vent": Metric("%", 0, 0, 100),
    }
    controls: ClassVar[Mapping[str, dict[str, Any]]] = {
        "ventilation": {
            "type": "enum",
            "title": "Ventilation",
            "values": list(VENTILATION),
            "confirm_by": "ventilation",
        }
    }
    faults: ClassVar[Faults] = {
        "vent_stuck": FaultKind("roof vent", ("vent", "temperature", "humidity", "co2"), "vent_stuck"),
        "irrigation_failure": FaultKind("irrigation", ("soil_moisture", "humidity"), "irrigation_failure"),
        "co2_valve_stuck_open": FaultKind("CO₂ dosing valve", ("co2",), "co2_valve_stuck_open"),
        "stuck_sensor": stuck_sensor("humidity"),
        "sensor_drift": sensor_drift("temperature", 19.0),
    }

    def _build(self, draw: Random) -> None:
        self._day_setpoint = draw.uniform(22, 25)
        self._night_setpoint = draw.uniform(16, 18.5)
        self._outside = draw.uniform(11, 17)
        self._glass = draw.uniform(10, 14)
        self._noon = draw.uniform(45000, 62000)
        self._dose = draw.uniform(750, 900)
        self._dry_point = draw.uniform(30, 34)
        self._drink = draw.uniform(1.6, 2.8)
        self._clouds = self.noise(0.16, 600)
        self._weather = self.noise(1.0, 7200)
        self._air = self.noise(0.08, 25)
        self._damp = self.noise(0.8, 120)
        self._gas = self.noise(12, 60)
        self._probe = self.noise(0.12, 40)
        self._sun = 0.5
        self._ventilation: float | None = None
        self._heat = self._day_setpoint
        self._opening = 25.0
        self._water = 68.0
        self._soil = draw.uniform(self._dry_point + 1, self._dry_point + 8)
        self._pouring = False
        self._carbon = 600.0

    def command(self, name: str, value: Any) -> dict[str, Any]:
        if name != "ventilation" or value not in VENTILATION:
            return super().command(name, value)
        self._ventilation = VENTILATION[value]
        return {"ventilation": value}

    def _advance(self, now: float, dt: float) -> None:
        hour = self.hour(now)
        light = daylight(hour)
        self._sun = lag(self._sun, light * clamp(0.85 + self._clouds.now, 0.25, 1.15), dt, 30)
        outside = outdoors(hour, self._outside, 4) + self._weather.now
        setpoint = self._day_setpoint if light > 0.1 else self._night_setpoint
        target = clamp(18 * (self._heat - setpoint), 0, 100) if self._ventilation is None else self._ventilation
        self._opening = lag(self._opening, target, dt, 180)
        closed = outside + self._glass * self._sun + 2
        free = closed + (outside + 2 - closed) * 0.6 * self._opening / 100
        self._heat = lag(self._heat, max(free, setpoint - 0.8), dt, 900)
        self._water = lag(self._water, 80 - 10 * self._sun - 0.18 * self._opening, dt, 700)
        self._irrigate(dt)
        dosed = self._dose if light > 0.15 and self._opening < 40 else OUTDOOR_CO2 + 90 * (1 - light)
        ventilated = OUTDOOR_CO2 + (dosed - OUTDOOR_CO2) * (1 - 0.7 * self._opening / 100)
        self._carbon = lag(self._carbon, ventilated, dt, 900)

    def _irrigate(self, dt: float) -> None:
        if self._soil < self._dry_point:
            self._pouring = True
        elif self._soil > self._dry_point + 8:
            self._pouring = False
        used = self._drink * (0.25 + self._sun) / 3600
        self._soil += ((0.03 if self._pouring else 0.0) - used) * dt

    def _trapped(self) -> float:
        """Return the rise in temperature (K) from the solar heat that a stuck vent keeps inside."""
        return 21 * clamp(0.1 + 1.3 * self._sun, 0, 1) * self.level("vent_stuck", 4, 50)

    def _measure(self) -> Readings:
        jam = self.level("vent_stuck", 0, 5)
        dry = self.level("irrigation_failure", 0, 60)
        heat = self._heat + self._air.now + self._trapped()
        water = self._water + self._damp.now + 16 * self.level("vent_stuck", 8, 60)
        return {
            "temperature": heat,
            "humidity": clamp(water - 8 * self.level("irrigation_failure", 15, 80), 5, 99),
            "soil_moisture": self._soil + self._probe.now - 24 * dry,
            "light": self._noon * self._sun,
            "co2": self._carbon
            + self._gas.now
            + 240 * self.level("vent_stuck", 12, 60)
            + 2600 * self.level("co2_valve_stuck_open", 0, 60),
            "vent": self._opening * (1 - jam),
        }
