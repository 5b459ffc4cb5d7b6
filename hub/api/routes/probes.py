"""``/healthz`` and ``/readyz``: probes of supervisors and load balancers."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Request
from starlette.responses import Response

from hub.api.errors import Json
from hub.api.schemas import status as shapes
from hub.services.hub_health import HubHealth


def routes(health: HubHealth) -> APIRouter:
    router = APIRouter(tags=["hub"])

    @router.head("/healthz", include_in_schema=False)
    @router.get("/healthz", response_model=shapes.Health, responses={503: {"model": shapes.Health}})
    async def healthz(request: Request) -> Response:
        """200 while the process answers and all its tasks run. ``failed`` names those that do not, for whoever shows
        the token."""
        failed = list(health.failed)
        return _probe(request, "failing" if failed else "ok", failed=failed)

    @router.head("/readyz", include_in_schema=False)
    @router.get("/readyz", response_model=shapes.Readiness, responses={503: {"model": shapes.Readiness}})
    async def readyz(request: Request) -> Response:
        """200 once the broker has granted a subscription and the history can be written. ``missing`` says what is
        waited for, ``degraded`` what does not work although the hub is ready, for whoever shows the token."""
        missing = health.missing()
        return _probe(request, "waiting" if missing else "ready", health.degraded(), missing=missing)

    return router


def _probe(request: Request, status: str, degraded: Sequence[str] = (), **details: list[str]) -> Response:
    """Answer 503 while there are details. They name addresses, so only authenticated requests get them."""
    shown = {**details, **({"degraded": degraded} if degraded else {})}
    answer = {"status": status, **(shown if request.state.proof is not None else {})}
    return Json(answer, 503 if any(details.values()) else 200)
