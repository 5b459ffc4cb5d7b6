"""``/api/status/trend``: the hub's figures of the last minutes."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from hub.api.errors import Json
from hub.api.trend import Trend, TrendShape


def routes(figures: Trend) -> APIRouter:
    router = APIRouter(tags=["hub"])

    @router.get("/api/status/trend", response_model=TrendShape)
    async def get_trend() -> Response:
        """Return the hub's own figures of the last five minutes, as one list of samples for each figure.

        The figures are the number of open alerts, of stale and offline devices, and of messages a second.
        """
        return Json(figures.shape())

    return router
