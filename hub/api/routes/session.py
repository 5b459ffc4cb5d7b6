"""Sign in with the token: ``POST /login``, ``POST /logout``, ``GET /api/session``."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from hub.api.auth import Authenticator, Proof
from hub.api.errors import problem
from hub.api.guard import throttled
from hub.api.schemas import requests, responses

LOGIN = "/login"
LOGIN_BYTES = 16 * 1024
"""Maximum size of a body before authentication."""


def routes(auth: Authenticator) -> APIRouter:
    router = APIRouter(tags=["session"])

    @router.post(LOGIN, status_code=204, max_body_size=LOGIN_BYTES)
    async def login(body: requests.Login, request: Request) -> Response:
        """Exchange the token for an HttpOnly session cookie, which event streams and WebSockets can use."""
        answer = Response(status_code=204)
        if auth.open:
            return answer
        value, wait = await auth.sign_in(body.token, request.scope)
        if wait:
            return throttled("/login", wait)
        if value is None:
            hint = "The hub prints it at its first start."
            return problem("/login", 401, "login", "The token is wrong.", hint)
        _set_cookie(answer, request, auth, value, auth.COOKIE_AGE_S)
        return answer

    @router.post("/logout", status_code=204)
    async def logout(request: Request) -> Response:
        """End the session, close its streams and WebSockets, and delete the cookie."""
        proof: Proof = request.state.proof
        if proof.session is not None:
            await auth.sign_out(proof.session)
        answer = Response(status_code=204)
        _set_cookie(answer, request, auth, "", 0)
        return answer

    @router.get("/api/session")
    async def get_session(request: Request) -> responses.SessionShape:
        """Return whether the hub requires a token, and whether this request is authenticated."""
        return {"auth": "open" if auth.open else "token", "authenticated": request.state.proof is not None}

    return router


def _set_cookie(answer: Response, request: Request, auth: Authenticator, value: str, age: int) -> None:
    answer.set_cookie(
        auth.cookie,
        value,
        max_age=age,
        path="/",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
