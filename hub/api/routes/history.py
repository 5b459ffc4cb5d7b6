"""What devices measured: one series, or many in one request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from hub.api.errors import Json
from hub.api.schemas import history as history_schemas
from hub.api.schemas import requests, serializers
from hub.errors import Invalid
from hub.model import SeriesQuery, Shape
from hub.registry.registry import DeviceRegistry
from hub.store.base import Store

HOUR_MS = 3_600_000
POINTS = 100_000
"""Raw points in one answer at most, over all its series; the newest are given."""


def routes(registry: DeviceRegistry, store: Store, now: Callable[[], int]) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["history"])

    def unit(device_id: str, metric: str) -> str | None:
        device = registry.get(device_id)
        return device.unit(metric) if device else None

    @router.get("/devices/{device_id}/history", response_model=history_schemas.History)
    async def history(
        device_id: str,
        metric: Annotated[str, Query(max_length=256)],
        start: Annotated[int | None, Query(alias="from", ge=0, le=2**53)] = None,
        end: Annotated[int | None, Query(alias="to", ge=0, le=2**53)] = None,
        buckets: Annotated[int | None, Query(ge=1, le=5_000)] = None,
        shape: Shape = "buckets",
    ) -> Response:
        """Points ``[ts, value]``, or with ``buckets`` ``[ts, min, mean, max, count]``; the last hour by default.

        ``from`` is included; ``to`` is included among readings and excluded from buckets, each of which ends just
        before the next one begins.

        With ``shape`` the answer has at most so many points ``[ts, value]`` as ``buckets`` says, chosen so that the
        line keeps its shape: by largest triangles (``lttb``) or the least and the greatest of each stretch
        (``minmax``).

        With ``states`` the points are the changes of a boolean or a text: the state in which the range begins, if it is
        known, then one point a change, and the last reading. A stretch in which a boolean changed more often than can
        be told is ``[ts, min, mean, max, count]``."""
        registry.require(device_id)
        last = now() if end is None else end
        first = last - HOUR_MS if start is None else start
        if first > last:
            raise Invalid('"from" is later than "to".', "Both are epoch milliseconds.")
        query = SeriesQuery(device_id, metric, max(0, first), last, buckets, POINTS, shape)
        wanted = [query]
        if shape == "states" and query.start > 0:
            wanted.append(SeriesQuery(device_id, metric, 0, query.start - 1, limit=1))
        series, *before = await store.history(wanted)
        if before and before[0].points:
            series = msgspec.structs.replace(series, points=[*before[0].points, *series.points])
        return Json(serializers.history(series, unit(device_id, metric)))

    @router.post("/history/query", response_model=history_schemas.HistoryAnswer)
    async def query(body: requests.HistoryQuery) -> Response:
        """Many series at once, in the order asked. A device that is gone has an empty one."""
        most = POINTS // len(body.series)
        wanted = [
            SeriesQuery(one.device_id, one.metric, body.start, body.end, body.buckets, most, body.shape)
            for one in body.series
        ]
        found = await store.history(wanted)
        return Json({"series": [serializers.series(one, unit(one.device, one.metric)) for one in found]})

    return router
