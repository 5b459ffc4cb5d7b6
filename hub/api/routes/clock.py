"""``/api/clock/trust``: confirm that the hub's clock is right."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import Response

from hub.api.errors import Json
from hub.api.schemas.status import ClockShape
from hub.runtime.clock import Clock


def routes(clock: Clock, now: Callable[[], int]) -> APIRouter:
    router = APIRouter(tags=["hub"])

    @router.post("/api/clock/trust", response_model=ClockShape)
    async def trust_clock() -> Response:
        """Confirm that the hub's clock is right, after the hub stopped trusting it.

        Until then, the hub deletes no old history.
        """
        clock.trust()
        return Json(clock_shape(clock, now()))

    return router


def clock_shape(clock: Clock, now: int) -> ClockShape:
    """Return the state of the clock as JSON."""
    return ClockShape(now=now, believed=clock.believed(), doubted_at=clock.state.doubted_at)
