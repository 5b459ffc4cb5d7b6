"""Limit how much of a connection's data is parsed in one iteration of the event loop.

A body in chunks of one byte makes the parser a thousand times slower per byte, so one block of 256 KB could block the
loop for a second. Therefore a connection parses in turns of :data:`EVENTS` parser events. After its turn, it is not
read until the queue gives it another turn. The queue gives one turn per iteration of the event loop, no matter how many
connections wait.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

from uvicorn.protocols.http.flow_control import FlowControl

SLICE_BYTES = 4 * 1024
"""Bytes parsed before the number of events is checked."""
EVENTS = 500
"""Maximum parser events (a header, a piece of a body, a request) in one turn."""


class PausedConnection(Protocol):
    """A connection that has received data and waits for its turn to parse it."""

    def read_on(self) -> None:
        """Parse received data until the connection's turn ends. A turn has a limited number of parser events."""


class ReadQueue:
    """The connections that wait until they may parse more data. They get their turns one after the other."""

    def __init__(self) -> None:
        self._waiting: deque[PausedConnection] = deque()

    def add(self, reader: PausedConnection) -> None:
        """Add a connection to the end of the queue."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._next)
        self._waiting.append(reader)

    def _next(self) -> None:
        reader = self._waiting.popleft()
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._next)
        reader.read_on()


class ReadFlow(FlowControl):
    """Pauses and resumes the reading of a connection, for uvicorn and for the queue of :mod:`hub.server.reading`.

    ``held`` is True while the connection waits for its turn in the queue. It is read again when neither of the two
    pauses it.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__(transport)
        self.held = False

    def hold(self) -> None:
        """Stop reading from the connection until :meth:`release` is called."""
        self.held = True
        if not self.read_paused:
            self._transport.pause_reading()

    def release(self) -> None:
        """Read from the connection again, unless uvicorn has paused reading, too."""
        self.held = False
        if not self.read_paused and not self._transport.is_closing():
            self._transport.resume_reading()

    def pause_reading(self) -> None:
        if self.held:
            self.read_paused = True
        else:
            super().pause_reading()

    def resume_reading(self) -> None:
        if self.held:
            self.read_paused = False
        else:
            super().resume_reading()
