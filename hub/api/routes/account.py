"""``/api/account``: the requester's own account: password, sessions and API tokens."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from hub.accounts import Account, Session
from hub.accounts.account import includes
from hub.ai.budget import DailyUsage
from hub.ai.providers import ProviderChain
from hub.api.audit_draft import note
from hub.api.auth import Authenticator, client_of
from hub.api.change_log import Change, ChangeLog
from hub.api.errors import Json
from hub.api.guard import throttled
from hub.api.proof import Proof
from hub.api.requested_limits import limits_of
from hub.api.schemas import account_requests as requests
from hub.api.schemas import accounts as shapes
from hub.api.schemas.models import PersonUsageShape
from hub.errors import Forbidden, NotFound
from hub.services.areas import Areas

ShortId = Annotated[str, Path(max_length=64)]


def routes(auth: Authenticator, changes: ChangeLog, areas: Areas, providers: ProviderChain) -> APIRouter:
    router = APIRouter(prefix="/api/account", tags=["account"])
    people = auth.people

    @router.get("", response_model=shapes.AccountShape)
    async def get_account(request: Request) -> Response:
        """Return your account. Return 403 if the request has none: at an open hub, and with the access token."""
        return Json(shapes.AccountShape.from_record(account_of(request)))

    @router.patch("", response_model=shapes.AccountShape)
    async def edit_account(body: requests.ProfileEdit, request: Request) -> Response:
        """Change your name, language, units or time zone. An API token cannot do this."""
        account, _ = signed_in(request)
        renamed = await people.edit_own(account, name=body.name, profile=body.profile())
        if renamed.name != account.name:
            change = Change("people.renamed", f"is now called {renamed.name}", {"name": renamed.name})
            await changes.write(account.name, change)
        return Json(shapes.AccountShape.from_record(renamed))

    @router.get("/ai", response_model=PersonUsageShape)
    async def get_own_ai_usage(request: Request) -> Response:
        """Return the model calls, tokens and money that you have used today, and your limits.

        Return 403 without an account.
        """
        settings, budget = providers.settings, providers.budget
        used = budget.today_by_person().get(account_of(request).id, DailyUsage())
        return Json(
            PersonUsageShape(
                calls=used.calls,
                tokens=used.tokens,
                money=used.money,
                calls_limit=settings.person_daily_calls,
                tokens_limit=settings.person_daily_tokens,
                money_limit=settings.person_daily_money,
                resets_at=budget.resets_at,
                cloud=request.state.proof.role in settings.cloud_roles,
            )
        )

    @router.post("/password", status_code=204, responses={429: {}})
    async def change_password(body: requests.PasswordChange, request: Request) -> Response:
        """Change your password and sign out all other browsers. An API token cannot do this."""
        account, session = signed_in(request)
        changed = await people.change_password(
            account,
            body.current.get_secret_value(),
            body.password.get_secret_value(),
            keep=session.key,
            client=client_of(request.scope),
        )
        if not changed:
            if wait := await auth.count_wrong(request.scope, account.name):
                return throttled(request.url.path, wait)
            raise Forbidden("The current password is wrong.", "If you forgot it, ask an administrator for a link.")
        await changes.write(account.name, Change("people.password", "changed their password"))
        return Response(status_code=204)

    @router.get("/sessions", response_model=shapes.SessionList)
    async def list_sessions(request: Request) -> Response:
        """Return the browsers that are signed in with your account, most recently used first."""
        proof: Proof = request.state.proof
        sessions = people.sessions.of_account(account_of(request).id)
        return Json(
            shapes.SessionList(items=[shapes.SessionShape.from_record(each, proof.session) for each in sessions])
        )

    @router.delete("/sessions/{session_id}", status_code=204)
    async def end_session(session_id: ShortId, request: Request) -> Response:
        """Sign out a browser and close its streams. An API token cannot do this."""
        for session in people.sessions.of_account(signed_in(request)[0].id):
            if session.key.startswith(session_id) and len(session_id) >= 16:
                await people.sessions.revoke(session.key)
                return Response(status_code=204)
        raise NotFound(f"There is no session {session_id!r}.", "GET /api/account/sessions lists them.")

    @router.get("/tokens", response_model=shapes.TokenList)
    async def list_tokens(request: Request) -> Response:
        """Return your API tokens, newest first."""
        return Json(
            shapes.TokenList(
                items=[shapes.TokenShape.from_record(each) for each in people.tokens.of_account(account_of(request).id)]
            )
        )

    @router.post("/tokens", status_code=201, response_model=shapes.IssuedToken)
    async def create_token(body: requests.TokenWanted, request: Request) -> Response:
        """Create an API token and return its value, which cannot be read again. Needs a signed-in browser."""
        account, _ = signed_in(request)
        if not includes(account.role, body.role):
            raise Forbidden(f"Your role is {account.role}.", "A token cannot do more than its owner.")
        limits = limits_of(body.limits, areas.tree)
        token, value = await people.tokens.create(account.id, body.name, body.role, body.days * 86_400.0, limits)
        note(object=token.id, name=token.name)
        text = f"created an API token as {token.role}"
        await changes.write(account.name, Change("people.token", text, {"role": token.role}))
        return Json(shapes.IssuedToken(value=value, token=shapes.TokenShape.from_record(token)), status_code=201)

    @router.delete("/tokens/{token_id}", status_code=204)
    async def revoke_token(token_id: ShortId, request: Request) -> Response:
        """Revoke an API token and close its streams. Needs a signed-in browser, or the token itself."""
        proof: Proof = request.state.proof
        account = account_of(request) if proof.key == token_id else signed_in(request)[0]
        await people.tokens.revoke(account.id, token_id)
        await changes.write(account.name, Change("people.token_revoked", "revoked an API token"))
        return Response(status_code=204)

    return router


def account_of(request: Request) -> Account:
    proof: Proof = request.state.proof
    if proof.account is None:
        raise Forbidden("This request is not authenticated by an account.", "Sign in with name and password.")
    return proof.account


def signed_in(request: Request) -> tuple[Account, Session]:
    """Return the account and the session of the person who is signed in.

    Raises Forbidden for an API token: its role may be lower than the person's, so it must not change the account.
    """
    account, session = account_of(request), request.state.proof.session
    if session is None:
        raise Forbidden("An API token cannot change its account.", "Sign in with the dashboard.")
    return account, session
