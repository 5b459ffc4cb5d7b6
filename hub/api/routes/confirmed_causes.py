"""``/api/alerts/{id}/cause`` and ``/causes``: record the cause of an alert, and what fixed it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from hub.api.audit_draft import note
from hub.api.auth import By
from hub.api.errors import Json
from hub.api.schemas import responses, serializers
from hub.api.schemas.confirmed_causes import CauseFound, CauseList
from hub.api.schemas.devices import TermShape
from hub.services.confirmed_causes import ConfirmedCauses


def routes(causes: ConfirmedCauses) -> APIRouter:
    router = APIRouter(prefix="/api/alerts", tags=["alerts"])

    @router.get("/{alert_id}/causes", response_model=CauseList)
    async def list_causes(alert_id: str) -> Response:
        """Return the known causes, from which a person can choose the cause of this alert.

        The causes in the alert's diagnosis come first, then all others that the device's kind of machine can have.
        """
        return Json(CauseList(items=[TermShape.of(term) for term in await causes.choices(alert_id)]))

    @router.put("/{alert_id}/cause", response_model=responses.AlertShape)
    async def confirm_cause(alert_id: str, body: CauseFound, by: By) -> Response:
        """Record what the cause of an open or cleared alert was, and what fixed it.

        Later diagnoses of this device and of similar devices cite the cause. An alert with a confirmed cause is kept
        when the retention time of alerts has passed.
        """
        found = await causes.confirm(alert_id, cause=body.cause, title=body.title, fix=body.fix or None, by=by)
        note(device=found.alert.device, alert=found.alert.message, cause=body.cause, title=body.title, fix=body.fix)
        return Json(serializers.alert(found))

    @router.delete("/{alert_id}/cause", response_model=responses.AlertShape)
    async def remove_cause(alert_id: str, by: By) -> Response:
        """Remove the confirmed cause of an alert."""
        return Json(serializers.alert(await causes.withdraw(alert_id, by=by)))

    return router
