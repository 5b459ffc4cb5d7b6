"""``/api/enrolments``: devices get their own broker credentials with an enrolment key, which administrators create."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from hub.api.auth import Authenticator, By
from hub.api.change_log import Change, ChangeLog
from hub.api.errors import Json
from hub.api.guard import throttled
from hub.api.routes.credentials import broker_host
from hub.api.schemas import credentials as shapes
from hub.api.schemas.credential_requests import Enrolment, EnrolmentKeyWanted
from hub.errors import Forbidden
from hub.services.enrolments import Enrolments

DAY_MS = 86_400_000
KeyId = Annotated[str, Path(max_length=64)]


def routes(enrolments: Enrolments, auth: Authenticator, changes: ChangeLog) -> APIRouter:
    router = APIRouter(prefix="/api/enrolments", tags=["credentials"])

    @router.post("", status_code=201, response_model=shapes.EnrolledShape)
    async def enrol(body: Enrolment, request: Request) -> Response:
        """Create a user of the broker for a device that has an enrolment key, and return its password.

        Return 403 for a key that is wrong, used up, expired or revoked, and 409 for a device that is known already.
        """
        try:
            key, issued = await enrolments.enrol(body.key.get_secret_value(), body.name, broker_host(request))
        except Forbidden:
            if wait := await auth.count_wrong(request.scope):
                return throttled("/api/enrolments", wait)
            raise
        text = f"enrolled {body.name} with a key of {key.by}"
        await changes.write(
            "hub", Change("enrolment.used", text, {"name": body.name, "key": key.id, "by": key.by}, body.name)
        )
        return Json(shapes.EnrolledShape.of(issued), status_code=201, headers={"Cache-Control": "no-store"})

    @router.get("/keys", response_model=shapes.EnrolmentKeyList)
    async def list_keys() -> Response:
        """Return the enrolment keys that can still be used, without their values."""
        return Json(
            shapes.EnrolmentKeyList(items=[shapes.EnrolmentKeyShape.of(key) for key in await enrolments.keys()])
        )

    @router.post("/keys", status_code=201, response_model=shapes.NewEnrolmentKeyShape)
    async def create_key(body: EnrolmentKeyWanted, by: By) -> Response:
        """Make an enrolment key and return it. It cannot be read again later."""
        key, value = await enrolments.create_key(body.prefix, body.devices, body.days * DAY_MS, by)
        text = f"made an enrolment key for {body.devices} devices"
        await changes.write(by, Change("enrolment.key", text, {"key": key.id, "devices": body.devices}, key.id))
        shape = shapes.NewEnrolmentKeyShape.of(key, key=value)
        return Json(shape, status_code=201, headers={"Cache-Control": "no-store"})

    @router.delete("/keys/{key_id}", status_code=204)
    async def revoke_key(key_id: KeyId, by: By) -> Response:
        """Revoke an enrolment key. The devices that used it keep their credentials."""
        await enrolments.revoke_key(key_id)
        await changes.write(by, Change("enrolment.key_revoked", "revoked an enrolment key", {"key": key_id}))
        return Response(status_code=204)

    return router
