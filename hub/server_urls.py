"""URLs and host names of servers that people enter. They are checked before the hub contacts a server.

Addresses on this machine and in private networks are allowed, since people run servers there. Link-local addresses
(where clouds serve credentials), multicast addresses and unspecified addresses are not allowed.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from contextlib import suppress
from urllib.parse import urlsplit

from hub.errors import Invalid

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
NOT_ALLOWED = "Link-local, multicast and unspecified addresses are refused. Enter the server's own address."
_MAX_HOST_CHARS = 253
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HOST_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_METADATA = frozenset(
    ipaddress.ip_address(each) for each in ("fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")
)
"""Addresses outside the link-local networks at which clouds serve credentials: AWS, Alibaba, Azure, Oracle."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_SITE_LOCAL = ipaddress.ip_network("fec0::/10")


def check_url(name: str, value: str) -> None:
    """Raise Invalid unless the value is a complete http or https URL whose host :func:`check_host_name` accepts.

    ``name`` is the field that contains the URL.
    """
    try:
        parts = urlsplit(value)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
        valid = is_web and (parts.port is None or parts.port > 0) and not _CONTROL.search(value)
    except ValueError:
        valid = False
    if not valid:
        raise Invalid(f"{name} is not a valid URL.", "Allowed: https://… or http://… with a host.")
    check_host_name(name, parts.hostname or "")


def check_host_name(name: str, host: str) -> None:
    """Raise Invalid if ``host`` cannot be a host name, or is a forbidden address (:func:`is_forbidden`).

    ``name`` is the field that contains the host.
    """
    if not is_possible_host(host):
        hint = "Allowed: an IP address, or labels of 1 to 63 characters with dots between them."
        raise Invalid(f"{name} has no valid host name ({host[:64]!r}).", hint)
    if (address := parse_address(host)) is not None and is_forbidden(address):
        raise Invalid(f"{name} is not an allowed address ({host[:64]!r}).", NOT_ALLOWED)


def is_possible_host(host: str) -> bool:
    """Return whether this is an IP address, or a text that can be a host name.

    A host name has letters, digits, ``-`` and ``_``, in labels that are neither empty nor too long.
    """
    if ":" in host:
        return _is_ip(host)
    try:
        name = host.encode("idna").decode()
    except UnicodeError:
        return False
    return len(name) <= _MAX_HOST_CHARS and _HOST_NAME.fullmatch(name) is not None


def is_forbidden(address: IpAddress) -> bool:
    """Return True for an address that no server may have, such as a link-local or a multicast one.

    An IPv4 address inside an IPv6 address is judged as an IPv4 address.
    """
    address = unwrapped(address)
    return (
        address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or (address.is_reserved and not address.is_loopback)
        or address in _METADATA
        or (address.version == 6 and address in _SITE_LOCAL)
    )


def parse_address(host: str) -> IpAddress | None:
    """Return the IP address that ``host`` stands for, in any form that the system accepts (``0xa9fea9fe``, ``127.1``).

    Digits and dots of Unicode count as those of ASCII, as in a host name. Returns None if ``host`` is a name.
    """
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    with suppress(UnicodeError):
        host = host.encode("idna").decode()
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


def unwrapped(address: IpAddress) -> IpAddress:
    """Return the IPv4 address inside an IPv6 address. Any other address is returned unchanged."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1] or _compatible(address)


def _compatible(address: ipaddress.IPv6Address) -> IpAddress:
    """Return the IPv4 address inside an IPv6 address of the old form ``::a.b.c.d``.

    Any other address is returned unchanged.
    """
    return ipaddress.IPv4Address(int(address)) if 1 < int(address) < 2**32 else address


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return False
    return True
