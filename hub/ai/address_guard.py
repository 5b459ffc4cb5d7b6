"""Restrict the network addresses of servers that people enter (protection against server-side request forgery).

Loopback and private networks are allowed, since people run models there. Link-local addresses (where clouds serve
credentials), multicast and unspecified addresses are not. A name is resolved once and the connection goes to the
address that was checked, so DNS rebinding has no effect.
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

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_METADATA = frozenset(
    ipaddress.ip_address(each) for each in ("fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")
)
"""Where clouds serve credentials outside the link-local networks: AWS, Alibaba, Azure, Oracle."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_RESOLVER = ThreadPoolExecutor(4, thread_name_prefix="resolver")
"""Threads of their own: a name server that does not answer blocks only them, for seconds."""
_SITE_LOCAL = ipaddress.ip_network("fec0::/10")


def is_forbidden(address: IpAddress) -> bool:
    """Return True for an address that no server may have, also for an IPv4 address wrapped in IPv6."""
    address = _unwrapped(address)
    return (
        address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or (address.is_reserved and not address.is_loopback)
        or address in _METADATA
        or (address.version == 6 and address in _SITE_LOCAL)
    )


def literal(host: str) -> IpAddress | None:
    """Return the address that ``host`` spells in any form that the system accepts (``0xa9fea9fe``, ``127.1``).

    None if it is a name.
    """
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


async def pin(request: Any) -> None:
    """Check a request's address and pin it; a request hook for ``httpx`` and ``httpx2``.

    Raises AiError if the host has no allowed address. Requests that go through a proxy are not checked.
    """
    host, port = (
        request.url.raw_host.decode("ascii").strip("[]"),
        request.url.port or (443 if request.url.scheme == "https" else 80),
    )
    if (address := literal(host)) is not None:
        if is_forbidden(address):
            raise refusal(host)
        return
    if host == "localhost" or _by_proxy(request.url.scheme, host):
        return
    try:
        addresses = await _resolve(host, port)
    except OSError:
        return  # the connection will fail with the library's own error
    allowed = [each for each in addresses if not is_forbidden(each)]
    if not allowed:
        raise refusal(host)
    # IPv4 first: within a site, a name with both addresses is often reachable by IPv4 only.
    chosen = min(allowed, key=lambda each: each.version)
    request.extensions["sni_hostname"] = host
    request.url = request.url.copy_with(host=str(chosen))


async def check_host(host: str, port: int) -> None:
    """Raise AiError for a host that has a forbidden address, or whose name is not valid."""
    if (address := literal(host)) is not None:
        addresses = [address]
    else:
        try:
            addresses = await _resolve(host, port)
        except OSError:
            return  # the connection will fail with the library's own error
    if any(is_forbidden(each) for each in addresses):
        raise refusal(host)


async def _resolve(host: str, port: int) -> list[IpAddress]:
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
    """Return True unless one of the host's addresses is outside of the public internet. A host may have none yet."""
    if (address := literal(host)) is not None:
        return _unwrapped(address).is_global
    try:
        found = await _resolve(host, port)
    except OSError:
        return True  # the connection will fail with the library's own error
    return all(_unwrapped(each).is_global for each in found)


def refusal(host: str) -> AiError:
    return AiError(
        f"{host[:100]} is not an allowed address.",
        "Link-local, multicast and unspecified addresses are refused. Enter the server's own address.",
    )


def _unwrapped(address: IpAddress) -> IpAddress:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1] or _compatible(address)


def _compatible(address: ipaddress.IPv6Address) -> IpAddress:
    """Unwrap the old form ``::a.b.c.d``."""
    return ipaddress.IPv4Address(int(address)) if 1 < int(address) < 2**32 else address


def _by_proxy(scheme: str, host: str) -> bool:
    proxies = urllib.request.getproxies()
    return bool(proxies.get(scheme) or proxies.get("all")) and not urllib.request.proxy_bypass(host)
