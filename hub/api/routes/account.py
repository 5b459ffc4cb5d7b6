"""``/api/account``: the own account, its password, sessions and API tokens."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from hub.accounts import Account
from hub.accounts.account import account_name, includes
from hub.api.auth import Authenticator, Proof
from hub.api.errors import Json
from hub.api.schemas import account_requests as requests
from hub.api.schemas import accounts as shapes
from hub.errors import Forbidden, NotFound

ShortId = Annotated[str, Path(max_length=64)]


def routes(auth: Authenticator) -> APIRouter:
    router = APIRouter(prefix="/api/account", tags=["account"])
    people = auth.people

    @router.get("", response_model=shapes.AccountShape)
    async def get_account(request: Request) -> Response:
        """Return the own account. Return 403 without one: in an open hub, and with the access token."""
        return Json(shapes.AccountShape.made_of(_account(request)))

    @router.patch("", response_model=shapes.AccountShape)
    async def rename_account(body: requests.ProfileEdit, request: Request) -> Response:
        """Change the own name."""
        renamed = await people.rename(_account(request).id, account_name(body.name))
        return Json(shapes.AccountShape.made_of(renamed))

    @router.post("/password", status_code=204)
    async def change_password(body: requests.PasswordChange, request: Request) -> Response:
        """Change the own password and sign out all other browsers. An API token cannot do this."""
        account, session = _account(request), request.state.proof.session
        if session is None:
            raise Forbidden("A password can be changed only in a browser that is signed in.", "Open the dashboard.")
        current, password = body.current.get_secret_value(), body.password.get_secret_value()
        await people.change_password(account, current, password, keep=session.key)
        return Response(status_code=204)

    @router.get("/sessions", response_model=shapes.SessionList)
    async def list_sessions(request: Request) -> Response:
        """Return the browsers that are signed in with the own account, most recently used first."""
        proof: Proof = request.state.proof
        sessions = people.sessions.of(_account(request).id)
        return Json({"items": [shapes.SessionShape.made_of(each, proof.session) for each in sessions]})

    @router.delete("/sessions/{session_id}", status_code=204)
    async def end_session(session_id: ShortId, request: Request) -> Response:
        """Sign out a browser and close its streams."""
        for session in people.sessions.of(_account(request).id):
            if session.key.startswith(session_id) and len(session_id) >= 16:
                await people.sessions.revoke(session.key)
                return Response(status_code=204)
        raise NotFound(f"There is no session {session_id!r}.", "GET /api/account/sessions lists them.")

    @router.get("/tokens", response_model=shapes.TokenList)
    async def list_tokens(request: Request) -> Response:
        """Return the own API tokens, newest first."""
        return Json({"items": [shapes.TokenShape.made_of(each) for each in people.tokens.of(_account(request).id)]})

    @router.post("/tokens", status_code=201, response_model=shapes.IssuedToken)
    async def create_token(body: requests.TokenWanted, request: Request) -> Response:
        """Create an API token and return its value, which cannot be read again. Needs a signed-in browser."""
        account, proof = _account(request), request.state.proof
        if proof.session is None:
            raise Forbidden("A token cannot create tokens.", "Sign in with the dashboard.")
        if not includes(account.role, body.role):
            raise Forbidden(f"Your role is {account.role}.", "A token cannot do more than its owner.")
        token, value = await people.tokens.create(account.id, body.name, body.role, body.days * 86_400.0)
        return Json({"value": value, "token": shapes.TokenShape.made_of(token)}, status_code=201)

    @router.delete("/tokens/{token_id}", status_code=204)
    async def revoke_token(token_id: ShortId, request: Request) -> Response:
        """Revoke an API token and close its streams."""
        await people.tokens.revoke(_account(request).id, token_id)
        return Response(status_code=204)

    return router


def _account(request: Request) -> Account:
    proof: Proof = request.state.proof
    if proof.account is None:
        raise Forbidden("This request belongs to no account.", "Sign in with name and password.")
    return proof.account
