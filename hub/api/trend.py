"""The hub's figures over the last minutes, so that a page that was just opened has something to draw."""

from __future__ import annotations

from collections import deque

from typing_extensions import TypedDict

STEP_S = 10.0
KEPT = 30
"""Five minutes, as long as a page's own."""


class TrendShape(TypedDict):
    """One entry every ``step_ms``, the newest last; ``rate`` in messages a second."""

    step_ms: int
    open_alerts: list[int]
    stale: list[int]
    offline: list[int]
    rate: list[float]


class Trend:
    """The last :data:`KEPT` samples of the figures."""

    def __init__(self) -> None:
        self._samples: deque[tuple[int, int, int, float]] = deque(maxlen=KEPT)

    def add(self, open_alerts: int, stale: int, offline: int, rate: float) -> None:
        self._samples.append((open_alerts, stale, offline, round(rate, 1)))

    def shape(self) -> TrendShape:
        samples = list(self._samples)
        return {
            "step_ms": int(STEP_S * 1000),
            "open_alerts": [sample[0] for sample in samples],
            "stale": [sample[1] for sample in samples],
            "offline": [sample[2] for sample in samples],
            "rate": [sample[3] for sample in samples],
        }
