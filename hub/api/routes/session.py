"""Sign in and out: ``POST /login``, ``POST /logout``, ``GET /api/session``, and ``/api/welcome`` for one-time links."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response

from hub.accounts.permissions import SIGNED_OUT
from hub.api.auth import Authenticator, client_of
from hub.api.change_log import Change, ChangeLog
from hub.api.clients import is_secure, root_path_of
from hub.api.errors import Json, problem
from hub.api.guard import throttled
from hub.api.proof import Proof
from hub.api.schemas import account_requests as requests
from hub.api.schemas.accounts import AccountShape, LinkShape, SignInShape
from hub.errors import Forbidden

SIGN_IN_BYTES = 16 * 1024
"""Maximum size of the body of requests that need no authentication, in bytes."""
SIGN_IN_PATHS = tuple(operation.split()[1] for operation in sorted(SIGNED_OUT) if operation.startswith("POST"))


def routes(auth: Authenticator, changes: ChangeLog, provider: str | None = None) -> APIRouter:
    """Return the routes. ``provider`` is the name of the OpenID provider, None without one."""
    router = APIRouter(tags=["session"])
    people = auth.people

    @router.post("/login", status_code=204, max_body_size=SIGN_IN_BYTES)
    async def login(body: requests.Login, request: Request) -> Response:
        """Sign in with name and password, or with the access token.

        The session cookie is HttpOnly; event streams and WebSockets can use it.
        """
        if auth.open:
            return Response(status_code=204)
        if body.name is not None and body.password is not None:
            wrong, hint = (
                "The name or the password is wrong.",
                "Somebody who forgot it can ask an administrator for a link.",
            )
            value, wait = await auth.sign_in(body.name, body.password.get_secret_value(), request.scope)
        else:
            wrong, hint = "The token is wrong.", "`hub token` prints it on the hub's machine."
            token = body.token.get_secret_value() if body.token else ""
            value, wait = await auth.sign_in_with_token(token, request.scope)
        if wait:
            return throttled("/login", wait)
        if value is None:
            return problem("/login", 401, "login", wrong, hint)
        return with_cookie(Response(status_code=204), request, auth, value)

    @router.post("/api/welcome/check", response_model=LinkShape, max_body_size=SIGN_IN_BYTES)
    async def check_link(body: requests.LinkGiven, request: Request) -> Response:
        """Return what a one-time link is for. Return 403 if it was used or has expired."""
        try:
            link = await asyncio.to_thread(people.find_link, body.link.get_secret_value())
        except Forbidden:
            if wait := await auth.count_wrong(request.scope):
                return throttled("/api/welcome/check", wait)
            raise
        account = people.accounts.active(link.account)
        name = account.name if account else None
        return Json(LinkShape(role=link.role, account=name, expires_at=round(link.expires * 1000)))

    @router.post("/api/welcome", response_model=AccountShape, max_body_size=SIGN_IN_BYTES)
    async def accept_link(body: requests.Welcome, request: Request) -> Response:
        """Use a one-time link and sign in: create a new account, or set the new password of an existing account.

        If nobody had to sign in to the hub until now, all other links become invalid, because anybody could have
        created them.
        """
        was_open = auth.open
        try:
            account = await people.accept(
                body.link.get_secret_value(),
                body.name or "",
                body.password.get_secret_value(),
                client_of(request.scope),
            )
        except Forbidden:
            if wait := await auth.count_wrong(request.scope):
                return throttled("/api/welcome", wait)
            raise
        if was_open:
            await people.links.clear()
        value = await auth.start_session(account, request.scope)
        await changes.write(account.name, Change("people.accepted", "used a one-time link", {"role": account.role}))
        return with_cookie(Json(AccountShape.from_record(account)), request, auth, value)

    @router.post("/logout", status_code=204)
    async def logout(request: Request) -> Response:
        """End the session, close its streams and WebSockets, and delete the cookie."""
        proof: Proof = request.state.proof
        if proof.session is not None:
            await auth.sign_out(proof.session)
        return with_cookie(Response(status_code=204), request, auth, None)

    @router.get("/api/session", response_model=SignInShape)
    async def get_session(request: Request) -> Response:
        """Return how this request is authenticated, and the possible ways to sign in."""
        proof: Proof | None = request.state.proof
        account = proof.account if proof else None
        found = SignInShape(
            auth="open" if auth.open else "token",
            authenticated=proof is not None,
            accounts=bool(people.accounts),
            passkeys=bool(people.passkeys),
            openid=provider,
            token=auth.has_token,
            role=proof.role if proof else None,
            account=AccountShape.from_record(account) if account else None,
        )
        return Json(found)

    return router


def with_cookie(answer: Response, request: Request, auth: Authenticator, value: str | None) -> Response:
    """Set the session cookie in ``answer`` to ``value``, and return ``answer``. With None, delete the cookie."""
    secure, path = is_secure(request.scope), f"{root_path_of(request.scope)}/"
    answer.set_cookie(
        auth.cookie_of(request.scope),
        value or "",
        max_age=auth.COOKIE_AGE_S if value else 0,
        path=path,
        httponly=True,
        samesite="strict",
        secure=secure,
    )
    if secure and auth.cookie in request.cookies:
        answer.delete_cookie(auth.cookie, path)  # from before the hub used HTTPS
    return answer
