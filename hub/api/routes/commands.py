"""``/api/devices/{id}/commands`` and ``/api/commands``: tell a device to do something, and see what became of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from hub.api.errors import Json
from hub.api.schemas import requests
from hub.api.schemas.commands import CommandList, CommandShape
from hub.services.commands import Commands

WHO = "operator"
"""Who commands, until there are accounts."""


def routes(commands: Commands) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["commands"])

    @router.post("/devices/{device_id}/commands", status_code=202, response_model=CommandShape)
    async def send(
        device_id: str,
        body: requests.CommandWanted,
        idempotency_key: Annotated[str | None, Header(min_length=1, max_length=128)] = None,
    ) -> Response:
        """Tell a device to do something. What it takes stands in its ``info.commands``.

        A value that does not fit is refused with what would. A request that is repeated with the same
        ``Idempotency-Key`` gets the first command as its answer, and nothing is sent again.
        """
        sent = await commands.send(
            device_id, body.name, body.value, by=WHO, key=idempotency_key, expires_s=body.expires_in_s
        )
        return Json(CommandShape.of(sent), status_code=202)

    @router.get("/devices/{device_id}/commands", response_model=CommandList)
    async def listing(device_id: str, limit: Annotated[int, Query(ge=1, le=500)] = 50) -> Response:
        """Newest first."""
        return Json({"items": [CommandShape.of(one) for one in await commands.of_device(device_id, limit)]})

    @router.get("/commands/{command_id}", response_model=CommandShape)
    async def one(command_id: str) -> Response:
        return Json(CommandShape.of(await commands.get(command_id)))

    return router
