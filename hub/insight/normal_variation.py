"""Reduce the weight of changes if no alert is open, because most changes are then normal daily variation."""

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

    The weight is the change as a fraction of the distance from the earlier value to the limit. Metrics that began to
    change together all get the largest of their weights. A metric that is missing in the result has the weight 1. If an
    alert is open or a limit is exceeded, the result is empty.
    """
    if not case.calm:
        return {}
    found = [
        (m, fraction)
        for m in moves
        if m.doing in ("rises", "falls") and (fraction := _fraction_to_limit(case, m)) is not None
    ]
    return {
        m.metric: max(fraction for n, fraction in found if abs((n.onset or 0) - (m.onset or 0)) <= _TOGETHER_MS)
        for m, _ in found
    }


def _fraction_to_limit(case: InvestigationInput, m: DetectedChange) -> float | None:
    """Return the change as a fraction of the distance from the earlier value to the limit, at most 1.

    If the metric moves away from its only limit, return the smallest weight. Return None if it has no limit.
    """
    limit = case.limit(m.metric)
    if limit is None:
        return None
    bound = limit.max if m.change > 0 else limit.min
    if bound is None:
        return _MIN_WEIGHT
    return 1.0 if (bound - m.before) * m.change <= 0 else min(max(m.change / (bound - m.before), _MIN_WEIGHT), 1.0)
