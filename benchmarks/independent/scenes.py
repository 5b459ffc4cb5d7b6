"""Everyday scenes that alarm although nothing is broken; see README.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.independent.machine import Floats, Limit, Metric


@dataclass(frozen=True)
class Scene:
    """``times`` are seconds since a Monday's midnight, the last of them at or after ``at``, when a person asks.

    ``right``, ``acceptable`` and ``absurd`` are regular expressions for the title of the cause that is named. With an
    empty ``right`` naming no cause is right.
    """

    id: str
    what: str
    metrics: Mapping[str, Metric]
    times: Floats
    values: Mapping[str, Floats]
    at: float
    limits: tuple[Limit, ...] = ()
    right: tuple[str, ...] = ()
    acceptable: tuple[str, ...] = ()
    absurd: tuple[str, ...] = ()
    model: str | None = None
    labels: tuple[str, ...] = field(default=())


SCENES: tuple[Scene, ...] = ()
