"""Refuse requests whose ``Content-Length`` is too large, before the body is read.

A body without ``Content-Length`` is counted while it streams, against the limit of its route. If it is too large, the
connection is closed, because the body may never end.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.api.errors import too_large

DRAINED = 64 * 1024 * 1024
"""Maximum size of a refused body, in bytes, that is still read.

If the hub read nothing, the client would get a broken connection instead of the response.
"""


class BodyLimit:
    """ASGI middleware that refuses bodies that are too large.

    ``limit(path)`` returns the maximum size of the body of a request to ``path``, in bytes.
    """

    def __init__(self, app: ASGIApp, *, limit: Callable[[str], int]) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = _content_length(scope) if scope["type"] == "http" else 0
        if length > self._limit(scope.get("path", "")):
            answer = too_large(scope["path"], close=length > DRAINED)
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _content_length(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else 0
