"""``GET /api/alerts/{id}/file``: an alert as one file, which ``hub replay`` replays."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from hub.diagnosis.alert_file import AlertFiles


def routes(files: AlertFiles) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["alerts"])

    @router.get(
        "/alerts/{alert_id}/file",
        response_class=Response,
        responses={200: {"content": {"application/octet-stream": {}}}, 404: {}},
    )
    async def get_alert_file(alert_id: str) -> Response:
        """Return an alert as one file: readings, rules, events and diagnosis. `hub replay FILE` replays it elsewhere.

        The file has at most 300,000 readings of the device: those of a week, or of a shorter period if there are more.
        It has no credentials.
        """
        data = await files.write(alert_id)
        disposition = f'attachment; filename="{alert_id[:40]}.alert.json"'
        return Response(data, media_type="application/octet-stream", headers={"Content-Disposition": disposition})

    return router
