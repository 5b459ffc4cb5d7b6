"""``POST /api/telemetry``: readings of devices and programs that do not use MQTT."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import Response

from hub.api.errors import Json
from hub.api.ndjson import LINES
from hub.api.schemas.api_object import ApiObject
from hub.services.posted_telemetry import PostedTelemetry

_EXAMPLE = {"device": "boiler-1", "temperature": 71.5}
_ITEM = {"type": "object", "required": ["device"], "properties": {"device": {"type": "string"}}, "example": _EXAMPLE}
_BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": {"anyOf": [_ITEM, {"type": "array", "items": _ITEM}]}},
        LINES: {"schema": {"type": "string"}},
    },
}

CLOCK_NOTE = (
    "The time is more than a day ago or more than five minutes ahead: the readings were stored with the "
    "time of receipt. Import older readings with POST /api/history/import."
)


class RejectedItem(ApiObject):
    """An item of the request that was rejected, or that has a rejected value.

    `item` is its position in the request, from 0.
    """

    item: int
    reason: str
    detail: str


class TelemetryNote(ApiObject):
    """An item of the request that was stored with the time of receipt, because its own `ts` is implausible.

    `item` is its position in the request, from 0.
    """

    item: int
    reason: Literal["clock"]
    detail: str


class TelemetryAnswer(ApiObject):
    """Result of storing readings.

    `records` is the number of items that were stored now, `duplicates` the number that had been stored before. `notes`
    lists the items that were stored with the time of receipt, because their `ts` is more than a day ago or more than
    five minutes in the future.
    """

    records: int
    duplicates: int
    rejected: list[RejectedItem]
    notes: list[TelemetryNote]


def routes(telemetry: PostedTelemetry) -> APIRouter:
    router = APIRouter(prefix="/api/telemetry", tags=["devices"])

    @router.post("", response_model=TelemetryAnswer, responses={409: {}, 503: {}}, openapi_extra={"requestBody": _BODY})
    async def post_telemetry(request: Request) -> Response:
        """Store readings: one item, a list of up to 1,000 items, or one item on each line (`application/x-ndjson`).

        Each item is an object that names its `device`. The other keys are those of telemetry over MQTT: `ts`, `id` or
        `seq`, and the values, either directly or in `metrics`. The response is sent after the commit. A request may be
        repeated if each item has an `id` or a `seq`: nothing is stored twice. If some values of an item are invalid,
        only these are rejected.
        """
        lines = request.headers.get("content-type", "").partition(";")[0].strip() == LINES
        posted = await telemetry.store(await request.body(), lines=lines)
        items = [RejectedItem(item=item, reason=each.reason, detail=each.detail) for item, each in posted.rejections]
        notes = [TelemetryNote(item=each, reason="clock", detail=CLOCK_NOTE) for each in posted.retimed]
        return Json(TelemetryAnswer(records=posted.records, duplicates=posted.duplicates, rejected=items, notes=notes))

    return router
