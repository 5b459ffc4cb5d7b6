"""Send HTTP requests to receivers of notifications. Only this file imports aiohttp, and yarl, its library for URLs."""

from __future__ import annotations

import socket
import ssl
import string
from collections.abc import Mapping
from functools import cache
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from hub.ai.address_guard import refusal, resolve
from hub.errors import AiError
from hub.notifications.base import DeliveryFailed
from hub.server_urls import is_forbidden, parse_address

TIMEOUT_S = 10.0
"""Maximum time in seconds to connect, and to wait for data each time."""
REQUEST_S = 20.0
"""Maximum time in seconds for a whole request."""
MAX_ANSWER = 2_048
"""Maximum bytes of the response body that are read."""
MAX_HEADER = 8_190
"""Maximum bytes of one header of a response. A response has at most :data:`MAX_HEADERS` headers."""
MAX_HEADERS = 128
MAX_RETRY_AFTER_S = 600.0
KEEP_S = 2.0
"""Seconds after which an idle connection is not used again: servers close idle connections after 5 s or more."""
_AUTH = (401, 403, 407)
_BUSY = (408, 425, 429)


class HttpSession:
    """Sends requests one after another. Requests to the same server use the same connection.

    The session uses no proxy, stores no cookies, adds no password to a request, and follows no redirect.
    """

    def __init__(self) -> None:
        connector = aiohttp.TCPConnector(
            ssl=_tls(),
            resolver=_Resolver(),
            use_dns_cache=False,
            socket_factory=_allowed_socket,
            keepalive_timeout=KEEP_S,
        )
        self._client = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=REQUEST_S, connect=TIMEOUT_S, sock_read=TIMEOUT_S),
            headers={"user-agent": "Watchkeeper", "accept-encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            max_line_size=MAX_HEADER,
            max_field_size=MAX_HEADER,
            max_headers=MAX_HEADERS,
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def send(self, method: str, url: str, content: bytes, headers: Mapping[str, str]) -> None:
        """Send one request.

        Raises DeliveryFailed, whose ``reason`` is the kind of failure. The error quotes at most the beginning of the
        response, and not the URL, which may contain secrets.
        """
        if not all(each.isascii() for each in headers.values()):
            raise DeliveryFailed("rejected", "Headers may only have ASCII characters.")
        try:
            status, body, retry_after = await self._answer(method, _exact(url), content, headers)
        except AiError as error:
            raise DeliveryFailed("rejected", error.message) from None
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, _ForbiddenAddress):
                raise DeliveryFailed("rejected", refusal(error.host).message) from None
            raise DeliveryFailed("unreachable", str(error)) from None
        except aiohttp.ConnectionTimeoutError:
            raise DeliveryFailed("unreachable", f"No connection within {TIMEOUT_S:g} s.") from None
        except TimeoutError:
            raise DeliveryFailed("timeout", f"No answer within {TIMEOUT_S:g} s.", maybe=True) from None
        except ValueError:  # InvalidURL among them
            raise DeliveryFailed("rejected", "The URL or a header is not valid.") from None
        except aiohttp.ClientResponseError as error:
            raise DeliveryFailed("unreachable", f"No valid HTTP answer: {error.message}", maybe=True) from None
        except aiohttp.ClientError as error:
            raise DeliveryFailed("unreachable", f"{type(error).__name__}: {error}", maybe=True) from None
        if not 200 <= status < 300:
            raise _failure(status, body, retry_after)

    async def _answer(
        self, method: str, url: URL, content: bytes, headers: Mapping[str, str]
    ) -> tuple[int, bytes, str | None]:
        """Send a request. Return the status, the beginning of the body, and the Retry-After header of the answer."""
        request = self._client.request(method, url, data=content or None, headers=headers, allow_redirects=False)
        async with request as answer:
            body = b""
            while len(body) < MAX_ANSWER and (part := await answer.content.read(MAX_ANSWER - len(body))):
                body += part
            return answer.status, body, answer.headers.get("retry-after")


class _Resolver(AbstractResolver):
    """Resolves host names in separate threads, so that a slow DNS server does not block other tasks."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        # IPv4 first: within a site, a name with both addresses is often reachable by IPv4 only.
        found = sorted(await resolve(host, port), key=lambda each: each.version)
        return [
            ResolveResult(
                hostname=host,
                host=str(each),
                port=port,
                family=socket.AF_INET if each.version == 4 else socket.AF_INET6,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for each in found
        ]

    async def close(self) -> None:
        """Do nothing: other resolvers use the same threads."""


class _ForbiddenAddress(OSError):
    """Raised for an IP address to which the hub must not send notifications.

    It is an OSError, so that aiohttp tries the next IP address of the same host name.
    """


def _allowed_socket(info: aiohttp.AddrInfoType) -> socket.socket:
    """Return a socket for a connection to this address. Raises _ForbiddenAddress if the address is not allowed.

    The check is the last step before the connection. So it also works for unusual spellings of an address, and for host
    names whose address changes.
    """
    family, kind, protocol, _, address = info
    if is_forbidden(ip_address(str(address[0]).partition("%")[0])):
        raise _ForbiddenAddress("This is not an allowed address.")
    return socket.socket(family, kind, protocol)


def _exact(url: str) -> URL:
    """Return the parsed URL, without normalizing its path and query, because the receiver may have signed them.

    Raises ValueError if the URL is not valid.
    """
    parts, whole = urlsplit(url), URL(url)
    if (address := parse_address(whole.raw_host or "")) is not None:
        whole = whole.with_host(str(address))  # aiohttp refuses short forms such as 127.1
    path, query = (quote(each, safe=string.punctuation) for each in (parts.path, parts.query))
    authority = whole.raw_authority
    return URL.build(scheme=whole.scheme, authority=authority, path=path or "/", query_string=query, encoded=True)


@cache
def _tls() -> ssl.SSLContext:
    """Return the TLS settings with the trusted certificates. They are cached, because reading them takes 40 ms."""
    return ssl.create_default_context()


def _failure(status: int, body: bytes, retry_after: str | None) -> DeliveryFailed:
    text = f"HTTP {status}: {body.decode('utf-8', 'replace')}"
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
