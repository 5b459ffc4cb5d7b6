"""Everyday scenes that raise an alert without a fault, and a few with a simple fault; see ../README.md.

Each function returns one scene; its docstring describes the device. Metric names are English unless it says otherwise.
"""

from __future__ import annotations

from benchmarks.independent.scenes.building import BUILDING
from benchmarks.independent.scenes.energy import ENERGY
from benchmarks.independent.scenes.factory import FACTORY
from benchmarks.independent.scenes.farm import FARM
from benchmarks.independent.scenes.kitchen import KITCHEN
from benchmarks.independent.scenes.lab import LAB
from benchmarks.independent.scenes.process import PROCESS
from benchmarks.independent.scenes.rooms import ROOMS
from benchmarks.independent.scenes.scene import Scene, Scenes
from benchmarks.independent.scenes.trouble_home import TROUBLE_HOME
from benchmarks.independent.scenes.trouble_work import TROUBLE_WORK

__all__ = ["SCENES", "Scene"]

SCENES = Scenes((*KITCHEN, *ROOMS, *ENERGY, *BUILDING, *LAB, *FARM, *PROCESS, *FACTORY, *TROUBLE_HOME, *TROUBLE_WORK))
"""All scenes, each simulated when it is first used."""
