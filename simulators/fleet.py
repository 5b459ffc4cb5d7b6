"""The machines of a site: how many of each kind, in which areas, behind which gateways.

The same number and seed give the same fleet, and ``pump-03`` is the same unit in all fleets of one seed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from simulators.air_handler import AirHandler
from simulators.cold_room import ColdRoom
from simulators.faults import GATEWAY_LOSS, Plan, describe
from simulators.greenhouse import Greenhouse
from simulators.machine import Machine
from simulators.pump import Pump
from simulators.sensor import Sensor
from simulators.tank import Tank
from simulators.ups import Ups

KINDS: dict[str, type[Machine]] = {
    kind.prefix: kind for kind in (Pump, ColdRoom, AirHandler, Greenhouse, Ups, Tank, Sensor)
}
PLAIN_SENSORS = 5
BEHIND_ONE_GATEWAY = 20

# The order in which machines are added to a fleet; it repeats.
_MIX: tuple[type[Machine], ...] = (
    Pump, ColdRoom, AirHandler, Pump, Ups, Tank, ColdRoom, Greenhouse, Pump, AirHandler,
    ColdRoom, Ups, Pump, Tank, Greenhouse, Pump, ColdRoom, AirHandler, Ups,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SimulatedDevice:
    """A machine and the gateway that it is behind."""

    machine: Machine
    gateway: str

    @property
    def id(self) -> str:
        """Return the device's id, such as ``pump-03``."""
        return self.machine.id

    def info(self) -> dict[str, Any]:
        """Return the ``info`` of the native dialect."""
        return {**self.machine.describe(), "via": self.gateway}


def build(n: int, seed: int, hour: float = 10.0) -> list[SimulatedDevice]:
    """Create ``n`` devices; from 5 on, ``sensor_1`` to ``sensor_5`` are among them.

    ``hour`` is the hour of the site's day at time 0.
    """
    behind: Counter[str] = Counter()
    devices = []
    for kind, identity in _identities(n):
        machine = kind(identity, seed, hour)
        number = 1 + behind[machine.area] // BEHIND_ONE_GATEWAY
        gateway = f"gateway-{machine.area.lower().replace(' ', '-')}-{number}"
        behind[machine.area] += 1
        devices.append(SimulatedDevice(machine, gateway))
    return devices


def _identities(n: int) -> list[tuple[type[Machine], str]]:
    sensors = PLAIN_SENSORS if n >= PLAIN_SENSORS else 0
    numbers: Counter[type[Machine]] = Counter()
    found: list[tuple[type[Machine], str]] = [(Sensor, f"sensor_{i + 1}") for i in range(sensors)]
    for i in range(n - sensors):
        kind = _MIX[i % len(_MIX)]
        numbers[kind] += 1
        found.append((kind, f"{kind.prefix}-{numbers[kind]:02d}"))
    return found


def check(plan: Plan, devices: list[SimulatedDevice]) -> None:
    """Check that ``plan`` names a device of the fleet and a fault that it can have.

    A gateway loss may name the gateway or a device behind it. Raises ValueError with what is allowed.
    """
    by_id = {device.id: device for device in devices}
    gateways = list(dict.fromkeys(device.gateway for device in devices))
    if plan.fault == GATEWAY_LOSS and (plan.device in gateways or plan.device in by_id):
        return
    if plan.device not in by_id:
        raise ValueError(f"there is no device {plan.device!r}: the fleet has {_shortened(list(by_id))}")
    machine = by_id[plan.device].machine
    if plan.fault not in machine.faults:
        raise ValueError(f"{plan.device} has no fault {plan.fault!r}: it has {describe(machine.faults)}")


def _shortened(names: list[str]) -> str:
    shown = ", ".join(names[:40])
    return shown if len(names) <= 40 else f"{shown} and {len(names) - 40} more"


def behind(name: str, devices: list[SimulatedDevice]) -> list[str]:
    """Return the ids of all devices behind a gateway; ``name`` is its name or the id of a device behind it."""
    gateway = next((d.gateway for d in devices if name in (d.id, d.gateway)), None)
    return [d.id for d in devices if d.gateway == gateway]


# Faults of the demo: they begin soon, one after another, and most are repaired.
_DEMO = (
    Plan("pump-03", "bearing_wear", at=4),
    Plan("sensor_2", "overheating", at=28, duration=75),
    Plan("cold-room-02", "door_left_open", at=60, duration=120),
    Plan("air-handler-01", "blocked_filter", at=110, duration=300),
    Plan("ups-01", "brown_out", at=170, duration=120),
    Plan("tank-01", "leak", at=240, duration=300),
    Plan("greenhouse-01", GATEWAY_LOSS, at=330, duration=60),
    Plan("cold-room-03", "refrigerant_leak", at=420, duration=600),
    Plan("pump-02", "cavitation", at=540, duration=300),
)


def demo_faults(devices: list[SimulatedDevice], speed: float = 1.0) -> list[Plan]:
    """Return the faults of the demo whose devices are in the fleet, moved so that the first begins at once."""
    ids = {device.id for device in devices}
    plans = [plan for plan in _DEMO if plan.device in ids]
    earlier = plans[0].at - _DEMO[0].at if plans else 0.0
    return [Plan(p.device, p.fault, p.at - earlier, p.duration, speed) for p in plans]
