"""The HTTP interface of a hub that waits for its database: probes, and 503 for everything else."""

from __future__ import annotations

import hmac

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

RETRY_S = "2"


class StandbyApp:
    """An ASGI application that answers until the hub has its database.

    Args:
        command_token: The token that ``hub`` commands on this machine send. Only the response to a request with it says
            what the hub waits for, because that text contains addresses.
    """

    def __init__(self, command_token: str) -> None:
        self.waits_for = ""
        """What the hub waits for."""
        self.is_standby = False
        """Whether it waits for another hub to give up the database, and not for the database."""
        self._expected = f"Bearer {command_token}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._answer(Request(scope))(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            # Accepted first: a page cannot read why a handshake was refused.
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": 1013})  # try again later

    def _answer(self, request: Request) -> Response:
        path = request.url.path
        if path == "/healthz":
            return JSONResponse({"status": "ok"})
        headers = {"Retry-After": RETRY_S}
        if path == "/readyz":
            private = {"missing": [self.waits_for]} if self._is_command(request) else {}
            return JSONResponse({"status": "standby" if self.is_standby else "waiting", **private}, 503, headers)
        waits = "is a stand-by: another hub serves its database" if self.is_standby else "waits for its database"
        return PlainTextResponse(f"This hub {waits}.\n", 503, headers)

    def _is_command(self, request: Request) -> bool:
        given = request.headers.get("authorization", "")
        return hmac.compare_digest(given.encode(), self._expected.encode())
