"""``/api/credentials``: let a device in, send it away. Behind it are the broker's own files."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from hub.api.change_log import ChangeLog
from hub.api.errors import Json
from hub.api.schemas import credentials as shapes
from hub.api.schemas.requests import CredentialWanted
from hub.runtime.network_addresses import is_loopback
from hub.runtime.qr import rows
from hub.services.credentials import Credentials

Name = Annotated[str, Path(max_length=128)]


def routes(credentials: Credentials, changes: ChangeLog) -> APIRouter:
    router = APIRouter(prefix="/api/credentials", tags=["credentials"])

    @router.get("", response_model=shapes.CredentialList)
    async def listing() -> Response:
        """Who has a password, without the hub itself. ``guarded``: the broker asks for one."""
        users = await asyncio.to_thread(credentials.users)
        items = [shapes.CredentialShape.of(user) for user in users]
        return Json({"items": items, "guarded": credentials.guarded, "managed": credentials.managed})

    @router.post("", status_code=201, response_model=shapes.IssuedShape)
    async def add(body: CredentialWanted, request: Request) -> Response:
        """A user and its password, which is shown this once. 409 for a name that has one. ``prefixes`` make it a
        bridge's: the topics that are its own."""
        issued = await asyncio.to_thread(credentials.add, body.name, body.prefixes, _reached_as(request))
        await changes.write(f"issued a credential for {body.name}")
        return Json(
            shapes.IssuedShape.of(issued, qr=rows(issued.address)),
            status_code=201,
            headers={"Cache-Control": "no-store"},
        )

    @router.get("/{name}/line", response_model=shapes.LineShape)
    async def line(name: Name, request: Request) -> Response:
        """A shell line that publishes a first reading of this device, without a password."""
        return Json({"line": credentials.line(name, host=_reached_as(request))})

    @router.delete("/{name}", response_model=shapes.RevokedShape)
    async def revoke(name: Name) -> Response:
        """Its password is void. ``told`` says whether the broker has been told: then its connection has ended too."""
        told = await asyncio.to_thread(credentials.revoke, name)
        await changes.write(f"revoked the credential of {name}")
        return Json({"told": told})

    return router


def _reached_as(request: Request) -> str | None:
    """A device elsewhere cannot call the broker 127.0.0.1; what the page is called by reaches this machine."""
    host = request.url.hostname
    if host is None or is_loopback(host) or host.rstrip(".").endswith(".localhost"):
        return None
    return host
