"""Find unusual readings in the recent history, without a limit or a rule."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from hub.insight.anomalies import UnusualPeriod, unusual_periods
from hub.insight.series import MetricSeries
from hub.model import Device, SeriesQuery
from hub.tools.queries import Queries

HISTORY_MS = 7 * 86_400_000
RECENT_MS = 86_400_000
PARTS = 2_016
"""Number of five-minute means that are read of each metric: those of seven days.

Reading all values would take long, and the noise of shorter means looks unusual more often.
"""
MAX_SERIES = 120


class Unusual(msgspec.Struct, frozen=True):
    """The unusual periods of the last day, each with its device, the most unusual first.

    ``metrics`` is the number of metrics whose values are numbers, and ``checked`` is how many of these were examined.
    """

    found: list[tuple[Device, UnusualPeriod]]
    checked: int
    metrics: int


async def unusual(queries: Queries, devices: Sequence[Device]) -> Unusual:
    """Return what was unusual in the last day, compared with the week before. At most 120 metrics are examined."""
    found: list[tuple[Device, UnusualPeriod]] = []
    end, checked, total = queries.now(), 0, 0
    for device in devices:
        metrics = [metric for metric, latest in sorted(device.metrics.items()) if type(latest.value) is float]
        total += len(metrics)
        metrics = metrics[: MAX_SERIES - checked]
        if not metrics:
            continue
        checked += len(metrics)
        asked = [SeriesQuery(device.id, metric, end - HISTORY_MS, end, PARTS) for metric in metrics]
        series = await queries.store.history(asked)
        tracks = [MetricSeries.of(each.metric, device.unit(each.metric), each.points) for each in series]
        periods = await asyncio.to_thread(unusual_periods, tracks, end - RECENT_MS)
        found += [(device, period) for period in periods]
    found.sort(key=lambda each: -each[1].score)
    return Unusual(found, checked, total)
