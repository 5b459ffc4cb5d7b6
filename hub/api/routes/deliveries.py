"""``/api/notifications/deliveries``: the notifications sent to people, and retries of those that failed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from hub.api.errors import Json
from hub.api.schemas import notifications as shapes
from hub.model import DeliveryState
from hub.notifications.service import Notifications

Number = Annotated[int, Path(ge=1, le=2**53)]


def routes(notifications: Notifications) -> APIRouter:
    router = APIRouter(tags=["notifications"])

    @router.get("/api/notifications/deliveries", response_model=shapes.DeliveryList)
    async def list_deliveries(
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
        before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
        state: DeliveryState | None = None,
        channel: Annotated[str | None, Query(max_length=32)] = None,
    ) -> Response:
        """Return deliveries with their attempts, newest first. `state=failed` lists those that were given up."""
        found = await notifications.store.deliveries(limit, before, state, channel)
        last = found[-1].number if len(found) == limit else None
        return Json(shapes.DeliveryList([shapes.delivery_shape(each) for each in found], last))

    @router.post("/api/notifications/deliveries/{number}/retry", status_code=202)
    async def retry_delivery(number: Number) -> Response:
        """Retry a delivery now that has failed or waits for its next attempt. Return 404 for an unknown `number`."""
        await notifications.retry(number)
        return Json({}, status_code=202)

    return router
