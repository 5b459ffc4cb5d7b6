"""``/api/alerts`` and ``/api/diagnoses``: list alerts, read alerts and diagnoses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from hub.api import cursors
from hub.api.errors import Json
from hub.api.schemas import diagnoses as diagnosis_schemas
from hub.api.schemas import responses, serializers
from hub.errors import NotFound
from hub.model import AlertState
from hub.notifications.pictures import AlertPictures
from hub.services.alerts import Alerts, Handled
from hub.store.reader import HistoryReader

MINUTE_MS = 60_000
AFTER_MS = 10 * MINUTE_MS
"""The chart of an alert that has ended shows this much time after its end, in milliseconds."""
State = Literal["open", "raised", "acknowledged", "cleared"]
_STATES: dict[State, tuple[AlertState, ...]] = {
    "open": ("raised", "acknowledged"),
    "raised": ("raised",),
    "acknowledged": ("acknowledged",),
    "cleared": ("cleared",),
}


def routes(alerts: Alerts, store: HistoryReader, pictures: AlertPictures, now: Callable[[], int]) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["alerts"])

    @router.get("/alerts", response_model=responses.AlertPage)
    async def list_alerts(
        state: State | None = None,
        device_id: str | None = None,
        muted: bool | None = None,
        silenced: bool | None = None,
        assignee: Annotated[str | None, Query(max_length=64)] = None,
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Response:
        """Return a page of alerts, newest first. The state `open` includes `raised` and `acknowledged`.

        Open alerts can be filtered by `muted`, `silenced`, and by `assignee`: the id of an account, or `none`.
        If there are more, `next` is the `cursor` of the following page.
        """
        found = await alerts.page(
            states=_STATES[state] if state else None,
            device=device_id,
            limit=limit + 1,
            before=cursors.unpack(cursor, tuple[int, str]),
            handled=Handled(muted, silenced, assignee),
        )
        page = found[:limit]
        last = page[-1].alert if len(found) > limit else None
        after = cursors.pack((last.raised_at, last.id)) if last else None
        return Json({"items": [serializers.alert(one) for one in page], "next": after})

    @router.get("/alerts/{alert_id}", response_model=responses.AlertShape)
    async def get_alert(alert_id: str) -> Response:
        """Return an alert with its diagnosis."""
        return Json(serializers.alert(await alerts.get(alert_id)))

    @router.get(
        "/alerts/{alert_id}/chart.png",
        response_class=Response,
        responses={200: {"content": {"image/png": {}}}, 404: {}},
    )
    async def get_alert_chart(alert_id: str) -> Response:
        """Return a chart of the readings around an alert as a PNG picture, the same as in notifications.

        Return 404 if the alert is not about a number, or if the picture cannot be drawn at the moment.
        """
        alert = (await alerts.get(alert_id)).alert
        until = min(now(), alert.ended_at + AFTER_MS) if alert.ended_at is not None else now()
        picture = await pictures.of(alert, until // MINUTE_MS * MINUTE_MS)
        if picture is None:
            raise NotFound("There is no chart of this alert.", "Only alerts about a number have one. Try again later.")
        return Response(picture, media_type="image/png")

    @router.get("/diagnoses/{diagnosis_id}", response_model=diagnosis_schemas.DiagnosisShape)
    async def get_diagnosis(diagnosis_id: str) -> Response:
        """Return a diagnosis with its evidence."""
        found = await store.diagnosis(diagnosis_id)
        if found is None:
            raise NotFound(
                f"There is no diagnosis {diagnosis_id[:64]!r}.", "An alert contains the id of its diagnosis."
            )
        return Json(serializers.diagnosis(found))

    return router
