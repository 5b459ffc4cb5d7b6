"""Send HTTP requests to receivers of notifications. Only this file of the package imports httpx2."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import cache

import httpx2

from hub.ai.address_guard import pin
from hub.errors import AiError
from hub.notifications.base import DeliveryFailed

TIMEOUT_S = 10.0
MAX_ANSWER = 2_048
"""Bytes of an answer that are read."""
MAX_RETRY_AFTER_S = 600.0
_AUTH = (401, 403, 407)
_BUSY = (408, 425, 429)


async def post(url: str, content: bytes, headers: Mapping[str, str], method: str = "POST") -> None:
    """Send one request. Redirects are not followed.

    Raises DeliveryFailed with the class of the reason. The error quotes at most the beginning of the response.
    """
    try:
        async with (
            httpx2.AsyncClient(
                verify=_tls(), timeout=TIMEOUT_S, follow_redirects=False, event_hooks={"request": [pin]}
            ) as client,
            client.stream(method, url, content=content, headers=dict(headers)) as answer,
        ):
            if answer.is_success:
                return
            body = b""
            async for part in answer.aiter_raw():
                body += part
                if len(body) >= MAX_ANSWER:
                    break
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


@cache
def _tls() -> ssl.SSLContext:
    """Return the TLS settings with the trusted certificates; to read them takes 40 ms, far longer than a request."""
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
