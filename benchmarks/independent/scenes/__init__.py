"""Everyday scenes that alarm although nothing is broken, and a few in which something simple is; see ../README.md."""

from __future__ import annotations

from benchmarks.independent.scenes.energy import ENERGY
from benchmarks.independent.scenes.kitchen import KITCHEN
from benchmarks.independent.scenes.rooms import ROOMS
from benchmarks.independent.scenes.scene import Scene, Scenes

__all__ = ["SCENES", "Scene"]

SCENES = Scenes((*KITCHEN, *ROOMS, *ENERGY))
"""All scenes, each simulated when it is first used."""
