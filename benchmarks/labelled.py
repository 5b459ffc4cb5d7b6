"""Labelled telemetry: a simulated machine with two hours of history, and one fault or none.

Simulators and signatures share only the names of metrics, so a match is not just one formula written in two places.
"""

from __future__ import annotations

import random

from hub.insight import InvestigationInput, MetricSeries
from hub.model import Alert, Limit, Point
from simulators import KINDS

NOW = 1_795_384_800_000
"""Epoch ms of the fault's start."""
HELD_S = 6
"""Time in seconds from the crossing of a limit to the diagnosis, similar to the durations of the default rules."""


def observed(kind: str, fault: str | None, seed: int) -> tuple[InvestigationInput, int]:
    """Return the input of the diagnosis, and its time in seconds after the fault's start.

    That is shortly after the first limit was crossed, or a few minutes after the start if none was. The seed determines
    device, hour, speed and intervals.
    """
    draw = random.Random(f"{kind}/{fault}/{seed}")
    machine = KINDS[kind](f"sensor_{1 + seed % 5}" if kind == "sensor" else f"{kind}-01", seed, draw.uniform(0, 24))
    if fault is not None:
        machine.inject(fault, 0.0, draw.choice([0.7, 1.0, 1.5]))
    coarse, fine = draw.choice([10, 15, 30]), draw.choice([1, 2])
    last = 420 if fault in (None, "stuck_sensor") else 240
    rows: dict[str, list[Point]] = {}
    crossed: tuple[int, str, float, float] | None = None
    for t in [*range(-7200, -90, coarse), *range(-90, last, fine)]:
        for name, value in machine.step(float(t)).items():
            rows.setdefault(name, []).append((NOW + t * 1000, value if isinstance(value, bool) else float(value)))
            limit = _broken(machine.metrics[name].limits, value) if name in machine.metrics else None
            if fault is not None and t > 0 and limit is not None and crossed is None:
                crossed = (t, name, float(value), limit)
        if crossed is not None and t >= crossed[0] + HELD_S:
            break
    units = {name: metric.unit for name, metric in machine.metrics.items()}
    tracks = {name: MetricSeries.of(name, units.get(name), points) for name, points in rows.items()}
    limits = {name: Limit(**m.limits) for name, m in machine.metrics.items() if m.limits}
    return InvestigationInput("it", NOW + t * 1000, tracks, limits=limits, alert=_alert(crossed, t)), t


def _broken(limits: dict[str, float] | None, value: float) -> float | None:
    """Return the limit that ``value`` exceeds, or None."""
    if limits and value > limits.get("max", value):
        return limits["max"]
    if limits and value < limits.get("min", value):
        return limits["min"]
    return None


def _alert(crossed: tuple[int, str, float, float] | None, at: int) -> Alert | None:
    if crossed is None:
        return None
    since, metric, value, limit = crossed
    return Alert(
        id="a-1",
        rule="r-1",
        device="it",
        metric=metric,
        severity="critical",
        state="raised",
        message="beyond its limit",
        value=value,
        threshold=limit,
        unit=None,
        since=NOW + since * 1000,
        raised_at=NOW + at * 1000,
    )
