"""A centrifugal pump on a frequency converter that follows the demand of its plant."""

from __future__ import annotations

from random import Random
from typing import ClassVar

from simulators.faults import FaultKind, Faults, sensor_drift, stuck_sensor
from simulators.machine import Machine, Metric, Metrics, Readings
from simulators.physics import clamp, lag, working_day


class Pump(Machine):
    """Affinity laws give flow, pressure and current from the speed; losses heat motor and bearing with a lag."""

    prefix = "pump"
    manufacturer = "Aldermoor Pumps"
    model = "CP-80"
    services = ("Circulation pump", "Feed pump", "Transfer pump", "Booster pump", "Cooling water pump")
    areas = ("Pump hall", "Pump hall", "Pump hall", "Utilities")
    labels = ("pump", "rotating")
    metrics: ClassVar[Metrics] = {
        "flow": Metric("m³/h", 1, 0, 200, minimum=25),
        "pressure": Metric("bar", 2, 0, 16, minimum=1.2),
        "vibration": Metric("mm/s", 2, 0, 50, maximum=7.1),
        "bearing_temperature": Metric("°C", 1, -20, 200, maximum=85),
        "motor_temperature": Metric("°C", 1, -20, 250, maximum=110),
        "current": Metric("A", 2, 0, 100),
    }
    faults: ClassVar[Faults] = {
        "bearing_wear": FaultKind("drive-end bearing", ("vibration", "current", "bearing_temperature"), "bearing_wear"),
        "cavitation": FaultKind("suction line", ("pressure", "flow", "vibration", "current"), "cavitation"),
        "motor_overheating": FaultKind("motor cooling", ("motor_temperature", "current"), "motor_overheating"),
        "stuck_sensor": stuck_sensor("pressure"),
        "sensor_drift": sensor_drift("bearing_temperature", 48.0),
    }

    def _build(self, draw: Random) -> None:
        self._rated_flow = draw.uniform(50, 88)
        self._rated_pressure = draw.uniform(3.2, 5.4)
        self._rated_current = draw.uniform(18, 36)
        self._base_vibration = draw.uniform(1.1, 2.4)
        self._slack = draw.uniform(0.76, 0.84)
        self._ambient = draw.uniform(18, 26)
        self._bearing_rise = draw.uniform(18, 26)
        self._motor_rise = draw.uniform(32, 46)
        self._demand = self.noise(0.03, 1500)
        self._valve = self.noise(0.012, 90)
        self._ripple = self.noise(0.006, 4)
        self._shake = self.noise(0.10, 6)
        self._hall = self.noise(0.8, 3600)
        self._fast = self.noise(1.0, 1.5)
        self._faster = self.noise(1.0, 1.0)
        self._speed = 0.85
        self._motor = self._ambient + 0.6 * self._motor_rise
        self._bearing = self._ambient + 0.9 * self._bearing_rise

    def _advance(self, now: float, dt: float) -> None:
        wanted = self._slack + (0.95 - self._slack) * working_day(self.hour(now)) + self._demand.now
        self._speed = lag(self._speed, clamp(wanted, 0.7, 1.0), dt, 40)
        ambient = self._ambient + self._hall.now
        load = self._current() / self._rated_current
        self._motor = lag(self._motor, ambient + self._motor_rise * load * load, dt, 900)
        heat = self._bearing_rise * self._speed + 0.12 * (self._motor - ambient)
        self._bearing = lag(self._bearing, ambient + heat, dt, 420)

    def _current(self) -> float:
        friction = 0.10 * self.level("bearing_wear", 4, 32) + 0.05 * self.level("motor_overheating", 10, 40)
        starved = 0.10 * self.level("cavitation", 6, 30)
        load = 0.32 + 0.66 * self._speed**3 * (1 + self._valve.now)
        return self._rated_current * load * (1 + friction - starved + 0.5 * self._ripple.now)

    def _measure(self) -> Readings:
        wear = self.level("bearing_wear", 0, 42)
        bubbles = self.level("cavitation", 0, 36)
        rough = self.level("cavitation", 3, 36)
        speed = self._speed
        flow = self._rated_flow * speed * (1 + 1.5 * self._valve.now + self._ripple.now)
        flow *= 1 - self.level("cavitation", 1, 36) * (0.38 + 0.05 * self._fast.now)
        pressure = self._rated_pressure * speed**2 * (1 - self._valve.now + self._ripple.now)
        pressure *= 1 - bubbles * (0.34 + 0.05 * self._faster.now)
        vibration = self._base_vibration * (0.55 + 0.45 * speed**2) * (1 + self._shake.now)
        vibration += wear * (8.5 + 0.7 * self._fast.now) + rough * (8.0 + 1.2 * self._faster.now)
        return {
            "flow": flow,
            "pressure": pressure,
            "vibration": vibration,
            "bearing_temperature": self._bearing + 46 * self.level("bearing_wear", 17, 42) + 0.1 * self._fast.now,
            "motor_temperature": self._motor + 75 * self.level("motor_overheating", 0, 45) + 0.1 * self._faster.now,
            "current": self._current(),
        }
