"""Send HTTP requests to receivers of notifications.

Within :func:`kept_connections`, requests to the same server use the same connection. Otherwise, each message of a storm
of alerts would need a TCP and a TLS handshake.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.notifications.http_session import HttpSession

_kept: ContextVar[_Kept | None] = ContextVar("kept connections", default=None)


class _Kept:
    """The session of one task, None before its first request."""

    session: HttpSession | None = None


@asynccontextmanager
async def kept_connections() -> AsyncIterator[None]:
    """Let the HTTP requests that this task sends share their connections while the context is open.

    The connections are closed when the context ends.
    """
    kept = _Kept()
    token = _kept.set(kept)
    try:
        yield
    finally:
        _kept.reset(token)
        if kept.session is not None:
            await kept.session.close()


async def post(url: str, content: bytes, headers: Mapping[str, str], method: str = "POST") -> None:
    """Send one request. Redirects are not followed.

    A GET request may be sent twice, a POST request is sent once.

    Raises DeliveryFailed, whose ``reason`` says what kind of failure it is.
    """
    # Imported at the first request: it takes 0.1 s and 7 MB, which hubs without such receivers need not spend.
    from hub.notifications.http_session import HttpSession

    kept = _kept.get()
    if kept is None:
        async with kept_connections():
            await post(url, content, headers, method)
            return
    if kept.session is None:
        kept.session = HttpSession()
    await kept.session.send(method, url, content, headers)
