"""Send HTTP requests to receivers of notifications."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping
from functools import cache
from ipaddress import ip_address

from aiohappyeyeballs import AddrInfoType, start_connection

from hub.ai.address_guard import refusal, resolve
from hub.errors import AiError
from hub.notifications.base import DeliveryFailed
from hub.notifications.http_connection import BadResponse, ClientConnection, HttpResponse
from hub.notifications.request_target import RequestTarget, parse_target
from hub.server_urls import is_forbidden

TIMEOUT_S = 10.0
"""Maximum time in seconds to connect, and to wait for data each time."""
REQUEST_S = 20.0
"""Maximum time in seconds for a whole request."""
MAX_RETRY_AFTER_S = 600.0
KEEP_S = 2.0
"""Seconds after which an idle connection is not used again: servers close idle connections after 5 s or more."""
NEXT_ADDRESS_S = 0.25
"""If a connection to an address of a host takes longer, the next address is tried at the same time (RFC 8305)."""
_OWN_HEADERS = {"user-agent": "Watchkeeper", "accept": "*/*", "accept-encoding": "identity"}
_AUTH = (401, 403, 407)
_BUSY = (408, 425, 429)


class HttpSession:
    """Sends requests one after another. Requests to the same server use the same connection.

    The session uses no proxy, stores no cookies, and follows no redirect. Each request is sent at most once.
    """

    def __init__(self) -> None:
        self._connections: dict[tuple[bool, str, int], ClientConnection] = {}
        self._targets: dict[str, RequestTarget] = {}  # by URL

    async def close(self) -> None:
        """Close all connections."""
        for each in self._connections.values():
            each.close()
        self._connections.clear()

    async def send(self, method: str, url: str, content: bytes, headers: Mapping[str, str]) -> None:
        """Send one request.

        Raises DeliveryFailed, whose ``reason`` is the kind of failure. The error quotes at most the beginning of the
        response, and not the URL, which may contain secrets.
        """
        if not all(each.isascii() for each in headers.values()):
            raise DeliveryFailed("rejected", "Headers may only have ASCII characters.")
        try:
            if url not in self._targets:
                self._targets[url] = parse_target(url)
            data = request_bytes(method, self._targets[url], content, headers)
        except ValueError:
            raise DeliveryFailed("rejected", "The URL or a header is not valid.") from None
        try:
            async with asyncio.timeout(REQUEST_S):
                response = await self._response(self._targets[url], data)
        except TimeoutError:
            raise DeliveryFailed("timeout", f"No answer within {TIMEOUT_S:g} s.", maybe=True) from None
        except BadResponse as error:
            raise DeliveryFailed("unreachable", str(error), maybe=True) from None
        if not 200 <= response.status < 300:
            raise _failure(response)

    async def _response(self, target: RequestTarget, data: bytes) -> HttpResponse:
        """Send a request over an open connection to its server or over a new one. Return the response."""
        now = asyncio.get_running_loop().time()
        for server, each in list(self._connections.items()):
            if each.closed or now - each.used_at > KEEP_S:
                self._connections.pop(server).close()
        if target.server not in self._connections:
            self._connections[target.server] = await _connected(target)
        return await self._connections[target.server].request(data)


def request_bytes(method: str, target: RequestTarget, content: bytes, headers: Mapping[str, str]) -> bytes:
    """Return a request as it is sent. Raises ValueError for a header with characters that are not allowed."""
    sent = {"host": target.host_header, **_OWN_HEADERS, **headers}
    if target.authorization:
        if "authorization" in headers:
            raise ValueError("The request has two authorizations.")
        sent["authorization"] = target.authorization
    if content or method == "POST":
        sent["content-length"] = str(len(content))
        sent.setdefault("content-type", "application/octet-stream")
    if not all(each.isprintable() for each in sent.values()):
        raise ValueError("A header has control characters.")
    head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    return f"{method} {target.path} HTTP/1.1\r\n{head}\r\n".encode("ascii") + content


async def _connected(target: RequestTarget) -> ClientConnection:
    """Return a new connection to a server. Raises DeliveryFailed."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(TIMEOUT_S):
            sock = await start_connection(
                await _addresses(target.host, target.port),
                happy_eyeballs_delay=NEXT_ADDRESS_S,
                interleave=1,
                socket_factory=_allowed_socket,
            )
            try:
                _, connection = await loop.create_connection(
                    lambda: ClientConnection(TIMEOUT_S),
                    sock=sock,
                    ssl=_tls() if target.secure else None,
                    server_hostname=target.host if target.secure else None,
                )
            except BaseException:
                sock.close()
                raise
        return connection
    except AiError as error:
        raise DeliveryFailed("rejected", error.message) from None
    except _ForbiddenAddress:
        raise DeliveryFailed("rejected", refusal(target.host).message) from None
    except TimeoutError:
        raise DeliveryFailed("unreachable", f"No connection within {TIMEOUT_S:g} s.") from None
    except (OSError, RuntimeError) as error:  # uvloop raises RuntimeError for some addresses
        text = f"No connection to {target.host_header}: {getattr(error, 'strerror', None) or error}"
        raise DeliveryFailed("unreachable", text) from None


async def _addresses(host: str, port: int) -> list[AddrInfoType]:
    """Return the addresses of a host. Raises OSError if it has none, AiError if its name is not valid.

    Names are resolved in separate threads, so that a slow DNS server does not block other tasks. IPv4 addresses are
    first: within a site, a name with both kinds of addresses is often reachable by IPv4 only.
    """
    found = sorted(await resolve(host, port), key=lambda each: each.version)
    return [
        (
            socket.AF_INET if each.version == 4 else socket.AF_INET6,
            *(socket.SOCK_STREAM, socket.IPPROTO_TCP, ""),
            (str(each), port),
        )
        for each in found
    ]


class _ForbiddenAddress(OSError):
    """Raised for an IP address to which the hub must not send notifications.

    It is an OSError, so that the next IP address of the same host name is tried.
    """


def _allowed_socket(info: AddrInfoType) -> socket.socket:
    """Return a socket for a connection to this address. Raises _ForbiddenAddress if the address is not allowed.

    The check is the last step before the connection. So it also works for unusual spellings of an address, and for host
    names whose address changes.
    """
    family, kind, protocol, _, address = info
    if is_forbidden(ip_address(str(address[0]).partition("%")[0])):
        raise _ForbiddenAddress("This is not an allowed address.")
    return socket.socket(family, kind, protocol)


@cache
def _tls() -> ssl.SSLContext:
    """Return the TLS settings with the trusted certificates. They are cached, because reading them takes 40 ms."""
    return ssl.create_default_context()


def _failure(response: HttpResponse) -> DeliveryFailed:
    status, retry_after = response.status, response.retry_after
    text = f"HTTP {status}: {response.body.decode('utf-8', 'replace')}"
    if status in _AUTH:
        return DeliveryFailed("auth", text)
    if status in _BUSY or (status == 503 and retry_after):
        return DeliveryFailed("rate_limit", text, _seconds(retry_after))
    return DeliveryFailed("unreachable" if status >= 500 else "rejected", text)


def _seconds(retry_after: str | None) -> float | None:
    """Return the seconds in a Retry-After header; None if there is no header or it has a date."""
    if retry_after is None or not retry_after.strip().isdecimal():
        return None
    return min(float(retry_after.strip()[:9]), MAX_RETRY_AFTER_S)
