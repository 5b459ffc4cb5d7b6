"""``/api/activity`` and ``/api/rejected``: the activity log and rejected messages."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from hub.api import cursors
from hub.api.errors import Json
from hub.api.schemas import responses
from hub.model import Rejection
from hub.store.reader import HistoryReader

Limit = Annotated[int, Query(ge=1, le=1000)]
Kind = Annotated[str, Query(max_length=32)]


def routes(store: HistoryReader) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["hub"])

    @router.get("/activity", response_model=responses.ActivityPage)
    async def list_activity(
        device_id: str | None = None, kind: Kind | None = None, cursor: str | None = None, limit: Limit = 100
    ) -> Response:
        """Return a page of the activity log, newest first: devices, alerts, acknowledgements, rejected messages."""
        found = await store.activity(device=device_id, kind=kind, limit=limit + 1, before=cursors.unpack(cursor, int))
        page = found[:limit]
        after = cursors.pack(page[-1][0]) if len(found) > limit else None
        return Json(responses.ActivityPage(items=[responses.ActivityShape.of(line) for _, line in page], next=after))

    @router.get("/rejected", response_model=responses.RejectedPage)
    async def list_rejected_messages(limit: Limit = 100) -> Response:
        """Return the last messages that could not be decoded, newest first: topic, reason and an excerpt."""
        return Json(responses.RejectedPage(items=[_rejected(one) for one in await store.rejections(limit)]))

    return router


def _rejected(found: Rejection) -> responses.RejectedShape:
    return responses.RejectedShape.of(found, payload_hex=found.payload.hex())
