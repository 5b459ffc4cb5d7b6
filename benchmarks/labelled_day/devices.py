"""The devices of the plant, and the values that they would measure without faults and noise at a given time.

Times are seconds of the simulated day, which begins at 06:00; the hours before are negative.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import NamedTuple

REPORT_S = 60.0
"""Interval of the reports of every device."""
START_HOUR = 6.0
GATEWAYS = 5
Values = dict[str, float]
"""Values by metric. Those of ``FLAGS`` are 0 or 1, and published as booleans."""
FLAGS = {"running", "door", "open"}


class Device(NamedTuple):
    """A device. ``phase`` (seconds) shifts its reports and cycles. ``spread`` (0 to 1) scales its parameters."""

    id: str
    model: str
    via: str | None
    phase: float
    spread: float

    def last_report(self, before: float) -> float:
        """Return the time of the device's last report at or before the time ``before``."""
        first = self.phase % REPORT_S
        return first + math.floor((before - first) / REPORT_S) * REPORT_S


def hour(t: float) -> float:
    return (START_HOUR + t / 3_600) % 24


def outdoor(t: float) -> float:
    """Return the temperature outside in °C: warmest at 15:00, with some clouds."""
    return 12 + 6 * math.sin((hour(t) - 9) / 12 * math.pi) + 0.8 * math.sin(t / 2_900) + 0.4 * math.sin(t / 830)


def wave(t: float, minutes: float) -> float:
    return math.sin(2 * math.pi * t / (60 * minutes))


def working(t: float) -> bool:
    return 7 <= hour(t) < 19


def pump(device: Device, t: float, steady: bool) -> Values:
    """Values of a pump. With a ``spread`` above 0.5 it rests for 15 minutes in two hours, unless ``steady`` is set."""
    room = 20 + 0.3 * (outdoor(t) - 12)
    heat = 36 + 6 * device.spread
    turn = (t + 97 * device.phase) % 7_200
    resting = device.spread > 0.5 and not steady and turn >= 6_300
    if resting:
        warm = room + heat * math.exp(-(turn - 6_300) / 1_200)
        return {"running": 0, "vibration": 0.2, "bearing_temperature": warm, "flow": 0, "pressure": 1}
    since = turn + 1 if device.spread > 0.5 and not steady else math.inf
    load = 1 + 0.08 * wave(t, 240) + 0.05 * (hour(t) > 16)
    return {
        "running": 1,
        "vibration": 2.4 + 1.2 * device.spread + 2 * (load - 1) + (4 if since < 45 else 0),
        "bearing_temperature": room + heat * (1 - 0.45 * math.exp(-since / 900)) + 20 * (load - 1),
        "flow": 58 * load * (1 - math.exp(-since / 15)),
        "pressure": 3.4 - 1.5 * (load - 1),
    }


def cold_room(device: Device, t: float, steady: bool) -> Values:
    """Values of a cold room at 3 °C: a cycling compressor, four defrosts a day, and people who go in and out."""
    door = not steady and working(t) and (t + 31 * device.phase) % 2_700 < 150
    defrost = not steady and (t + 211 * device.phase) % 21_600 < 900
    base = 2.4 + 0.8 * device.spread + 0.05 * (outdoor(t) - 12)
    return {"temperature": base + 0.7 * wave(t + device.phase, 21) + 2.2 * defrost + 0.4 * door, "door": float(door)}


def air_handler(device: Device, t: float, steady: bool) -> Values:
    """Values of an air handler, which rests at night."""
    on = 5 <= hour(t) < 22 or steady
    supply = 18 + device.spread + 0.06 * (outdoor(t) - 12) + 0.3 * wave(t + device.phase, 13) if on else 20
    drop = 160 + 15 * device.spread + 8 * wave(t, 190) if on else 5
    return {"supply_temperature": supply, "filter_pressure_drop": drop, "flow": 4_200 if on else 0}


def tank(device: Device, t: float, steady: bool) -> Values:
    """Values of a tank that empties over 100 minutes and fills within 50."""
    turn = (t + 173 * device.phase) % 9_000
    part = turn / 6_000 if turn < 6_000 else 1 - (turn - 6_000) / 3_000
    return {"level": 76 + 6 * device.spread - 36 * part, "outflow": 3.2 + wave(t, 45) * 0.4}


