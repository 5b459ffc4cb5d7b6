"""The loop that drives all connections: connect at a limited rate, read, write, ping, reconnect with backoff.

All links have the same broker, so one failed attempt delays the others, too.
"""

from __future__ import annotations

import heapq
import logging
import random
import selectors
import socket
import time
from itertools import count

from simulators.link import Link, State
from simulators.orders import Orders

log = logging.getLogger("simulators")

CONNECTING_AT_ONCE = 50
CONNECTS_A_SECOND = 250.0
FIRST_DELAY = 0.5
LONGEST_DELAY = 15.0
STEADY_SECONDS = 10.0
"""After a connection of this length, the backoff starts again at the first delay."""
KEEPALIVE_EVERY = 2.0


class Network:
    """All links of a site in one selector. Call :meth:`add` for each, :meth:`turn` repeatedly, then :meth:`close`."""

    def __init__(self, host: str, port: int, root: str) -> None:
        self.links: dict[str, Link] = {}
        self._host, self._port, self._root = host, port, root
        self._selector = selectors.DefaultSelector()
        self._events: dict[socket.socket, int] = {}
        self._sockets: dict[Link, socket.socket] = {}
        self._due: list[tuple[float, int, Link]] = []
        self._order = count()
        self._hold_until = 0.0
        self._delay = FIRST_DELAY
        self._next_connect = 0.0
        self._next_keepalive = 0.0
        self._complained = False
        self._closing = False

    def add(self, device: str, info: bytes, waiting: int, orders: Orders | None = None) -> Link:
        """Add a link for ``device``, which connects by itself and queues ``waiting`` messages while disconnected."""
        link = Link(self, self._host, self._port, self._root, device, info, waiting, orders)
        self.links[device] = link
        self._connect_at(link, 0.0)
        return link

    def connected(self) -> int:
        """Return how many links are connected."""
        return sum(link.state is State.UP for link in self.links.values())

    def restore(self, device: str) -> None:
        """Reconnect a link that was cut."""
        link = self.links[device]
        link.restore()
        self._connect_at(link, time.monotonic())

    def turn(self, timeout: float) -> None:
        """Run the loop once; wait up to ``timeout`` seconds for an event."""
        now = time.monotonic()
        if self._due and not self._closing:
            self._connect_some(now)
            timeout = min(timeout, 0.05)
        for key, events in self._selector.select(timeout):
            link: Link = key.data
            if events & selectors.EVENT_READ:
                link.read()
            if events & selectors.EVENT_WRITE:
                link.write()
            self.watch(link)
        if now >= self._next_keepalive:
            self._next_keepalive = now + KEEPALIVE_EVERY
            for link in list(self._sockets):
                link.keep_alive()

    def watch(self, link: Link) -> None:
        """Select for writing only while ``link`` has pending bytes."""
        sock = self._sockets.get(link)
        if sock is None:
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if link.wants_write else 0)
        if self._events[sock] != wanted:
            self._events[sock] = wanted
            self._selector.modify(sock, wanted, link)

    def close(self, within: float) -> None:
        """Publish ``offline`` for all devices, wait up to ``within`` seconds for the broker, disconnect and close."""
        self._closing = True
        deadline = time.monotonic() + within
        links = list(self.links.values())
        for link in links:
            link.publish_offline()
            self.watch(link)
        while time.monotonic() < deadline and any(k.state is State.UP and not k.idle for k in links):
            self.turn(0.02)
        for link in links:
            link.disconnect()
            self.watch(link)
        while time.monotonic() < deadline and any(link.wants_write for link in self._sockets):
            self.turn(0.02)
        for link in links:
            link.close()
        self._selector.close()

    # Called by the links.

    def opened(self, link: Link, sock: socket.socket) -> None:
        """Register the socket of ``link``, before its CONNECT is written."""
        self._sockets[link] = sock
        self._events[sock] = selectors.EVENT_READ
        self._selector.register(sock, selectors.EVENT_READ, link)

    def closed(self, link: Link, sock: socket.socket) -> None:
        """Unregister the socket of ``link``, before it is closed."""
        if self._events.pop(sock, None) is not None:
            self._selector.unregister(sock)
        self._sockets.pop(link, None)

    def came_up(self, link: Link) -> None:
        """Reset the backoff: the broker has accepted ``link``."""
        link.up_since = time.monotonic()
        self._delay = FIRST_DELAY
        self._hold_until = 0.0
        if self._complained and not self._due:
            self._complained = False
            log.info("Connected to %s:%d again.", self._host, self._port)

    def went_down(self, link: Link, reason: str) -> None:
        """Schedule a reconnect: the connection of ``link`` has ended."""
        if self._closing or link.state is State.CUT:
            return
        now = time.monotonic()
        steady = link.up_since > 0.0 and now - link.up_since > STEADY_SECONDS
        link.losses = 1 if steady else link.losses + 1
        link.up_since = 0.0
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** (link.losses - 1))
        self._connect_at(link, now + delay * random.uniform(0.5, 1.0))
        self._complain(f"lost the connection of {link.device} ({reason})")

    # Connecting.

    def _connect_at(self, link: Link, when: float) -> None:
        heapq.heappush(self._due, (when, next(self._order), link))

    def _connect_some(self, now: float) -> None:
        connecting = sum(link.state is State.CONNECTING for link in self._sockets)
        self._next_connect = max(self._next_connect, now - 0.1)  # a late turn may catch up a tenth of a second
        while self._due and self._due[0][0] <= now and connecting < CONNECTING_AT_ONCE:
            if now < self._hold_until or now < self._next_connect:
                return
            when, _, link = heapq.heappop(self._due)
            if link.state is not State.DOWN:
                continue
            self._next_connect += 1.0 / CONNECTS_A_SECOND
            try:
                link.connect()
            except OSError as error:
                self._connect_at(link, when)
                self._hold_until = time.monotonic() + self._delay * random.uniform(0.5, 1.0)
                self._delay = min(LONGEST_DELAY, self._delay * 2.0)
                self._complain(f"cannot reach the broker ({error})")
                return
            self.watch(link)
            connecting += 1

    def _complain(self, what: str) -> None:
        if not self._complained:
            self._complained = True
            log.warning("%s:%d: %s. Retrying.", self._host, self._port, what)
