"""Cases from the everyday scenes of benchmarks.independent."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.independent.scenes import SCENES, Scene
from benchmarks.truth.case import Bound, Case, Series, Truth
from benchmarks.truth.machines import MONDAY


def cases() -> Iterator[Case]:
    """Yield all scenes."""
    yield from map(_case, SCENES)


def _case(scene: Scene) -> Case:
    series = {
        name: Series(scene.times + MONDAY, scene.values[name], metric.unit, metric.kind, metric.words)
        for name, metric in scene.metrics.items()
    }
    bounds = {limit.metric: Bound(limit.low, limit.high, limit.hold_s) for limit in scene.limits}
    truth = Truth(right=scene.right, plausible=scene.acceptable, absurd=scene.absurd)
    at = scene.at + MONDAY
    return Case(scene.id, "scenes", "scene", "people", scene.model, series, bounds, at, truth, at if bounds else None)
