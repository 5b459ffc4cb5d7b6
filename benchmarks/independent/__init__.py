"""Simulated machines and everyday scenes by authors who have not read the hub's diagnosis; see README.md."""

from __future__ import annotations

from benchmarks.independent.air_handler import AirHandler
from benchmarks.independent.belt_fan import BeltFan
from benchmarks.independent.boiler import Boiler
from benchmarks.independent.centrifugal_pump import CentrifugalPump
from benchmarks.independent.cold_room import ColdRoom
from benchmarks.independent.cooling_tower import CoolingTower
from benchmarks.independent.geared_conveyor import GearedConveyor
from benchmarks.independent.greenhouse import Greenhouse
from benchmarks.independent.heat_pump import HeatPump
from benchmarks.independent.machine import Machine
from benchmarks.independent.screw_compressor import ScrewCompressor
from benchmarks.independent.storage_tank import StorageTank
from benchmarks.independent.ups_battery import UpsBattery
from benchmarks.independent.water_chiller import WaterChiller

MACHINES: dict[str, type[Machine]] = {
    "air_handler": AirHandler,
    "belt_fan": BeltFan,
    "boiler": Boiler,
    "centrifugal_pump": CentrifugalPump,
    "cold_room": ColdRoom,
    "cooling_tower": CoolingTower,
    "geared_conveyor": GearedConveyor,
    "greenhouse": Greenhouse,
    "heat_pump": HeatPump,
    "screw_compressor": ScrewCompressor,
    "storage_tank": StorageTank,
    "ups_battery": UpsBattery,
    "water_chiller": WaterChiller,
}
"""All classes of machines by kind."""
