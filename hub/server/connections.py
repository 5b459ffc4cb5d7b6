"""Limits on open connections, in total and by client.

A connection is *idle* while it has no request in progress: before its first request is complete, and between two
requests. At a limit, the connection that has been idle for longest is closed for a new connection, so that idle
connections cannot block others. If the limit is that of one client, only connections of this client are closed. If no
connection is idle, the new connection is refused.
"""

from __future__ import annotations

from collections import Counter
from typing import Protocol

from hub.api.clients import TrustedProxies
from hub.runtime.network_addresses import client_group


class HttpConnection(Protocol):
    """An open connection of a client.

    ``group`` identifies the client for the limits on connections by client. It is None for a trusted proxy, which
    serves many clients.
    """

    group: str | None

    def close_for_another(self) -> None:
        """Close at once to make room for another connection."""


class ConnectionLimiter:
    """Counts open connections. Closes idle connections when a limit is reached."""

    def __init__(self, limit: int, limit_per_client: int, proxies: TrustedProxies) -> None:
        self._limit = limit
        self._limit_per_client = limit_per_client
        self._proxies = proxies
        self._total = 0
        self._by_client: Counter[str] = Counter()
        self._idle: dict[HttpConnection, None] = {}  # idle for longest first

    def __len__(self) -> int:
        return self._total

    def group_of(self, address: str) -> str | None:
        """Return the key by which the limits count the client with this address; None for a trusted proxy."""
        return None if self._proxies.trusts(address) else client_group(address)

    def add(self, connection: HttpConnection) -> bool:
        """Count a new connection, even if it is above the limits. Return False if the connection must be refused."""
        group = connection.group
        fits = True
        if group is not None and self._by_client[group] >= self._limit_per_client:
            fits = self._make_room(group)
        elif self._total >= self._limit:
            fits = self._make_room(None)
        self._total += 1
        if group is not None:
            self._by_client[group] += 1
        return fits

    def remove(self, connection: HttpConnection) -> None:
        """Stop counting a connection."""
        self._idle.pop(connection, None)
        self._total -= 1
        if (group := connection.group) is not None:
            self._by_client[group] -= 1
            if not self._by_client[group]:
                del self._by_client[group]

    def mark_idle(self, connection: HttpConnection) -> None:
        """Mark a connection as idle: it has no request in progress, and may be closed for a new connection."""
        self._idle[connection] = None

    def mark_busy(self, connection: HttpConnection) -> None:
        """Mark a connection as busy: it has a request in progress, and is not closed for a new connection."""
        self._idle.pop(connection, None)

    def _make_room(self, group: str | None) -> bool:
        """Close the connection that has been idle for longest. Return False if no connection is idle.

        With ``group``, only connections of this client are considered.
        """
        for connection in self._idle:
            if group is None or connection.group == group:
                del self._idle[connection]
                connection.close_for_another()
                return True
        return False