def meter(device: Device, t: float, steady: bool) -> Values:
    """Values of an electricity meter: machines start and stop every 20 minutes. ``day.py`` adds ``energy``."""
    machines = random.Random(f"{device.id}/{t // 1_200}").random()
    return {"power": 1.5 + 2 * device.spread + (9 * machines if working(t) else 2 * machines)}


def boiler(device: Device, t: float, steady: bool) -> Values:
    """Values of a boiler that follows the weather and whose burner switches on and off."""
    flow = 62 - 0.8 * (outdoor(t) - 12) + 2 * wave(t + device.phase, 25)
    back = flow - 13 - 3 * device.spread - wave(t, 50)
    return {"flow_temperature": flow, "return_temperature": back, "pressure": 1.6 + 0.08 * wave(t, 300)}


def door(device: Device, t: float, steady: bool) -> Values:
    """Values of a door that is open for two to six minutes in every 50 minutes of the working day."""
    is_open = not steady and working(t) and (t + 67 * device.phase) % 3_000 < 120 + 200 * device.spread
    return {"open": float(is_open), "battery": 3.0 - t / 86_400 / 1_000}


def gateway(device: Device, t: float, steady: bool) -> Values:
    return {"cpu_temperature": 47 + 0.3 * (outdoor(t) - 12), "signal": -61 + wave(t, 70)}


class Model(NamedTuple):
    """The devices of one model: their number (``count``), and the metrics that they report.

    ``ideal`` returns the values without noise. By metric, ``noise`` is the standard deviation and ``digits`` the number
    of decimals.
    """

    count: int
    ideal: Callable[[Device, float, bool], Values]
    noise: dict[str, float]
    digits: dict[str, int]
    units: dict[str, str]


MODELS = {
    "pump": Model(
        20,
        pump,
        {"vibration": 0.15, "bearing_temperature": 0.3, "flow": 0.6, "pressure": 0.03},
        {"vibration": 2, "bearing_temperature": 1, "flow": 1, "pressure": 2},
        {"vibration": "mm/s", "bearing_temperature": "°C", "flow": "m³/h", "pressure": "bar"},
    ),
    "cold-room": Model(20, cold_room, {"temperature": 0.12}, {"temperature": 2}, {"temperature": "°C"}),
    "air-handler": Model(
        15,
        air_handler,
        {"supply_temperature": 0.12, "filter_pressure_drop": 2.5, "flow": 40},
        {"supply_temperature": 2, "filter_pressure_drop": 1, "flow": 0},
        {"supply_temperature": "°C", "filter_pressure_drop": "Pa", "flow": "m³/h"},
    ),
    "tank": Model(15, tank, {"level": 0.25, "outflow": 0.1}, {"level": 2, "outflow": 2}, {"level": "%"}),
    "meter": Model(12, meter, {"power": 0.05}, {"power": 3, "energy": 4}, {"power": "kW", "energy": "kWh"}),
    "boiler": Model(
        10,
        boiler,
        {"flow_temperature": 0.25, "return_temperature": 0.25, "pressure": 0.01},
        {"flow_temperature": 2, "return_temperature": 2, "pressure": 3},
        {"flow_temperature": "°C", "return_temperature": "°C", "pressure": "bar"},
    ),
    "door": Model(8, door, {"battery": 0.002}, {"battery": 3}, {"battery": "V"}),
    "gateway": Model(
        GATEWAYS, gateway, {"cpu_temperature": 0.4, "signal": 1.5}, {"cpu_temperature": 1, "signal": 0}, {}
    ),
}


def plant(draw: random.Random) -> dict[str, Device]:
    """Return the gateways and the devices behind them, by id."""
    found = {}
    for name, model in MODELS.items():
        for number in range(model.count):
            via = None if name == "gateway" else f"gateway-{1 + (number + len(found)) % GATEWAYS}"
            device = Device(f"{name}-{number + 1}", name, via, draw.uniform(0, REPORT_S), draw.random())
            found[device.id] = device
    return found
