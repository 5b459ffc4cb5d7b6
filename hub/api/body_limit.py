"""How long a request may be: what it announces is judged before anything of it is read.

A body that announces no length is counted while it streams, by the limit of its route; the connection is then closed,
since it may never end.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.api.errors import too_large

DRAINED = 64 * 1024 * 1024
"""Up to this length the rest of a refused body is let pass, so that the client gets to read the answer: many see only
a broken connection when it is closed under them."""


class Sizes:
    """``limit(path)`` is the most bytes a request to ``path`` may have."""

    def __init__(self, app: ASGIApp, *, limit: Callable[[str], int]) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        announced = _announced(scope) if scope["type"] == "http" else 0
        if announced > self._limit(scope.get("path", "")):
            answer = too_large(scope["path"], close=announced > DRAINED)
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _announced(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else 0
