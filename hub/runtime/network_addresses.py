"""Network addresses as text: ``HOST:PORT``, web origins, networks and the addresses of clients.

Pure functions: nothing here resolves a name or opens a socket.
"""

from __future__ import annotations

import ipaddress
import re

from hub.server_urls import is_possible_host

_HOST = re.compile(r"\[[\w:.%]+\]|[\w.:%-]+")
_ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]+\]|[\w.-]+)(:\d{1,5})?")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def check_address(value: str, example: str = "127.0.0.1:8000", *, first_port: int = 0) -> str:
    """Return ``value`` if it is ``HOST:PORT``, or raise ValueError that says what is allowed.

    Port 0 lets a server choose a free port. Pass 1 as ``first_port`` for the address of another program's server.
    """
    host, separator, port = value.rpartition(":")
    is_port = port.isascii() and port.isdigit() and len(port) < 6 and first_port <= int(port) <= 65_535
    if not separator or not is_port or not _HOST.fullmatch(host) or not is_possible_host(host):
        raise ValueError(f'HOST:PORT, for example "{example}"')
    return value


def split_address(address: str) -> tuple[str, int]:
    """Split ``HOST:PORT`` (or ``[IPv6]:PORT``) into host and port."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def join_address(host: str, port: int) -> str:
    """Return ``HOST:PORT``, with an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_any_address(host: str) -> bool:
    """Return whether a server at ``host`` listens on all addresses of its machine."""
    address = parse_ip(host)
    return address is not None and address.is_unspecified


def check_origin(value: str) -> str:
    """Return the origin in the form that browsers send, or raise ValueError that says what is allowed."""
    origin = value.strip().rstrip("/").lower()
    if not _ORIGIN.fullmatch(origin):
        raise ValueError('origins as a browser sends them, for example "https://hub.example.org"')
    return origin


ROOT_PATH = re.compile(r"(?!/(?:api|assets|docs|events|ws)(?:/|$))(?:/[A-Za-z0-9._~-]+){1,8}", re.ASCII)
"""Matches a path below which a proxy may serve the hub. A path that begins like one of the hub's own is not allowed."""


def check_root_path(value: str) -> str:
    """Return the path below which a proxy serves the hub, without a slash at its end.

    Raise ValueError if the path has the wrong form, or begins like a path of the hub, such as ``/api``.
    """
    path = value.rstrip("/")
    if path and not ROOT_PATH.fullmatch(path):
        raise ValueError('a path such as "/hub" that does not begin like one of the hub, such as /api')
    return path


def check_network(value: str) -> str:
    """Return ``value``, an address or a network, as a network. Raise ValueError for any other text."""
    try:
        return str(ipaddress.ip_network(value.strip(), strict=False))
    except ValueError:
        raise ValueError('IP addresses or networks, for example "127.0.0.1" or "10.0.0.0/8"') from None


def parse_ip(text: str) -> Address | None:
    """Return the IP address; None if ``text`` is not an IP address. An IPv4-mapped address is returned as IPv4."""
    try:
        address = ipaddress.ip_address(text.strip().strip("[]").partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach ``host``.

    This is False for all names other than ``localhost``: a resolver may give ``hub.localhost`` any address.
    """
    host = host.lower().rstrip(".")
    if host == "localhost":
        return True
    address = parse_ip(host)
    return address is not None and address.is_loopback


def client_group(address: str) -> str:
    """Return the key by which limits count a client: its IPv4 address, or the /64 network of its IPv6 address."""
    ip = parse_ip(address)
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip) if ip is not None else address
