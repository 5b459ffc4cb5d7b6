"""``/api/silences``: silence alerts for a time, or in weekly maintenance windows."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from msgspec.structs import replace
from starlette.responses import Response

from hub.api.audit_draft import note
from hub.api.auth import By
from hub.api.errors import Json
from hub.api.schemas import serializers
from hub.api.schemas import silence_requests as requests
from hub.api.schemas import silences as shapes
from hub.model import AlertSilence, Scope
from hub.services.silences import Silences

PREVIEWED = 50


def routes(silences: Silences, now: Callable[[], int], bound: Callable[[Scope], Scope]) -> APIRouter:
    """Create the routes. ``bound`` puts ids in place of the names of areas in a scope."""
    router = APIRouter(prefix="/api/silences", tags=["silences"])

    def wanted(body: requests.SilenceWanted) -> AlertSilence:
        silence = body.wanted(now())
        return replace(silence, scope=bound(silence.scope))

    def answer(silence: AlertSilence, status: int = 200) -> Response:
        return Json(shapes.shape(silence, silences.count(silence), now()), status_code=status)

    @router.get("", response_model=shapes.SilenceList)
    async def list_silences() -> Response:
        """Return at most 500 silences: first those that have not ended, then those that have ended.

        Both groups are sorted newest first.
        """
        found = await silences.all()
        return Json(shapes.SilenceList([shapes.shape(each, silences.count(each), now()) for each in found]))

    @router.post("", status_code=201, response_model=shapes.SilenceShape)
    async def create_silence(body: requests.SilenceWanted, by: By) -> Response:
        """Silence the alerts that match, now and in future. Silenced alerts are still raised and listed.

        An alert has to match each list of the request that is not empty. When the silence ends, alerts that are still
        open are no longer silenced. Return 409 if there are 200 silences.
        """
        found = await silences.create(wanted(body), by=by)
        note(object=found.id, note=found.note)
        return answer(found, 201)

    @router.post("/preview", response_model=shapes.SilencePreview)
    async def preview_silence(body: requests.Matchers) -> Response:
        """Return the devices and open alerts that a silence would match now. No silence is created.

        `devices` is the number of devices, `count` the number of open alerts, and `items` has the newest 50 alerts.
        """
        found = await silences.preview(body.silence(), PREVIEWED)
        items = [serializers.alert(each) for each in found.newest]
        return Json(shapes.SilencePreview(found.open_alerts, items, found.devices))

    @router.get("/{silence_id}", response_model=shapes.SilenceShape)
    async def get_silence(silence_id: str) -> Response:
        """Return a silence."""
        return answer(await silences.get(silence_id))

    @router.put("/{silence_id}", response_model=shapes.SilenceShape)
    async def edit_silence(silence_id: str, body: requests.SilenceWanted, by: By) -> Response:
        """Replace a silence. Return 404 if there is none with this id or it has ended."""
        found = await silences.edit(silence_id, wanted(body), by=by)
        note(note=found.note)
        return answer(found)

    @router.delete("/{silence_id}", response_model=shapes.SilenceShape)
    async def end_silence(silence_id: str, by: By) -> Response:
        """End a silence now. It stays in the list. Return 404 if it has ended."""
        found = await silences.end(silence_id, by=by)
        note(note=found.note)
        return answer(found)

    return router
