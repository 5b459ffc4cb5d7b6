"""``/api/terms``: the quantities, places, roles of metrics and kinds of machine that the hub knows."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from hub.api.errors import Json
from hub.api.schemas.devices import Terms, TermShape
from hub.insight import terms


def routes() -> APIRouter:
    router = APIRouter(prefix="/api", tags=["devices"])

    @router.get("/terms", response_model=Terms)
    async def list_terms() -> Response:
        """Return the terms (ids with English titles) that a person can choose to correct what a metric or device is."""
        return Json(
            Terms(
                quantities=[TermShape.of(term) for term in terms.quantities()],
                places=[TermShape.of(term) for term in terms.places()],
                roles=[TermShape.of(term) for term in terms.roles()],
                kinds=[TermShape.of(term) for term in terms.machine_kind_terms()],
            )
        )

    return router
