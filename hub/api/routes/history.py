"""The history of metrics: one series, or many in one request."""

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
from hub.registry.reader import DeviceReader
from hub.store.reader import HistoryReader

HOUR_MS = 3_600_000
POINTS = 100_000
"""Maximum number of readings in one response, for all series together. The newest readings are returned."""


def routes(registry: DeviceReader, store: HistoryReader, now: Callable[[], int]) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["history"])

    def unit(device_id: str, metric: str) -> str | None:
        device = registry.get(device_id)
        return device.unit(metric) if device else None

    @router.get("/devices/{device_id}/history", response_model=history_schemas.History)
    async def get_history(
        device_id: str,
        metric: Annotated[str, Query(max_length=256)],
        start: Annotated[int | None, Query(alias="from", ge=0, le=2**53)] = None,
        end: Annotated[int | None, Query(alias="to", ge=0, le=2**53)] = None,
        buckets: Annotated[int | None, Query(ge=1, le=5_000)] = None,
        shape: Shape = "buckets",
    ) -> Response:
        """Return the history of one metric between two times, in epoch milliseconds; the last hour by default.

        Points are readings `[ts, value]` or, with `buckets`, aggregates `[ts, min, mean, max, count]`. `from` is
        inclusive. `to` is inclusive for readings and exclusive for buckets.

        With the shape `lttb` or `minmax`, the response has at most `buckets` points `[ts, value]` that keep the shape
        of the line. `lttb` selects points by the algorithm Largest-Triangle-Three-Buckets, `minmax` selects the minimum
        and the maximum of each bucket.

        With the shape `states`, the points are the changes of a boolean or a text: the state at the start, if it is
        known, then one point for each change, and the last reading. A period in which a boolean changed too often to
        list every change is one point `[ts, min, mean, max, count]`.
        """
        registry.require(device_id)
        last = now() if end is None else end
        first = last - HOUR_MS if start is None else start
        if first > last:
            raise Invalid('"from" is later than "to".', "Both are epoch milliseconds.")
        query = SeriesQuery(device_id, metric, max(0, first), last, buckets, POINTS, shape)
        queries = [query]
        if shape == "states" and query.start > 0:
            queries.append(SeriesQuery(device_id, metric, 0, query.start - 1, limit=1))
        series, *before = await store.history(queries)
        if before and before[0].points:
            series = msgspec.structs.replace(series, points=[*before[0].points, *series.points])
        return Json(serializers.history(series, unit(device_id, metric)))

    @router.post("/history/query", response_model=history_schemas.HistoryAnswer)
    async def query_history(body: requests.HistoryQuery) -> Response:
        """Return the history of many series, in the order of the request. A deleted device has an empty series."""
        limit = POINTS // len(body.series)
        queries = [
            SeriesQuery(one.device_id, one.metric, body.start, body.end, body.buckets, limit, body.shape)
            for one in body.series
        ]
        found = await store.history(queries)
        return Json(
            history_schemas.HistoryAnswer(
                series=[serializers.series(one, unit(one.device, one.metric)) for one in found]
            )
        )

    return router
