"""Which network addresses a model's server may have, checked when the connection is made.

Loopback and private networks are allowed: that is where people run models of their own. Never allowed are addresses
that only reach what stands beside the machine (link-local, where clouds serve credentials) or nobody in particular.
A name is resolved once and the connection goes to the very address that was checked, so a name server that changes its
answer in between (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import urllib.request
from typing import Any

from hub.errors import AiError

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_METADATA = frozenset(
    ipaddress.ip_address(each) for each in ("fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")
)
"""Where clouds serve credentials outside the link-local networks: AWS, Alibaba, Azure, Oracle."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_SITE_LOCAL = ipaddress.ip_network("fec0::/10")


def is_forbidden(address: IpAddress) -> bool:
    """Return whether no model's server may have this address, also where IPv6 only wraps an IPv4 address."""
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
    """Return the address that ``host`` is, in any form that the operating system takes (``0xa9fea9fe``, ``127.1``).

    None for a name.
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
    """Send ``request`` to an address that was checked; a hook for requests of ``httpx`` and ``httpx2``.

    Raises AiError where the host has no allowed address. What goes over a proxy is left to the proxy.
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
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return  # the connection will fail with the library's own error
    addresses = [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    allowed = [each for each in addresses if not is_forbidden(each)]
    if not allowed:
        raise refusal(host)
    # IPv4 first: a name with both is often served on that one alone inside a site.
    chosen = min(allowed, key=lambda each: each.version)
    request.extensions["sni_hostname"] = host
    request.url = request.url.copy_with(host=str(chosen))


def refusal(host: str) -> AiError:
    return AiError(
        f"{host[:100]} is no address of a model's server.",
        "Link-local, multicast and unspecified addresses are not contacted. Give the server's own address.",
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
