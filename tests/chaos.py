"""TCP proxy in the test's event loop that resets connections, splits reads or drops data.

:mod:`outage` is the same for tests without an event loop.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from tcp_server import HOST, tcp_server


class Proxy:
    """Proxy to the local port ``target``.

    :meth:`cut` resets every connection; :meth:`swallow` keeps connections open and drops their data. With ``pieces``,
    data from the target arrives in pieces of these sizes (bytes), repeated.
    """

    def __init__(self, target: int, pieces: tuple[int, ...] = ()) -> None:
        self.target = target
        self.port = 0
        self.accepted = 0
        self._pieces = pieces
        self._server = tcp_server(self._serve)
        self._writers: set[asyncio.StreamWriter] = set()
        self._swallowing: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Proxy:
        self.port = await self._server.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._server.__aexit__(*error)

    def cut(self) -> None:
        """Reset all connections."""
        for writer in self._writers:
            writer.transport.abort()

    def swallow(self) -> None:
        """Drop the data of all current connections without closing them; new ones work."""
        self._swallowing |= self._writers

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self._writers.add(writer)
        with suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection(HOST, self.target)
            try:
                await asyncio.gather(
                    self._pump(reader, far_writer, writer, itertools.repeat(65_536)),
                    self._pump(far_reader, writer, writer, itertools.cycle(self._pieces or (65_536,))),
                )
            finally:
                far_writer.transport.abort()
        self._writers.discard(writer)
        writer.transport.abort()

    async def _pump(
        self,
        source: asyncio.StreamReader,
        target: asyncio.StreamWriter,
        near: asyncio.StreamWriter,
        sizes: Iterator[int],
    ) -> None:
        with suppress(OSError):
            while data := await source.read(next(sizes)):
                if near in self._swallowing:
                    continue
                target.write(data)
                await target.drain()
                if self._pieces:
                    await asyncio.sleep(0)  # so that the client reads each piece separately
        if near not in self._swallowing:
            target.close()
