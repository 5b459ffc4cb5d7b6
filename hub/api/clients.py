"""Find the client's address behind trusted proxies, and limit the open requests of each client."""

from __future__ import annotations

import ipaddress
import resource
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from starlette.datastructures import Headers
from starlette.types import Scope

from hub.errors import TooBusy
from hub.runtime.network_addresses import ROOT_PATH, client_group, parse_ip

_MAX_HOPS = 32
_MAX_PREFIX = 200
MAX_CONNECTIONS = 10_000


def address_of(scope: Scope) -> str:
    """Return the client's address, ``?`` if unknown."""
    client = scope.get("client")
    return str(client[0]) if client else "?"


def is_secure(scope: Scope) -> bool:
    """Return True if the client uses TLS, to the hub or to a trusted proxy."""
    return scope["scheme"] in ("https", "wss")


def root_path_of(scope: Scope) -> str:
    """Return the path below which a proxy serves the hub, such as ``/hub``; an empty string if there is none."""
    return str(scope.get("app_root_path", ""))


def below(scope: Scope, root: str) -> Scope:
    """Return the ASGI scope of a request to a hub that is served below the path ``root``.

    If the path begins with ``root``, this prefix is removed. ``root`` is set as ``app_root_path``, which Starlette puts
    into URLs such as ``request.base_url``. ``root_path`` stays empty, because Starlette would remove it from the path
    again.
    """
    if not root:
        return scope
    path = scope["path"]
    inner = path[len(root) :] or "/" if path == root or path.startswith(f"{root}/") else path
    return {**scope, "app_root_path": root, "path": inner}


class TrustedProxies:
    """The proxies whose ``X-Forwarded-For``, ``-Proto``, ``-Host`` and ``-Prefix`` headers are trusted."""

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks = [ipaddress.ip_network(each) for each in networks]

    def trusts(self, address: str) -> bool:
        """Return True if the address is in a trusted network."""
        ip = parse_ip(address)
        return ip is not None and any(ip in network for network in self._networks)

    def resolve(self, scope: Scope) -> Scope:
        """Return ``scope`` with the values of the client's own request, as trusted proxies report them.

        These values are the client's address, the scheme, the host and the path prefix. A request that no trusted proxy
        sent is returned unchanged.
        """
        if not self._networks or not self.trusts(address_of(scope)):
            return scope
        headers = Headers(scope=scope)
        hops = _items(headers, "x-forwarded-for")
        client, trusted = address_of(scope), 0
        for hop in reversed(hops[-_MAX_HOPS:]):
            ip = parse_ip(_without_port(hop))
            if ip is None:
                break
            client, trusted = str(ip), trusted + 1
            if not self.trusts(client):
                break
        found: Scope = {**scope, "client": (client, 0)}
        # Each proxy appends one value: use the one at the same position as the client's address.
        proto = _at_hop(_items(headers, "x-forwarded-proto"), trusted).lower()
        if proto in ("http", "https"):
            secure = proto == "https"
            found["scheme"] = ("wss" if secure else "ws") if scope["type"] == "websocket" else proto
        prefix = _at_hop(_items(headers, "x-forwarded-prefix"), trusted).rstrip("/")
        if len(prefix) <= _MAX_PREFIX and ROOT_PATH.fullmatch(prefix):
            found = below(found, prefix)
        if host := _at_hop(_items(headers, "x-forwarded-host"), trusted):
            others = [(name, value) for name, value in scope["headers"] if name != b"host"]
            found["headers"] = [(b"host", host.encode("latin-1")), *others]
        return found


def _items(headers: Headers, name: str) -> list[str]:
    return [item.strip() for value in headers.getlist(name) for item in value.split(",") if item.strip()]


def _at_hop(values: list[str], trusted: int) -> str:
    """Return the value that came from the trusted proxy nearest to the client; empty if there are no values.

    Each of the ``trusted`` proxies appended one value, so this is the first of the last ``trusted`` values.
    """
    return values[-min(max(trusted, 1), len(values))] if values else ""


def _without_port(hop: str) -> str:
    """Return an address such as ``1.2.3.4:567`` or ``[v6]:567`` without its port."""
    if hop.startswith("["):
        return hop.partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


class OpenRequests:
    """Counts open requests and sockets, in total and by client.

    A request is counted until its response is sent, also while the hub delays the response.
    """

    def __init__(self, limit: int, limit_per_client: int) -> None:
        self._limit = limit
        self._limit_per_client = limit_per_client
        self._open: Counter[str] = Counter()
        self._total = 0

    @contextmanager
    def enter(self, address: str) -> Iterator[None]:
        """Count a request while the block runs. Raises TooBusy if the client or the hub has too many open requests."""
        client = client_group(address)
        if self._total >= self._limit or self._open[client] >= self._limit_per_client:
            raise TooBusy("Too many requests are open.", "Try again in a moment, or close other pages.")
        self._open[client] += 1
        self._total += 1
        try:
            yield
        finally:
            self._total -= 1
            self._open[client] -= 1
            if not self._open[client]:
                del self._open[client]


def connection_limits(total: int | None, per_client: int | None) -> tuple[int, int]:
    """Return the limits on open connections: in total, and for one client.

    The default total is two thirds of the process's limit on open files; the other third is for the history, the broker
    and the workers. The default for one client is half of the total, because behind a proxy that is not trusted all
    users count as one client.
    """
    if total is None:
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        total = MAX_CONNECTIONS if files == resource.RLIM_INFINITY else max(16, min(MAX_CONNECTIONS, files * 2 // 3))
    return total, min(total, per_client or max(8, total // 2))
