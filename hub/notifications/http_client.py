"""Send HTTP requests to receivers of notifications.

Within :func:`kept_connections`, requests to the same server share a connection. So not every message of an alert storm
needs its own TCP and TLS handshake.
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
    """The connections that one task shares. ``session`` is None before the first request."""

    session: HttpSession | None = None


@asynccontextmanager
async def kept_connections() -> AsyncIterator[None]:
    """Let the HTTP requests of this task share connections within the context, and close them at its end."""
    kept = _Kept()
    token = _kept.set(kept)
    try:
        yield
    finally:
        _kept.reset(token)
        if kept.session is not None:
            await kept.session.close()


async def post(url: str, content: bytes, headers: Mapping[str, str], method: str = "POST") -> None:
    """Send one HTTP request. Redirects are not followed.

    A GET request may be sent twice, a POST request is sent once. Raises DeliveryFailed with the ``reason`` of the
    failure.
    """
    # Imported at the first request, because the import takes 0.1 s and 7 MB, and many hubs send no requests.
    from hub.notifications.http_session import HttpSession

    kept = _kept.get()
    if kept is None:
        async with kept_connections():
            await post(url, content, headers, method)
            return
    if kept.session is None:
        kept.session = HttpSession()
    await kept.session.send(method, url, content, headers)
