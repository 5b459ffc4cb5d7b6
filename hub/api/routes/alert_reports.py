"""``/api/alert-health`` and ``/api/alert-digest``: reports about alerts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from hub.api.errors import Json
from hub.api.schemas import alert_reports as shapes
from hub.services.alert_reports import AlertReports


def routes(reports: AlertReports) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["alerts"])

    @router.get("/alert-health", response_model=shapes.AlertHealthShape)
    async def get_alert_health(days: Annotated[int, Query(ge=1, le=90)] = 7) -> Response:
        """Return statistics on the alerts of the last `days`, with the targets of ISA-18.2 for one operator.

        Alerts of which nobody was notified (late, silenced or suppressed ones) do not count.
        """
        return Json(shapes.health(await reports.health(days)))

    @router.get("/alert-digest", response_model=shapes.AlertDigestShape)
    async def get_alert_digest() -> Response:
        """Return the digest of the last seven days.

        It has the alerts, the noise, metrics that drift towards a limit, and rules that should be changed.
        """
        return Json(shapes.digest(await reports.digest()))

    return router
