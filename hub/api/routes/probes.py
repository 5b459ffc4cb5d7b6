"""``/healthz`` and ``/readyz``: liveness and readiness probes."""

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
        """Return 200 while all tasks of the hub are running, otherwise 503.

        No token is needed. If the request is authenticated, `failed` lists the tasks that have stopped.
        """
        failed = list(health.failed)
        return _probe(request, "failing" if failed else "ok", failed=failed)

    @router.head("/readyz", include_in_schema=False)
    @router.get("/readyz", response_model=shapes.Readiness, responses={503: {"model": shapes.Readiness}})
    async def readyz(request: Request) -> Response:
        """Return 200 if the hub has subscribed at the broker and can write its history, otherwise 503.

        No token is needed. If the request is authenticated, `missing` lists what the hub is waiting for, and `degraded`
        lists what does not work although the hub is ready.
        """
        missing = health.missing()
        return _probe(request, "waiting" if missing else "ready", health.degraded(), missing=missing)

    return router


def _probe(request: Request, status: str, degraded: Sequence[str] = (), **details: list[str]) -> Response:
    """Return the response of a probe: 503 if one of the lists in ``details`` is not empty, else 200.

    The items of the lists and of ``degraded`` may contain addresses, so only an authenticated request gets them.
    """
    private = {**details, **({"degraded": degraded} if degraded else {})}
    answer = {"status": status, **(private if request.state.proof is not None else {})}
    return Json(answer, 503 if any(details.values()) else 200)
