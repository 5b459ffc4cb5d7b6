"""``/api/alerts/{id}/…`` and ``/api/alert-actions``: acknowledge, assign, mute, comment and close alerts.

``/api/alerts/{id}/history`` returns what happened to an alert.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from hub.api import cursors
from hub.api.audit_draft import note
from hub.api.auth import By
from hub.api.errors import Json
from hub.api.schemas import alert_handling as schemas
from hub.api.schemas import alert_requests as requests
from hub.api.schemas import serializers
from hub.api.schemas.responses import AlertShape, AssigneeShape
from hub.errors import HubError
from hub.services.alert_handling import AlertHandling
from hub.services.alerts import ExplainedAlert


def routes(handling: AlertHandling) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["alerts"])

    @router.post("/alerts/{alert_id}/acknowledge", response_model=AlertShape)
    async def acknowledge_alert(alert_id: str, by: By, body: requests.Acknowledgement | None = None) -> Response:
        """Acknowledge an open alert, with an optional note and an optional end. Return 409 if the alert has cleared.

        The acknowledgement ends at the time `until`. If the alert is already acknowledged until the same time, only the
        note is added, as a comment.
        """
        given = body or requests.Acknowledgement()
        found = await handling.acknowledge(alert_id, by=by, note=given.note or None, until=given.until)
        return _changed(found, comment=given.note, until=given.until)

    @router.delete("/alerts/{alert_id}/acknowledge", response_model=AlertShape)
    async def remove_acknowledgement(alert_id: str, by: By) -> Response:
        """Remove the acknowledgement of an open alert. Return 409 if it has cleared."""
        return _changed(await handling.unacknowledge(alert_id, by=by))

    @router.get("/assignees", response_model=schemas.AssigneeList, responses={404: {}})
    async def list_assignees(device_id: str | None = None) -> Response:
        """Return the people that alerts can be assigned to. With `device_id`, only people with access to it."""
        return Json(schemas.AssigneeList([AssigneeShape.of(each) for each in handling.people.list(device_id)]))

    @router.put("/alerts/{alert_id}/assignee", response_model=AlertShape)
    async def assign_alert(alert_id: str, body: requests.Assignment, by: By) -> Response:
        """Assign an open alert to a person. Return 409 if it has cleared."""
        found = await handling.assign(alert_id, body.account_id, by=by)
        return _changed(found, assignee=found.alert.assignee.name if found.alert.assignee else "")

    @router.delete("/alerts/{alert_id}/assignee", response_model=AlertShape)
    async def unassign_alert(alert_id: str, by: By) -> Response:
        """Assign an open alert to nobody. Return 409 if it has cleared."""
        return _changed(await handling.assign(alert_id, None, by=by))

    @router.post("/alerts/{alert_id}/mute", response_model=AlertShape)
    async def mute_alert(alert_id: str, by: By, body: requests.Muting | None = None) -> Response:
        """Mute an open alert, so that nobody is notified of it. Return 409 if it has cleared."""
        until = body.until if body else None
        return _changed(await handling.mute(alert_id, by=by, until=until), until=until)

    @router.delete("/alerts/{alert_id}/mute", response_model=AlertShape)
    async def unmute_alert(alert_id: str, by: By) -> Response:
        """End the mute of an open alert. Return 409 if it has cleared."""
        return _changed(await handling.unmute(alert_id, by=by))

    @router.post("/alerts/{alert_id}/comments", response_model=AlertShape)
    async def comment_on_alert(alert_id: str, body: requests.CommentText, by: By) -> Response:
        """Add a comment to the history of an alert, open or cleared. Return 409 if it has 500 comments."""
        return _changed(await handling.comment(alert_id, body.text, by=by), comment=body.text)

    @router.post("/alerts/{alert_id}/close", response_model=AlertShape)
    async def close_alert(alert_id: str, by: By, body: requests.Closing | None = None) -> Response:
        """Clear an open alert manually. Return 409 if it has cleared.

        The readings until now no longer count. If later readings meet the condition, another alert is raised.
        """
        given = body.note if body else None
        return _changed(await handling.close(alert_id, by=by, note=given or None), comment=given)

    @router.get("/alerts/{alert_id}/history", response_model=schemas.AlertHistory)
    async def get_alert_history(
        alert_id: str, cursor: str | None = None, limit: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> Response:
        """Return what happened to an alert, newest first: who did what, and when.

        If there is more, `next` is the `cursor` of the following page.
        """
        found = await handling.history(alert_id, limit + 1, cursors.unpack(cursor, int))
        after = cursors.pack(found[limit - 1][0]) if len(found) > limit else None
        return Json(schemas.AlertHistory([schemas.AlertEntryShape.of(entry) for _, entry in found[:limit]], after))

    @router.post("/alert-actions", response_model=schemas.BulkResults)
    async def act_on_alerts(body: requests.BulkAction, by: By) -> Response:
        """Carry out one action on up to 200 alerts. If it fails for one alert, the other alerts are still changed."""

        async def attempt(alert_id: str) -> schemas.BulkResultShape:
            try:
                found = serializers.alert(await _act(handling, alert_id, body, by))
            except HubError as error:
                return schemas.BulkResultShape(alert_id, None, str(error))
            return schemas.BulkResultShape(alert_id, found, None)

        items = await asyncio.gather(*map(attempt, dict.fromkeys(body.alerts)))  # together: one commit
        done = [each.id for each in items if each.alert is not None]
        note(f"{body.action}: {len(done)} of {len(items)} alerts", alerts=done, comment=body.note or body.text)
        return Json(schemas.BulkResults(items))

    return router


async def _act(handling: AlertHandling, alert_id: str, body: requests.BulkAction, by: str) -> ExplainedAlert:
    match body.action:
        case "acknowledge":
            return await handling.acknowledge(alert_id, by=by, note=body.note or None, until=body.until)
        case "unacknowledge":
            return await handling.unacknowledge(alert_id, by=by)
        case "assign":
            return await handling.assign(alert_id, body.account_id, by=by)
        case "mute":
            return await handling.mute(alert_id, by=by, until=body.until)
        case "unmute":
            return await handling.unmute(alert_id, by=by)
        case "comment":
            return await handling.comment(alert_id, body.text or "", by=by)
        case "close":
            return await handling.close(alert_id, by=by, note=body.note or None)


def _changed(
    found: ExplainedAlert, comment: str | None = None, until: int | None = None, assignee: str | None = None
) -> Response:
    """Return the changed alert as a response, and note the change in the audit entry of the request.

    ``comment``, ``until`` (epoch ms) and ``assignee`` are the values that the request set; None if it did not set them.
    """
    alert = found.alert
    note(device=alert.device, alert=alert.message, comment=comment, until=until, assignee=assignee)
    return Json(serializers.alert(found))
