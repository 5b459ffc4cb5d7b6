"""Logging in with the token: ``POST /login``, ``POST /logout``, ``GET /api/session``."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from hub.api import shapes, wire
from hub.api.auth import Access, address_of, throttled
from hub.api.problems import problem


def routes(access: Access) -> APIRouter:
    router = APIRouter(tags=["session"])

    @router.post("/login", status_code=204, responses={401: {"description": "Not the token"}, 429: {}})
    async def login(body: wire.Login, request: Request) -> Response:
        """Change the token for an HttpOnly cookie, which event streams and sockets can carry."""
        address = address_of(request.scope)
        if wait := access.retry_after(address):
            return throttled("/login", wait)
        if not access.open and not access.accepts(body.token, address):
            return problem(
                "/login", 401, "login", "This is not the hub's token.", "The hub prints it at its first start."
            )
        answer = Response(status_code=204)
        if not access.open:
            _set_cookie(answer, request, access, access.cookie_value(), access.COOKIE_AGE_S)
        return answer

    @router.post("/logout", status_code=204)
    async def logout(request: Request) -> Response:
        """Take the cookie away."""
        answer = Response(status_code=204)
        _set_cookie(answer, request, access, "", 0)
        return answer

    @router.get("/api/session")
    async def session(request: Request) -> shapes.SessionShape:
        """Whether the hub asks for a token, and whether this request has shown it."""
        proven = access.proof(request.headers, address_of(request.scope)) is not None
        return {"auth": "open" if access.open else "token", "authenticated": proven}

    return router


def _set_cookie(answer: Response, request: Request, access: Access, value: str, age: int) -> None:
    answer.set_cookie(
        access.cookie,
        value,
        max_age=age,
        path="/",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
