"""Which machines a site has: how many of each kind, where they stand, and behind which gateway.

It knows the machines by class only. The same number and seed give the same fleet, and ``pump-03`` is the same
unit in every fleet of one seed, however large.
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

# The order in which a growing site buys its machines; it repeats.
_MIX: tuple[type[Machine], ...] = (
    Pump, ColdRoom, AirHandler, Pump, Ups, Tank, ColdRoom, Greenhouse, Pump, AirHandler,
    ColdRoom, Ups, Pump, Tank, Greenhouse, Pump, ColdRoom, AirHandler, Ups,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SimulatedDevice:
    """A machine and the gateway it talks through."""

    machine: Machine
    gateway: str

    @property
    def id(self) -> str:
        """The device's identity, such as ``pump-03``."""
        return self.machine.id

    def info(self) -> dict[str, Any]:
        """What the device says of itself, as the native dialect's ``info``."""
        return {**self.machine.describe(), "via": self.gateway}


def build(n: int, seed: int, hour: float = 10.0) -> list[SimulatedDevice]:
    """The ``n`` devices of the site that ``seed`` describes; from 5 on, ``sensor_1`` to ``sensor_5`` are
    among them.

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
    """See that ``plan`` names a device of the fleet and a fault it can have.

    Raises ValueError that says what is allowed. A gateway loss may name the gateway or any device behind it.
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
    """The ids of all devices behind one gateway, named itself or by a device behind it."""
    gateway = next((d.gateway for d in devices if name in (d.id, d.gateway)), None)
    return [d.id for d in devices if d.gateway == gateway]


# Faults for a first look: they begin soon, come one after another, and most are repaired.
_SHOWN = (
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
    """The faults the demo shows, as far as the fleet has their devices; the first one always begins at
    once.
    """
    ids = {device.id for device in devices}
    plans = [plan for plan in _SHOWN if plan.device in ids]
    earlier = plans[0].at - _SHOWN[0].at if plans else 0.0
    return [Plan(p.device, p.fault, p.at - earlier, p.duration, speed) for p in plans]
