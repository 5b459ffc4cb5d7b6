"""``/api/incidents``: alerts that share a cause."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from hub.api import cursors
from hub.api.errors import Json
from hub.api.schemas import incidents as shapes
from hub.api.schemas import serializers
from hub.model import IncidentState
from hub.services.visible_incidents import VisibleIncidents

State = Literal["unresolved", "open", "acknowledged", "resolved"]


def routes(incidents: VisibleIncidents) -> APIRouter:
    router = APIRouter(prefix="/api/incidents", tags=["incidents"])

    @router.get("", response_model=shapes.IncidentPage)
    async def list_incidents(
        state: State | None = None,
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Response:
        """Return a page of incidents, newest first. The state `unresolved` includes `open` and `acknowledged`.

        If there are more, `next` is the `cursor` of the following page.
        """
        found = await incidents.page(_states(state), limit + 1, cursors.unpack(cursor, tuple[int, str]))
        page = found[:limit]
        last = page[-1].incident if len(found) > limit else None
        after = cursors.pack((last.started_at, last.id)) if last else None
        return Json(shapes.IncidentPage([shapes.shape(each) for each in page], after))

    @router.get("/{incident_id}", response_model=shapes.IncidentWithAlerts)
    async def get_incident(incident_id: str) -> Response:
        """Return an incident with its alerts and their diagnoses."""
        found = await incidents.get(incident_id)
        alerts = [serializers.alert(each) for each in await incidents.alerts(incident_id)]
        return Json(shapes.IncidentWithAlerts(shapes.shape(found), alerts))

    @router.get("/{incident_id}/history", response_model=shapes.IncidentHistory)
    async def get_incident_history(
        incident_id: str, cursor: str | None = None, limit: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> Response:
        """Return what happened to the alerts of an incident, newest first.

        If there is more, `next` is the `cursor` of the following page.
        """
        await incidents.get(incident_id)
        found = await incidents.history(incident_id, limit + 1, cursors.unpack(cursor, int))
        after = cursors.pack(found[limit - 1][0]) if len(found) > limit else None
        return Json(shapes.IncidentHistory([shapes.entry(each) for _, each in found[:limit]], after))

    return router


def _states(wanted: State | None) -> tuple[IncidentState, ...] | None:
    """Return the states that ``wanted`` selects: ``unresolved`` selects open and acknowledged. None stays None."""
    if wanted is None:
        return None
    return ("open", "acknowledged") if wanted == "unresolved" else (wanted,)
