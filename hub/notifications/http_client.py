"""Send HTTP requests to receivers of notifications. Only this file of the package imports httpx2.

Within :func:`kept_connections`, requests to the same server use the same connection: a storm of alerts would otherwise
pay a TCP and a TLS handshake for each message.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from functools import cache
from urllib.parse import urlsplit

import httpx2

from hub.ai.address_guard import pin
from hub.errors import AiError
from hub.notifications.base import DeliveryFailed

TIMEOUT_S = 10.0
MAX_ANSWER = 2_048
"""Bytes of an answer that are read."""
MAX_RETRY_AFTER_S = 600.0
MAX_KEPT = 8
"""Servers that a task stays connected to."""
KEEP_S = 2.0
"""An idle connection is not used after this time: servers close theirs after 5 s and more."""
_AUTH = (401, 403, 407)
_BUSY = (408, 425, 429)


_kept: ContextVar[_Kept | None] = ContextVar("kept connections", default=None)


class _Kept:
    """Clients of one task, each with the connection to one server.

    A server is a scheme, host name and port. One client for all would use a connection by its IP address, and so send
    a message for one host name to a server that has proved another one.
    """

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self._clients: dict[tuple[str, str], httpx2.AsyncClient] = {}

    async def client(self, url: str) -> httpx2.AsyncClient:
        parts = urlsplit(url)
        server = parts.scheme, parts.netloc
        if (client := self._clients.get(server)) is None:
            if len(self._clients) >= MAX_KEPT:
                await self._stack.aclose()
                self._clients.clear()
            client = self._clients[server] = await self._stack.enter_async_context(_new_client())
        return client


@asynccontextmanager
async def kept_connections() -> AsyncIterator[None]:
    """Let the requests that this task sends in the block share their connections; close them at its end."""
    async with AsyncExitStack() as stack:
        token = _kept.set(_Kept(stack))
        try:
            yield
        finally:
            _kept.reset(token)


async def post(url: str, content: bytes, headers: Mapping[str, str], method: str = "POST") -> None:
    """Send one request. Redirects are not followed.

    Raises DeliveryFailed with the class of the reason. The error quotes at most the beginning of the response.
    """
    try:
        async with AsyncExitStack() as stack:
            kept = _kept.get()
            client = await (stack.enter_async_context(_new_client()) if kept is None else kept.client(url))
            answer = await stack.enter_async_context(client.stream(method, url, content=content, headers=dict(headers)))
            body = b""
            async for part in answer.aiter_raw():
                body += part
                if len(body) >= MAX_ANSWER:
                    break
        if not answer.is_success:
            raise _failure(answer.status_code, body, answer.headers.get("retry-after"))
    except AiError as error:
        raise DeliveryFailed("rejected", error.message) from None
    except (httpx2.ConnectTimeout, httpx2.ConnectError) as error:
        raise DeliveryFailed("unreachable", f"{type(error).__name__}: {error}") from None
    except httpx2.TimeoutException:
        raise DeliveryFailed("timeout", f"No answer within {TIMEOUT_S:g} s.", maybe=True) from None
    except UnicodeError:
        raise DeliveryFailed("rejected", "Host name and headers may only have ASCII characters.") from None
    except httpx2.InvalidURL:
        raise DeliveryFailed("rejected", "The URL is not valid.") from None
    except httpx2.HTTPError as error:
        raise DeliveryFailed("unreachable", f"{type(error).__name__}: {error}", maybe=True) from None


def _new_client() -> httpx2.AsyncClient:
    limits = httpx2.Limits(max_keepalive_connections=1, keepalive_expiry=KEEP_S)
    return httpx2.AsyncClient(
        verify=_tls(), timeout=TIMEOUT_S, follow_redirects=False, limits=limits, event_hooks={"request": [pin]}
    )


@cache
def _tls() -> ssl.SSLContext:
    """Return the TLS settings with the trusted certificates. They are cached: reading them takes 40 ms."""
    return httpx2.create_ssl_context()


def _failure(status: int, body: bytes, retry_after: str | None) -> DeliveryFailed:
    text = f"HTTP {status}: {body[:MAX_ANSWER].decode('utf-8', 'replace')}"
    if status in _AUTH:
        return DeliveryFailed("auth", text)
    if status in _BUSY or (status == 503 and retry_after):
        return DeliveryFailed("rate_limit", text, _seconds(retry_after))
    return DeliveryFailed("unreachable" if status >= 500 else "rejected", text)


def _seconds(retry_after: str | None) -> float | None:
    """Return Retry-After in seconds; dates are ignored."""
    if retry_after is None or not retry_after.strip().isdecimal():
        return None
    return min(float(retry_after.strip()[:9]), MAX_RETRY_AFTER_S)
