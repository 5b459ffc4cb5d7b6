"""The open connections: how many there may be in all and by client, and which one makes room for another.

A connection is *waiting* while it has no request in progress: before its first request is complete, and between two.
At a limit, a new connection closes the one that has waited longest (of the same client, where that one's limit is
reached), so sockets that say nothing cannot keep others out. Where none waits, the new one is refused.
"""

from __future__ import annotations

from collections import Counter
from typing import Protocol

from hub.api.clients import TrustedProxies
from hub.runtime.network_addresses import client_group


class HttpConnection(Protocol):
    """``group`` is the client as limits count it, None for a trusted proxy, which speaks for many."""

    group: str | None

    def give_way(self) -> None:
        """Close at once, because another connection needs the place."""


class ConnectionLimiter:
    def __init__(self, most: int, most_per_client: int, proxies: TrustedProxies) -> None:
        self._most = most
        self._most_per_client = most_per_client
        self._proxies = proxies
        self._total = 0
        self._by_client: Counter[str] = Counter()
        # In the order in which they began to wait.
        self._waiting: dict[HttpConnection, None] = {}

    def __len__(self) -> int:
        return self._total

    def group_of(self, address: str) -> str | None:
        return None if self._proxies.trusts(address) else client_group(address)

    def add(self, connection: HttpConnection) -> bool:
        """Count the connection, whatever the limits. Return False if it must be refused."""
        group = connection.group
        fits = True
        if group is not None and self._by_client[group] >= self._most_per_client:
            fits = self._make_room(group)
        elif self._total >= self._most:
            fits = self._make_room(None)
        self._total += 1
        if group is not None:
            self._by_client[group] += 1
        return fits

    def remove(self, connection: HttpConnection) -> None:
        self._waiting.pop(connection, None)
        self._total -= 1
        if (group := connection.group) is not None:
            self._by_client[group] -= 1
            if not self._by_client[group]:
                del self._by_client[group]

    def waits(self, connection: HttpConnection) -> None:
        """The connection has no request in progress from now on."""
        self._waiting[connection] = None

    def works(self, connection: HttpConnection) -> None:
        """A request is in progress, or the connection is a WebSocket."""
        self._waiting.pop(connection, None)

    def _make_room(self, group: str | None) -> bool:
        """Close the connection that has waited longest, of ``group`` if that is given."""
        for connection in self._waiting:
            if group is None or connection.group == group:
                del self._waiting[connection]
                connection.give_way()
                return True
        return False
