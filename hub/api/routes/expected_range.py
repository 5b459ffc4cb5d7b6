"""``/api/devices/{id}/expected``: the band a chart draws behind a metric."""

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
from hub.registry.registry import DeviceRegistry
from hub.store.base import Store

HOUR_MS = 3_600_000
LEAST_PAST_MS = 2 * HOUR_MS
"""The past that is learnt from: as long as what is shown, and at least this."""
RAW, MEANS = 4_000, 1_000
"""More readings than ``RAW`` are taken as this many means: it costs the same for a week as for an hour."""
ALERTS = 200


def routes(registry: DeviceRegistry, store: Store, now: Callable[[], int]) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["history"])

    @router.get("/devices/{device_id}/expected", response_model=devices.ExpectedBand)
    async def band(
        device_id: str,
        metric: Annotated[str, Query(max_length=256)],
        start: Annotated[int | None, Query(alias="from", ge=0, le=2**53)] = None,
        end: Annotated[int | None, Query(alias="to", ge=0, le=2**53)] = None,
        buckets: Annotated[int, Query(ge=1, le=600)] = 60,
    ) -> Response:
        """Where the metric is expected between two times: ``[ts, low, high]`` at the edges of ``buckets`` equal parts.

        It is learnt from the metric's own past on this device: up to now or, where an alert of this metric touches the
        time shown, up to a while before that alert, so that a fault is never taken for normal. A trend is carried on;
        a signal that switches is expected between its levels. No points where there are too few readings to tell, or
        where the metric is no number.
        """
        device = registry.require(device_id)
        last = now() if end is None else end
        first = last - HOUR_MS if start is None else start
        if first > last:
            raise Invalid('"from" is later than "to".', "Both are epoch milliseconds.")
        found = await store.alerts(device=device_id, limit=ALERTS)
        trouble = min((a.since for a in found if a.metric == metric and _touches(a, first, last)), default=None)
        moment = min(last, now()) if trouble is None else trouble
        query = _past(device, metric, moment - max(last - first, LEAST_PAST_MS), moment)
        (series,) = await store.history([query])
        track = MetricSeries.of(metric, device.unit(metric), series.points)
        until = track.seconds(moment) if trouble is None else baseline_end(track, moment)
        edges = [round(edge) for edge in np.linspace(first, last, buckets + 1)]
        learnt = expected(track, until, edges)
        return Json(
            {
                "metric": metric,
                "unit": device.unit(metric),
                "learnt_from": learnt.start if learnt else None,
                "learnt_to": learnt.end if learnt else None,
                "readings": learnt.count if learnt else 0,
                "points": learnt.points if learnt else [],
            }
        )

    return router


def _touches(alert: Alert, first: int, last: int) -> bool:
    return alert.since <= last and (alert.cleared_at is None or alert.cleared_at >= first)


def _past(device: Device, metric: str, start: int, end: int) -> SeriesQuery:
    readings = (end - start) / device.expected_interval if device.expected_interval else 0
    return SeriesQuery(device.id, metric, max(0, start), end, MEANS if readings > RAW else None, RAW)
