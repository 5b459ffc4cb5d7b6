"""``/api/devices/{id}/expected``: the expected range of a metric, which charts draw as a band."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query
from starlette.responses import Response

from hub.api.errors import Json
from hub.api.schemas import devices
from hub.errors import Invalid
from hub.insight import MetricSeries
from hub.insight.baseline import baseline_end
from hub.insight.expected import expected
from hub.model import Alert, Device, SeriesQuery
from hub.registry.reader import DeviceReader
from hub.store.reader import HistoryReader

HOUR_MS = 3_600_000
MIN_PAST_MS = 2 * HOUR_MS
"""Minimum length of the past from which the range is learned, in ms. A longer chart uses a past of its own length."""
RAW, MEANS = 4_000, 1_000
"""If there are more than ``RAW`` readings, they are reduced to ``MEANS`` means.

So the calculation for a week takes no longer than that for an hour.
"""
ALERTS = 200


def routes(registry: DeviceReader, store: HistoryReader, now: Callable[[], int]) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["history"])

    @router.get("/devices/{device_id}/expected", response_model=devices.ExpectedBand)
    async def get_expected_range(
        device_id: str,
        metric: Annotated[str, Query(max_length=256)],
        start: Annotated[int | None, Query(alias="from", ge=0, le=2**53)] = None,
        end: Annotated[int | None, Query(alias="to", ge=0, le=2**53)] = None,
        buckets: Annotated[int, Query(ge=1, le=600)] = 60,
    ) -> Response:
        """Return the expected range of a metric between two times, in epoch milliseconds; the last hour by default.

        `points` are `[ts, low, high]` at the edges of `buckets` equal parts of the time. The range is learned from
        readings of the same metric of this device, up to `to`. If an alert of this metric overlaps the time, the range
        is learned only from readings some time before the alert, so that a fault never counts as normal.

        If the readings rise or fall steadily, the range continues this trend. If they switch between levels, the range
        covers these levels. There are no points if there are too few readings or the metric is not a number.
        """
        device = registry.require(device_id)
        last = now() if end is None else end
        first = last - HOUR_MS if start is None else start
        if first > last:
            raise Invalid('"from" is later than "to".', "Both are epoch milliseconds.")
        found = await store.alerts(device=device_id, limit=ALERTS)
        alert_at = min((a.since for a in found if a.metric == metric and _overlaps(a, first, last)), default=None)
        past_end = min(last, now()) if alert_at is None else alert_at
        query = _past(device, metric, past_end - max(last - first, MIN_PAST_MS), past_end)
        (series,) = await store.history([query])
        past = MetricSeries.of(metric, device.unit(metric), series.points)
        until = past.seconds(past_end) if alert_at is None else baseline_end(past, past_end)
        edges = [round(edge) for edge in np.linspace(first, last, buckets + 1)]
        learned = expected(past, until, edges)
        answer = devices.ExpectedBand(
            metric=metric,
            unit=device.unit(metric),
            learnt_from=learned.start if learned else None,
            learnt_to=learned.end if learned else None,
            readings=learned.count if learned else 0,
            points=learned.points if learned else [],
        )
        return Json(answer)

    return router


def _overlaps(alert: Alert, first: int, last: int) -> bool:
    return alert.since <= last and (alert.cleared_at is None or alert.cleared_at >= first)


def _past(device: Device, metric: str, start: int, end: int) -> SeriesQuery:
    readings = (end - start) / device.expected_interval if device.expected_interval else 0
    return SeriesQuery(device.id, metric, max(0, start), end, MEANS if readings > RAW else None, RAW)
