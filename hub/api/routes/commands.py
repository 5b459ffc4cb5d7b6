"""``/api/devices/{id}/commands`` and ``/api/commands``: send commands to devices and read their state."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from hub.api.audit_draft import note
from hub.api.auth import By
from hub.api.errors import Json
from hub.api.field_changes import masked
from hub.api.schemas import requests
from hub.api.schemas.commands import CommandList, CommandShape
from hub.services.commands import Commands


def routes(commands: Commands) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["commands"])

    @router.post("/devices/{device_id}/commands", status_code=202, response_model=CommandShape)
    async def send_command(
        device_id: str,
        body: requests.CommandWanted,
        by: By,
        idempotency_key: Annotated[str | None, Header(min_length=1, max_length=128)] = None,
    ) -> Response:
        """Send a command to a device. The device's `info.commands` lists its commands and their values.

        A value that is not allowed is refused with 422. A request that is repeated with the same `Idempotency-Key`
        returns the first command, and nothing is sent again.
        """
        sent = await commands.send(
            device_id, body.name, body.value, by=by, key=idempotency_key, expires_s=body.expires_in_s
        )
        note(f"sent {body.name} to {device_id}", value=masked(body.name, body.value), command_id=sent.id)
        return Json(CommandShape.of(sent), status_code=202)

    @router.get("/devices/{device_id}/commands", response_model=CommandList)
    async def list_commands(device_id: str, limit: Annotated[int, Query(ge=1, le=500)] = 50) -> Response:
        """Return the last commands to a device, newest first."""
        return Json(CommandList(items=[CommandShape.of(one) for one in await commands.of_device(device_id, limit)]))

    @router.get("/commands/{command_id}", response_model=CommandShape)
    async def get_command(command_id: str) -> Response:
        """Return a command with its state."""
        return Json(CommandShape.of(await commands.get(command_id)))

    return router
