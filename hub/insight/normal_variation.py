"""How much a movement weighs while nothing is wrong yet: a healthy day moves things too."""

from __future__ import annotations

from collections.abc import Sequence

from hub.insight.detected_change import DetectedChange
from hub.insight.investigation_input import InvestigationInput

_LITTLE = 0.15
"""What a movement counts that covers next to nothing of the way to a limit."""
_TOGETHER_MS = 120_000


def normal_variation_weights(case: InvestigationInput, moves: Sequence[DetectedChange]) -> dict[str, float]:
    """The weight (0 to 1) of each movement that has one of its own; the others count in full, as all do in an alert.

    A movement counts by how much of the way to its limit it covers: most of those that cover little are a normal
    day's. What began together counts as the one of them that came furthest.
    """
    if not case.calm:
        return {}
    ways = [(m, way) for m in moves if m.doing in ("rises", "falls") and (way := _way(case, m)) is not None]
    return {
        m.metric: max(way for n, way in ways if abs((n.onset or 0) - (m.onset or 0)) <= _TOGETHER_MS) for m, _ in ways
    }


def _way(case: InvestigationInput, m: DetectedChange) -> float | None:
    """The share of the way to its limit; None without a limit. With one on the other side alone, it went to the safe
    side."""
    limit = case.limit(m.metric)
    if limit is None:
        return None
    bound = limit.max if m.change > 0 else limit.min
    if bound is None:
        return _LITTLE
    return 1.0 if (bound - m.before) * m.change <= 0 else min(max(m.change / (bound - m.before), _LITTLE), 1.0)
