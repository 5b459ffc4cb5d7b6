"""Reduce the weight of changes if no alert is open, because most of them are then normal daily variation."""

from __future__ import annotations

from collections.abc import Sequence

from hub.insight.detected_change import DetectedChange
from hub.insight.investigation_input import InvestigationInput

_MIN_WEIGHT = 0.15
"""The smallest weight of a change."""
_TOGETHER_MS = 120_000
"""Changes that begin within this many ms of each other get the same weight."""


def normal_variation_weights(case: InvestigationInput, moves: Sequence[DetectedChange]) -> dict[str, float]:
    """Return a weight from 0 to 1 for each metric that rises or falls and has a limit. Small changes get small weights.

    The weight is 1 if the change goes all the way from the earlier value to the limit, and 0.5 if it goes half the way.
    Metrics that began to change together all get the largest of their weights. A metric that is missing in the result
    has the weight 1. If an alert is open or a limit is exceeded, the result is empty.
    """
    if not case.calm:
        return {}
    ways = [(m, way) for m in moves if m.doing in ("rises", "falls") and (way := _way(case, m)) is not None]
    return {
        m.metric: max(way for n, way in ways if abs((n.onset or 0) - (m.onset or 0)) <= _TOGETHER_MS) for m, _ in ways
    }


def _way(case: InvestigationInput, m: DetectedChange) -> float | None:
    """Return what part of the way from the earlier value to the limit the metric has gone, from 0 to 1.

    If it moves away from its only limit, the result is the smallest weight. Return None if it has no limit.
    """
    limit = case.limit(m.metric)
    if limit is None:
        return None
    bound = limit.max if m.change > 0 else limit.min
    if bound is None:
        return _MIN_WEIGHT
    return 1.0 if (bound - m.before) * m.change <= 0 else min(max(m.change / (bound - m.before), _MIN_WEIGHT), 1.0)
