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
    """Return a weight from 0 to 1 for each rising or falling metric that has a limit. All other metrics have weight 1.

    The weight is the share of the distance to the limit that the change covers. Changes that began together get the
    largest weight among them. The result is empty if an alert is open or a limit exceeded: then every change has weight
    1.
    """
    if not case.calm:
        return {}
    ways = [(m, way) for m in moves if m.doing in ("rises", "falls") and (way := _way(case, m)) is not None]
    return {
        m.metric: max(way for n, way in ways if abs((n.onset or 0) - (m.onset or 0)) <= _TOGETHER_MS) for m, _ in ways
    }


def _way(case: InvestigationInput, m: DetectedChange) -> float | None:
    """Return the share of the distance to the limit that the change covers; None if the metric has no limit.

    A change away from the only limit gets the smallest weight.
    """
    limit = case.limit(m.metric)
    if limit is None:
        return None
    bound = limit.max if m.change > 0 else limit.min
    if bound is None:
        return _MIN_WEIGHT
    return 1.0 if (bound - m.before) * m.change <= 0 else min(max(m.change / (bound - m.before), _MIN_WEIGHT), 1.0)
