"""The hub's own figures of the last minutes, for the small charts of a page that was just opened."""

from __future__ import annotations

from collections import deque

from hub.api.schemas.api_object import ApiObject

STEP_S = 10.0
SAMPLES = 30
"""Number of samples in five minutes, the time for which an open page of the dashboard also stores its statistics."""


class TrendShape(ApiObject):
    """The hub's figures of the last five minutes, one sample every ``step_ms``, oldest first.

    ``open_alerts`` are numbers of alerts. ``stale`` and ``offline`` are numbers of devices. ``rate`` is in messages a
    second.
    """

    step_ms: int
    open_alerts: list[int]
    stale: list[int]
    offline: list[int]
    rate: list[float]


class Trend:
    """The newest samples of the hub's figures, at most :data:`SAMPLES`."""

    def __init__(self) -> None:
        self._samples: deque[tuple[int, int, int, float]] = deque(maxlen=SAMPLES)

    def add(self, open_alerts: int, stale: int, offline: int, rate: float) -> None:
        """Add a sample. ``stale`` and ``offline`` are numbers of devices; ``rate`` is in messages a second."""
        self._samples.append((open_alerts, stale, offline, round(rate, 1)))

    def shape(self) -> TrendShape:
        """Return the samples as an object of the API."""
        samples = list(self._samples)
        return TrendShape(
            step_ms=int(STEP_S * 1000),
            open_alerts=[sample[0] for sample in samples],
            stale=[sample[1] for sample in samples],
            offline=[sample[2] for sample in samples],
            rate=[sample[3] for sample in samples],
        )
