"""TCP server for tests that leaves no connection open.

Closing an ``asyncio.Server`` leaves its connections open before Python 3.13. One whose handler has not started when the
test ends would be found much later, by the garbage collection of another test, which then fails.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

HOST = "127.0.0.1"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class _Connections:
    """The open connections of a server. A connection that arrives while it stops is aborted."""

    def __init__(self) -> None:
        self.open: set[asyncio.Transport] = set()
        self.handlers: set[asyncio.Task[None]] = set()
        self.stopping = False

    def protocol(self, handle: Handler) -> asyncio.StreamReaderProtocol:
        async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await handle(reader, writer)

        def start(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(run(reader, writer), name="connection")
            self.handlers.add(task)
            task.add_done_callback(self.handlers.discard)

        return _Protocol(asyncio.StreamReader(), start, self)

    async def end(self) -> None:
        """Cancel all handlers, abort all connections and wait until they are closed."""
        self.stopping = True
        for task in (handlers := list(self.handlers)):
            task.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)
        for transport in self.open:
            transport.abort()
        while self.open:
            await asyncio.sleep(0)


class _Protocol(asyncio.StreamReaderProtocol):
    def __init__(
        self,
        reader: asyncio.StreamReader,
        start: Callable[[asyncio.StreamReader, asyncio.StreamWriter], None],
        connections: _Connections,
    ) -> None:
        super().__init__(reader, start)
        self._connections = connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._accepted = cast(asyncio.Transport, transport)
        self._connections.open.add(self._accepted)
        if self._connections.stopping:
            self._accepted.abort()
            return
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.open.discard(self._accepted)
        super().connection_lost(exc)


@asynccontextmanager
async def tcp_server(handle: Handler) -> AsyncIterator[int]:
    """Run ``handle`` for each connection to a free port, which is returned. End all connections at exit."""
    connections = _Connections()
    server = await asyncio.get_running_loop().create_server(lambda: connections.protocol(handle), HOST, 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        await connections.end()
