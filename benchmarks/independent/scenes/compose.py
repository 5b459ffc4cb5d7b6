"""Make a scene from simulated sensors: round the values, select those that are reported, and find the time to ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.independent.machine import Floats, Limit, Metric
from benchmarks.independent.scenes.answers import Answers
from benchmarks.independent.scenes.scene import Scene, alarming


@dataclass(frozen=True)
class OnChange:
    """A device that publishes all its values when one has changed by its delta, and every ``heartbeat`` s."""

    heartbeat: float
    deltas: Mapping[str, float]

    def reports(self, times: Floats, values: Mapping[str, Floats]) -> list[int]:
        """Return the indices of the times at which the device reports."""
        rows = np.column_stack([values[name] / delta for name, delta in self.deltas.items()]).tolist()
        kept, last, due = [], rows[0], -np.inf
        for at, (now, row) in enumerate(zip(times.tolist(), rows, strict=True)):
            if now >= due or any(abs(new - old) >= 1.0 for new, old in zip(row, last, strict=True)):
                kept.append(at)
                last, due = row, now + self.heartbeat
        return kept


def compose(
    name: str,
    what: str,
    times: Floats,
    sensors: Mapping[str, tuple[Metric, Floats]],
    expected: Answers,
    *,
    event: float,
    limits: tuple[Limit, ...] = (),
    wait: float = 90.0,
    reports: OnChange | None = None,
    model: str | None = None,
    labels: tuple[str, ...] = (),
) -> Scene:
    """Return a scene, with readings up to the time at which a person asks for a diagnosis.

    This is ``wait`` seconds after the first alert since ``event``, or after ``event`` if there are no limits. Raises
    ValueError if there are limits but no such alert.
    """
    values = {each: rounded(metric, course) for each, (metric, course) in sensors.items()}
    if reports is not None:
        kept = reports.reports(times, values)
        times, values = times[kept], {each: course[kept] for each, course in values.items()}
    at = event + wait
    if limits:
        alarms = np.max([alarming(times, values[limit.metric], limit) for limit in limits], axis=0)
        raised = times[(alarms > 0) & (times >= event)]
        if not len(raised):
            raise ValueError(f"{name}: no limit is crossed after {event:g} s")
        at = float(raised[0]) + wait
    until = int(np.searchsorted(times, at)) + 1
    return Scene(
        id=name,
        what=what,
        metrics={each: metric for each, (metric, _) in sensors.items()},
        times=times[:until],
        values={each: course[:until] for each, course in values.items()},
        at=at,
        limits=limits,
        right=expected.right,
        acceptable=expected.acceptable,
        absurd=expected.absurd,
        model=model,
        labels=labels,
    )


def rounded(metric: Metric, values: Floats) -> Floats:
    """Return the values as a sensor with the metric's resolution reports them."""
    return np.asarray(np.round(np.round(values / metric.step) * metric.step, 6) + 0.0)
