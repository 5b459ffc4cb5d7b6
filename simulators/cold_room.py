"""A cold room for food: a thermostat with hysteresis, a door, a defrost cycle every four hours."""

from __future__ import annotations

from random import Random
from typing import ClassVar

from simulators.faults import FaultKind, Faults, sensor_drift, stuck_sensor
from simulators.machine import Machine, Metric, Metrics, Readings
from simulators.physics import Visits, clamp, lag

DEFROST_EVERY = 4 * 3600.0
DEFROST_LASTS = 480.0


class ColdRoom(Machine):
    """One air volume: heat leaks in and comes through the door, the compressor removes it in cycles."""

    prefix = "cold-room"
    manufacturer = "Frostholm"
    model = "CR-40"
    services = (
        "Dairy cold room",
        "Produce cold room",
        "Meat cold room",
        "Flower cold room",
        "Dispatch cold room",
    )
    areas = ("Cold store", "Cold store", "Cold store", "Loading dock")
    labels = ("cold-room", "refrigeration")
    metrics: ClassVar[Metrics] = {
        "temperature": Metric("°C", 2, -40, 60, minimum=-1, maximum=8),
        "compressor_current": Metric("A", 2, 0, 40),
        "humidity": Metric("%", 1, 0, 100, maximum=98),
    }
    flags = ("door",)
    faults: ClassVar[Faults] = {
        "door_left_open": FaultKind(
            "door", ("door", "temperature", "compressor_current", "humidity"), "door_left_open"
        ),
        "refrigerant_leak": FaultKind(
            "refrigerant circuit", ("compressor_current", "temperature", "humidity"), "refrigerant_leak"
        ),
        "compressor_failure": FaultKind(
            "compressor", ("compressor_current", "temperature", "humidity"), "compressor_failure"
        ),
        "stuck_sensor": stuck_sensor("temperature"),
        "sensor_drift": sensor_drift("temperature", 8.0),
    }

    def _build(self, draw: Random) -> None:
        self._setpoint = draw.uniform(1.6, 3.6)
        self._band = draw.uniform(0.7, 1.0)
        self._outside = draw.uniform(18, 24)
        self._leak = draw.uniform(8000, 11000)
        self._cooling = draw.uniform(0.0055, 0.0075)
        self._draw = draw.uniform(6.5, 10.5)
        self._moist = draw.uniform(78, 85)
        self._defrost_phase = draw.uniform(0, DEFROST_EVERY)
        self._visits = Visits(Random(draw.random()), draw.uniform(1.0, 4.0), 10, 40)
        self._dock = self.noise(1.0, 3600)
        self._air = self.noise(0.05, 20)
        self._supply = self.noise(0.03, 30)
        self._damp = self.noise(0.5, 60)
        self._room = self._setpoint
        self._water = self._moist
        self._running = draw.random() < 0.4
        self._open = False

    def _advance(self, now: float, dt: float) -> None:
        self._open = self._visits.active(now) or self.active("door_left_open")
        defrosting = (now + self._defrost_phase) % DEFROST_EVERY < DEFROST_LASTS
        self._thermostat(defrosting)
        warmth = self._warmth()
        outside = self._outside + self._dock.now
        rate = (outside - self._room) / self._leak
        if self._visits.active(now):
            rate += (outside - self._room) / 1800
        if defrosting:
            rate += 0.0012
        if self._running:
            rate -= self._cooling
        # A fault heats the room on its own, faster clock; the slow heat balance stops meanwhile.
        self._room += rate * dt * (1 - clamp(warmth, 0, 1))
        target = self._moist - (5 if self._running else 0) + (5 if self._open else 0) + (3 if defrosting else 0)
        self._water = lag(self._water, target, dt, 240)

    def _warmth(self) -> float:
        """Return the rise of the room's temperature (K) that is due to faults."""
        door = 10.5 * self.level("door_left_open", 1, 55)
        leak = 9.5 * self.level("refrigerant_leak", 6, 55)
        dead = 10.0 * self.level("compressor_failure", 5, 55)
        return door + leak + dead

    def _thermostat(self, defrosting: bool) -> None:
        air = self._room + self._warmth()
        if air > self._setpoint + self._band:
            self._running = True
        elif air < self._setpoint - self._band:
            self._running = False
        if defrosting:
            self._running = False
        # With too little refrigerant the compressor runs longer; on the fault's fast clock, always.
        if self.level("door_left_open", 6, 10) > 0.5 or self.level("refrigerant_leak", 0, 10) > 0.1:
            self._running = True
        if self.active("compressor_failure"):
            self._running = False

    def _measure(self) -> Readings:
        damp = 9 * self.level("door_left_open", 6, 45) + 7 * self.level("refrigerant_leak", 12, 60)
        damp += 7 * self.level("compressor_failure", 10, 60)
        warmth = self._warmth()
        load = 1 + 0.012 * (self._outside + self._dock.now - 20) + 0.01 * warmth + self._supply.now
        if self._running:
            current = self._draw * load * (1 - 0.42 * self.level("refrigerant_leak", 0, 30))
        else:
            current = 0.35 * (1 + self._supply.now)
        return {
            "temperature": self._room + warmth + self._air.now,
            "door": self._open,
            "compressor_current": current,
            "humidity": clamp(self._water + damp + self._damp.now, 0, 97.5),
        }
