"""``/api/credentials``: create, list and revoke credentials of the MQTT broker."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from hub.api.auth import By
from hub.api.change_log import Change, ChangeLog
from hub.api.errors import Json
from hub.api.schemas import credentials as shapes
from hub.api.schemas.credential_requests import CertificateWanted, CredentialWanted
from hub.runtime.network_addresses import is_loopback
from hub.runtime.qr import rows
from hub.services.credentials import Credentials, IssuedBundle

Name = Annotated[str, Path(max_length=128)]


def routes(credentials: Credentials, changes: ChangeLog) -> APIRouter:
    router = APIRouter(prefix="/api/credentials", tags=["credentials"])

    @router.get("", response_model=shapes.CredentialList)
    async def list_credentials() -> Response:
        """Return the users that may connect to the MQTT broker, without the hub itself."""
        users = await asyncio.to_thread(credentials.users)
        items = [shapes.CredentialShape.of(user) for user in users]
        return Json(shapes.CredentialList(items=items, guarded=credentials.guarded, managed=credentials.managed))

    @router.post("", status_code=201, response_model=shapes.IssuedShape)
    async def create_credential(body: CredentialWanted, request: Request, by: By) -> Response:
        """Create a user of the broker and return its password. The password cannot be read again later.

        With `prefixes`, the user is a bridge that may use all topics below these prefixes. Return 409 if the name
        exists.
        """
        issued = await asyncio.to_thread(credentials.add, body.name, body.prefixes, broker_host(request))
        await changes.write(
            by, Change("credential.issued", f"issued a credential for {body.name}", {"name": body.name}, body.name)
        )
        return Json(
            shapes.IssuedShape.of(issued, qr=rows(issued.address)),
            status_code=201,
            headers={"Cache-Control": "no-store"},
        )

    @router.post("/certificates", status_code=201, response_model=shapes.BundleShape)
    async def create_certificate(body: CertificateWanted, by: By) -> Response:
        """Create a user of the broker with a certificate. Return the certificate and its private key.

        The key cannot be read again later. Return 409 if the name exists.
        """
        issued = await asyncio.to_thread(credentials.certify, body.name, body.prefixes, body.days)
        return await give(issued, by)

    @router.post("/{name}/renew", status_code=201, response_model=shapes.BundleShape)
    async def renew_certificate(name: Name, by: By) -> Response:
        """Issue another certificate for a user that has one. The earlier certificate stays valid until it expires."""
        return await give(await asyncio.to_thread(credentials.renew, name), by)

    async def give(issued: IssuedBundle, by: str) -> Response:
        what = {"name": issued.name, "expires_at": issued.bundle.ends}
        await changes.write(
            by, Change("credential.issued", f"issued a certificate for {issued.name}", what, issued.name)
        )
        body = shapes.BundleShape.from_record(issued)
        return Json(body, status_code=201, headers={"Cache-Control": "no-store"})

    @router.get("/ca", response_class=Response, responses={404: {}})
    async def get_ca(request: Request) -> Response:
        """Return the certificate of the hub's own CA, which clients have to trust. Return 404 if there is none yet."""
        ca = await asyncio.to_thread(credentials.ca)
        headers = {"Content-Disposition": 'attachment; filename="watchkeeper-ca.crt"'}
        return Response(ca, media_type="application/x-x509-ca-cert", headers=headers)

    @router.get("/{name}/line", response_model=shapes.LineShape)
    async def get_sample_command(name: Name, request: Request) -> Response:
        """Return a shell command that publishes a first reading of this device. The command contains no password."""
        return Json(shapes.LineShape(line=credentials.line(name, host=broker_host(request))))

    @router.delete("/{name}", response_model=shapes.RevokedShape)
    async def revoke_credential(name: Name, by: By) -> Response:
        """Revoke a credential. `told` is true if the broker has applied it and closed the user's connections."""
        reloaded = await asyncio.to_thread(credentials.revoke, name)
        await changes.write(by, Change("credential.revoked", f"revoked the credential of {name}", {"name": name}))
        return Json(shapes.RevokedShape(told=reloaded))

    return router


def broker_host(request: Request) -> str | None:
    """Return the host name under which the client reached the hub. Devices can reach the broker under the same name.

    Return None for a name that only works on the hub's own machine, such as ``localhost``.
    """
    host = request.url.hostname
    if host is None or is_loopback(host) or host.rstrip(".").endswith(".localhost"):
        return None
    return host
