"""Accept HTTPS connections, with limits that apply before and during the TLS handshake.

asyncio's own server would count a connection only after its handshake, allow it a minute, and close a plain HTTP
connection without an answer.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress

from hub.runtime.fault_log import FaultLog
from hub.server.certificate import ServerCertificate
from hub.server.connections import ConnectionLimiter

log = logging.getLogger(__name__)
faults = FaultLog(log)

HANDSHAKE_S = 10.0
"""Time limit in seconds from the opening of a connection to the end of its TLS handshake."""
CLOSE_S = 2.0
"""Seconds for a client to confirm the end of a TLS connection, or to read the answer to a plain HTTP request."""
ACCEPTED = 32
"""Maximum number of connections accepted in one iteration of the event loop."""
FULL_S = 1.0
"""Seconds for which no connection is accepted after the process ran out of file descriptors."""
_RECORD = b"\x16"
"""First byte of a TLS handshake. A plain HTTP request never begins with this byte."""

MakeProtocol = Callable[[Callable[[], None]], asyncio.Protocol]
"""Returns the protocol of a new connection. The protocol calls the given function when the handshake is complete."""


class TlsListener:
    """Accepts connections on ``listener``, and serves each of them after its TLS handshake.

    ``make_protocol`` creates the protocol object that handles the data of one connection.
    """

    def __init__(
        self,
        listener: socket.socket,
        certificate: ServerCertificate,
        limiter: ConnectionLimiter,
        make_protocol: MakeProtocol,
        plain_answer: bytes,
    ) -> None:
        self.certificate = certificate
        self.limiter = limiter
        self.make_protocol = make_protocol
        self.plain_answer = plain_answer
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._handshakes: set[_Handshake] = set()
        self._retry: asyncio.TimerHandle | None = None

    def start(self, backlog: int) -> None:
        """Begin to accept connections."""
        self._listener.setblocking(False)
        self._listener.listen(backlog)
        self._loop.add_reader(self._listener, self._accept)

    def close(self) -> None:
        """Accept no more connections, and abort the handshakes in progress. The caller closes the socket."""
        if self._retry is not None:
            self._retry.cancel()
        self._loop.remove_reader(self._listener)
        for handshake in list(self._handshakes):
            handshake.close_for_another()

    async def wait_closed(self) -> None:
        """Return when all handshakes have ended."""
        tasks = [each.task for each in self._handshakes if each.task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)

    def _accept(self) -> None:
        for _ in range(ACCEPTED):
            try:
                connection, address = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                faults.error("accept", "No connection can be accepted for %g s: %s", FULL_S, error.strerror)
                self._loop.remove_reader(self._listener)
                self._retry = self._loop.call_later(FULL_S, self._loop.add_reader, self._listener, self._accept)
                return
            connection.setblocking(False)
            handshake = _Handshake(self, connection, self.limiter.group_of(str(address[0])))
            if self.limiter.add(handshake):
                self.limiter.mark_idle(handshake)
                self._handshakes.add(handshake)
                handshake.start(self._handshakes.discard)
            else:
                self.limiter.remove(handshake)
                connection.close()


class _Handshake:
    """A connection until its TLS handshake is complete. For the limits, it counts as an idle connection."""

    def __init__(self, server: TlsListener, connection: socket.socket, group: str | None) -> None:
        self.group = group
        self.task: asyncio.Task[None] | None = None
        self._server = server
        self._connection = connection
        self._counted = True
        self._owned = True  # later the connection belongs to a transport

    def start(self, on_end: Callable[[_Handshake], None]) -> None:
        """Start the handshake in a task. ``on_end`` is called when the handshake has ended, also if it failed."""

        def end(_: object) -> None:  # a task that is cancelled before it runs executes no "finally"
            self._leave()
            if self._owned:
                self._connection.close()
            on_end(self)

        self.task = asyncio.create_task(self._run(), name="TLS handshake")
        self.task.add_done_callback(end)

    def close_for_another(self) -> None:
        if self.task is not None:
            self.task.cancel()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + HANDSHAKE_S
        try:
            async with asyncio.timeout_at(deadline):
                first = await _peek(self._connection)
            if first == _RECORD:
                self._owned = False
                await loop.connect_accepted_socket(
                    lambda: self._server.make_protocol(self._leave),
                    self._connection,
                    ssl=self._server.certificate.context,
                    ssl_handshake_timeout=max(0.1, deadline - loop.time()),
                    ssl_shutdown_timeout=CLOSE_S,
                )
            elif first:
                await self._refuse_plain()
        except (OSError, TimeoutError):
            pass  # the client is gone, too slow, or speaks another version of TLS

    async def _refuse_plain(self) -> None:
        """Answer a plain HTTP request. Received data is read first: otherwise, closing would destroy the answer."""
        loop = asyncio.get_running_loop()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await loop.sock_recv(self._connection, 65_536)
                await loop.sock_sendall(self._connection, self._server.plain_answer)
                self._connection.shutdown(socket.SHUT_WR)
                while await loop.sock_recv(self._connection, 65_536):
                    pass

    def _leave(self) -> None:
        """Remove this handshake from the limiter's count of connections, unless that has been done already.

        Call this when the connection is closed, or when its protocol counts it from now on.
        """
        if self._counted:
            self._counted = False
            self._server.limiter.remove(self)


async def _peek(connection: socket.socket) -> bytes:
    """Wait for the first byte and return it without consuming it. Return empty bytes if the client closes."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(connection, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(connection)
    return connection.recv(1, socket.MSG_PEEK)
