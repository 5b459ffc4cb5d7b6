"""A site for questions to the assistant: a running hub with machines and home devices, and three hours of readings.

Readings enter as messages with their times of receipt, so that rules raise alerts as they would have. Values are
simple functions of the time, from which tests compute what an answer must say.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from api_hub import ApiHub
from fake_ai import now_ms
from hub.model import RawMessage, Tick

RULES = (Path(__file__).parents[1] / "config" / "rules.toml").read_text("utf-8")
HOURS, STEP_S = 3, 30
_CHUNK = 400

Values = Callable[[float], dict[str, Any]]
"""Returns the readings by metric at a time: minutes relative to now, negative in the past."""

PUMP = {
    "flow": "m³/h",
    "pressure": "bar",
    "vibration": "mm/s",
    "bearing_temperature": "°C",
    "motor_temperature": "°C",
    "current": "A",
}
COLD = {"temperature": "°C", "compressor_current": "A", "humidity": "%"}
TANK = {"level": "%", "inflow": "m³/h", "outflow": "m³/h"}
UPS = {"voltage": "V", "current": "A", "charge": "%", "temperature": "°C", "load": "%"}
HOUSE = {"temperature": "°C", "humidity": "%", "soil_moisture": "%", "co2": "ppm"}
COMMANDS: dict[str, dict[str, Any]] = {
    "tank-01": {"set_level": {"type": "number", "title": "Level to keep", "minimum": 30, "maximum": 85, "unit": "%"}},
    "kitchen-plug": {"power": {"type": "boolean"}, "led": {"type": "boolean"}, "restart": {"type": "none"}},
    "radiator": {"set_temperature": {"type": "number", "minimum": 5, "maximum": 30, "unit": "°C"}},
}


def _pump(n: int, bearing: Callable[[float], float], vibration: Callable[[float], float]) -> Values:
    return lambda t: {
        "flow": 60.0 + n + math.sin(t / 7),
        "pressure": 4.0 + n / 10,
        "vibration": vibration(t),
        "bearing_temperature": bearing(t),
        "motor_temperature": 60.0 + n,
        "current": 20.0 + n + 0.02 * bearing(t),
    }


def _cold(n: int, temperature: Callable[[float], float], door: Callable[[float], bool]) -> Values:
    return lambda t: {
        "temperature": temperature(t),
        "compressor_current": 8.0 + n,
        "humidity": 80.0 + n,
        "door": door(t),
    }


DEVICES: dict[str, tuple[dict[str, Any], Values]] = {
    "pump-01": (
        {
            "name": "Feed pump 1",
            "model": "CP-80",
            "area": "Pump hall",
            "units": PUMP,
            "labels": ["pump"],
            "firmware": "2.1.0",
        },
        _pump(1, lambda t: 50.0, lambda t: 2.0),
    ),
    "pump-02": (
        {"name": "Circulation pump 2", "model": "CP-80", "area": "Pump hall", "units": PUMP, "labels": ["pump"]},
        _pump(2, lambda t: 55.0, lambda t: 1.5),
    ),
    "pump-03": (
        {
            "name": "Feed pump 3",
            "model": "CP-80",
            "area": "Pump hall",
            "units": PUMP,
            "labels": ["pump"],
            "firmware": "2.0.4",
        },
        _pump(3, lambda t: 90.0 + t / 60 if t > -60 else 52.0, lambda t: 8.0 if t > -20 else 2.5),
    ),
    "cold-room-01": (
        {"name": "Dairy cold room 1", "model": "CR-40", "area": "Cold store", "units": COLD, "labels": ["cold-room"]},
        _cold(1, lambda t: 3.0, lambda t: -100 < t <= -90 or -40 < t <= -38),
    ),
    "cold-room-02": (
        {"name": "Meat cold room 2", "model": "CR-40", "area": "Cold store", "units": COLD, "labels": ["cold-room"]},
        _cold(2, lambda t: 2.0, lambda t: t > -2),
    ),
    "cold-room-03": (
        {
            "name": "Dispatch cold room 3",
            "model": "CR-40",
            "area": "Loading dock",
            "units": COLD,
            "labels": ["cold-room"],
        },
        _cold(3, lambda t: 9.5 if t > -10 else 4.0, lambda t: False),
    ),
    "tank-01": (
        {
            "name": "Buffer tank 1",
            "model": "TK-30",
            "area": "Utilities",
            "units": TANK,
            "commands": COMMANDS["tank-01"],
        },
        lambda t: {"level": 40.0 - t / 6, "inflow": 5.0, "outflow": 7.0, "setpoint": 60.0},
    ),
    "ups-01": (
        {"name": "Server UPS 1", "model": "UP-10", "area": "Server room", "units": UPS, "labels": ["ups", "power"]},
        lambda t: {"voltage": 230.0, "current": 5.0, "charge": 99.0, "temperature": 28.0, "load": 40.0, "mains": True},
    ),
    "greenhouse-01": (
        {"name": "Tomato house 1", "model": "GH-8", "area": "Greenhouse", "units": HOUSE, "labels": ["greenhouse"]},
        lambda t: {"temperature": 24.0 + 4 * (t > -30), "humidity": 60.0, "soil_moisture": 40.0, "co2": 800.0},
    ),
    "sensor_1": (
        {"name": "Room sensor 1", "model": "TS-1", "area": "Offices", "units": {"temperature": "°F"}},
        lambda t: {"temperature": 68.0},
    ),
    "front-door": (
        {"name": "Front door", "model": "MCCGQ11LM", "area": "Hall", "units": {"battery": "%"}},
        lambda t: {"contact": t <= -5, "battery": 9.0},
    ),
    "kitchen-plug": (
        {
            "name": "Kitchen plug",
            "area": "Kitchen",
            "units": {"power": "W", "energy": "kWh"},
            "commands": COMMANDS["kitchen-plug"],
        },
        lambda t: {"power": 0.0, "energy": 3.0, "switch": False},
    ),
    "washing-machine": (
        {"name": "Washing machine", "area": "Bathroom", "units": {"power": "W", "energy": "kWh", "uptime": "s"}},
        lambda t: {"power": 418.0, "energy": 10.0 + (t + 180) * 418 / 60_000, "uptime": 7200.0 + 60 * t},
    ),
    "radiator": (
        {
            "name": "Bathroom radiator",
            "area": "Bathroom",
            "units": {"temperature": "°C", "setpoint": "°C", "battery": "%"},
            "commands": COMMANDS["radiator"],
        },
        lambda t: {"temperature": 20.5, "setpoint": 21.0, "battery": 74.0},
    ),
    "boiler-1": (
        {"name": "Boiler 1", "units": {"temperature": "°C"}},
        lambda t: {"temperature": 20.0 + 5 * (t > -1) + 5 * (t > -0.5)},
    ),
}


async def fill_site(hub: ApiHub) -> int:
    """Publish the devices and their readings. Return the time of the newest ones, in epoch ms."""
    now = now_ms()
    batch: list[RawMessage] = []

    async def flush(at: int) -> None:
        hub.services.messages.take(batch)
        batch.clear()
        await hub.services.ingest_queue.submit(Tick(at, 0))

    start = now - HOURS * 3_600_000
    for device, (info, _) in DEVICES.items():
        batch.append(RawMessage(f"devices/{device}/info", json.dumps(info).encode(), start, qos=1))
    await flush(start)
    for seconds in range(-HOURS * 3600, 1, STEP_S):
        at = now + seconds * 1000
        for device, (_, values) in DEVICES.items():
            if device == "sensor_1" and seconds > -900:
                continue  # silent since a quarter of an hour ago
            payload = {"ts": at, **values(seconds / 60)}
            batch.append(RawMessage(f"devices/{device}/telemetry", json.dumps(payload).encode(), at, qos=1))
        if len(batch) >= _CHUNK:
            await flush(at)
    await flush(now)
    return now
