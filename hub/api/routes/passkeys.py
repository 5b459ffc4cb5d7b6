"""Passkeys: sign in with one at ``/login/passkey``, and manage your own at ``/api/account/passkeys``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from hub.accounts.passkey_ceremonies import CopiedPasskey, RelyingParty, relying_party
from hub.api.audit_draft import note
from hub.api.auth import Authenticator, client_of
from hub.api.change_log import Change, ChangeLog
from hub.api.errors import Json, problem
from hub.api.guard import throttled
from hub.api.routes.account import account_of, signed_in
from hub.api.routes.session import SIGN_IN_BYTES, with_cookie
from hub.api.schemas import account_requests as requests
from hub.api.schemas import accounts as shapes
from hub.errors import Forbidden, Invalid

ShortId = Annotated[str, Path(max_length=64)]


def routes(auth: Authenticator, changes: ChangeLog) -> APIRouter:
    router = APIRouter()
    people = auth.people

    @router.post(
        "/login/passkey/challenge",
        tags=["session"],
        response_model=shapes.PasskeyOptions,
        max_body_size=SIGN_IN_BYTES,
        responses={422: {}},
    )
    async def begin_passkey_login(request: Request) -> Response:
        """Return a challenge for a passkey. It is valid once, for five minutes. Return 422 without HTTPS."""
        return Json(
            shapes.PasskeyOptions(
                options=await people.ceremonies.sign_in_options(_party(request), client_of(request.scope))
            )
        )

    @router.post("/login/passkey", tags=["session"], status_code=204, max_body_size=SIGN_IN_BYTES)
    async def log_in_with_passkey(body: requests.PasskeyResponse, request: Request) -> Response:
        """Sign in with a passkey. The browser's response names the account."""
        path, name = request.url.path, None
        try:
            passkey = await people.ceremonies.sign_in(body.credential, _party(request))
            account = people.accounts.active(passkey.account)
            if account is None:
                raise Forbidden("The account was disabled.", "Ask an administrator.")
        except (Forbidden, Invalid) as error:
            if isinstance(error, CopiedPasskey):
                name = people.accounts.require(error.passkey.account).name
                text = f"refused a passkey of {name}: it may have been copied"
                await changes.write("hub", Change("people.passkey_copied", text, {"name": name}))
            note("tried to sign in with a passkey", object=name or "")
            if wait := await auth.count_wrong(request.scope, name):
                return throttled(path, wait)
            return problem(path, 401, "login", error.message, error.hint)
        value = await auth.start_session(account, request.scope)
        return with_cookie(Response(status_code=204), request, auth, value)

    @router.get("/api/account/passkeys", tags=["account"], response_model=shapes.PasskeyList)
    async def list_passkeys(request: Request) -> Response:
        """Return your passkeys, oldest first."""
        own = people.passkeys.of_account(account_of(request).id)
        return Json(shapes.PasskeyList(items=[shapes.PasskeyShape.from_record(each) for each in own]))

    @router.post(
        "/api/account/passkeys/challenge", tags=["account"], response_model=shapes.PasskeyOptions, responses={422: {}}
    )
    async def begin_passkey(request: Request) -> Response:
        """Return a challenge for a new passkey, valid once, for five minutes. Needs a signed-in browser."""
        account, _ = signed_in(request)
        options = people.ceremonies.registration_options(account, _party(request), client_of(request.scope))
        return Json(shapes.PasskeyOptions(options=await options))

    @router.post("/api/account/passkeys", tags=["account"], status_code=201, response_model=shapes.PasskeyShape)
    async def add_passkey(body: requests.NewPasskey, request: Request) -> Response:
        """Register a passkey under a name. Needs a signed-in browser."""
        account, _ = signed_in(request)
        passkey = await people.ceremonies.register(account, body.name, body.credential, _party(request))
        change = Change("people.passkey", f"added the passkey {passkey.name}", {"name": passkey.name})
        await changes.write(account.name, change)
        return Json(shapes.PasskeyShape.from_record(passkey), status_code=201)

    @router.delete("/api/account/passkeys/{passkey_id}", tags=["account"], status_code=204)
    async def remove_passkey(passkey_id: ShortId, request: Request) -> Response:
        """Remove a passkey. Return 409 if it is your only way to sign in. Needs a signed-in browser."""
        account, _ = signed_in(request)
        passkey = await people.remove_passkey(account, passkey_id)
        change = Change("people.passkey_removed", f"removed the passkey {passkey.name}", {"name": passkey.name})
        await changes.write(account.name, change)
        return Response(status_code=204)

    return router


def _party(request: Request) -> RelyingParty:
    """Return the host under which the browser has opened the hub, as a relying party.

    Raises Invalid if browsers offer no passkeys for that host.
    """
    return relying_party(request.url.scheme, request.headers.get("host", ""))
