"""Restrict the servers to which the hub connects at a user's request (protection against server-side request forgery).

Loopback and private networks are allowed, because people run models there. Link-local addresses (where clouds serve
credentials), multicast and unspecified addresses are not. A name is resolved once, and the hub connects to the address
that was checked, so DNS rebinding has no effect.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from hub.errors import AiError
from hub.server_urls import NOT_ALLOWED, IpAddress, is_forbidden, parse_address, unwrapped

_RESOLVER = ThreadPoolExecutor(4, thread_name_prefix="resolver")
"""A separate thread pool for DNS. A name server that does not answer blocks only these threads."""


async def pin(request: Any) -> None:
    """Replace the host name in the URL of a request by an IP address that the hub may connect to.

    It is registered as a request hook of ``httpx`` and ``httpx2``, which call it before each request. The URL stays
    unchanged if the host is ``localhost`` or an address already, or if the request goes through a proxy.

    Raises AiError if the hub may not connect to any address of the host.
    """
    host, port = (
        request.url.raw_host.decode("ascii").strip("[]"),
        request.url.port or (443 if request.url.scheme == "https" else 80),
    )
    if (address := parse_address(host)) is not None:
        if is_forbidden(address):
            raise refusal(host)
        return
    if host == "localhost" or _by_proxy(request.url.scheme, host):
        return
    try:
        addresses = await resolve(host, port)
    except OSError:
        return  # the connection will fail with the library's own error
    allowed = [each for each in addresses if not is_forbidden(each)]
    if not allowed:
        raise refusal(host)
    # IPv4 is preferred: in local networks, a host with IPv4 and IPv6 addresses can often be reached over IPv4 only.
    chosen = min(allowed, key=lambda each: each.version)
    request.extensions["sni_hostname"] = host
    request.url = request.url.copy_with(host=str(chosen))


async def check_host(host: str, port: int) -> None:
    """Raise AiError if one of the host's addresses is forbidden or its name is not valid.

    A host whose name cannot be resolved is accepted.
    """
    if (address := parse_address(host)) is not None:
        addresses = [address]
    else:
        try:
            addresses = await resolve(host, port)
        except OSError:
            return  # the connection will fail with the library's own error
    if any(is_forbidden(each) for each in addresses):
        raise refusal(host)


async def resolve(host: str, port: int) -> list[IpAddress]:
    """Return the addresses of a host. Raises OSError if it has none, AiError if its name is not valid."""
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        found = await asyncio.get_running_loop().run_in_executor(_RESOLVER, ask)
    except UnicodeError:  # a label that is empty or longer than 63 characters
        raise AiError(
            f"{host[:100]!r} is not a valid host name.", "Allowed: labels of 1 to 63 characters with dots between."
        ) from None
    return [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]


async def is_public(host: str, port: int) -> bool:
    """Return True if all addresses of the host are public.

    A host whose name cannot be resolved counts as public: connecting to it fails anyway.
    """
    if (address := parse_address(host)) is not None:
        return unwrapped(address).is_global
    try:
        found = await resolve(host, port)
    except OSError:
        return True  # the connection will fail with the library's own error
    return all(unwrapped(each).is_global for each in found)


def refusal(host: str) -> AiError:
    return AiError(
        f"{host[:100]} is not an allowed address.",
        NOT_ALLOWED,
    )


def _by_proxy(scheme: str, host: str) -> bool:
    proxies = urllib.request.getproxies()
    return bool(proxies.get(scheme) or proxies.get("all")) and not urllib.request.proxy_bypass(host)
