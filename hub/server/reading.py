"""How much of what connections send is parsed in one turn of the event loop.

A body in chunks of one byte costs the parser a thousand times what its bytes cost, so a block of 256 KB could keep
everybody waiting for a second. A connection that has used up its turn is not read until the queue gives it another one;
the queue gives one a turn of the event loop, however many connections wait.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

from uvicorn.protocols.http.flow_control import FlowControl

SLICE_BYTES = 4 * 1024
"""Parsed between two looks at the number of events."""
EVENTS = 500
"""Of the parser (a header, a piece of a body, a request) in one turn."""


class PausedConnection(Protocol):
    def read_on(self) -> None:
        """Parse what waits."""


class ReadQueue:
    """The connections that wait for their next turn."""

    def __init__(self) -> None:
        self._waiting: deque[PausedConnection] = deque()

    def add(self, reader: PausedConnection) -> None:
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._next)
        self._waiting.append(reader)

    def _next(self) -> None:
        reader = self._waiting.popleft()
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._next)
        reader.read_on()


class ReadFlow(FlowControl):
    """Flow control whose reading also stops while the connection waits for its next turn."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__(transport)
        self.held = False

    def hold(self) -> None:
        self.held = True
        if not self.read_paused:
            self._transport.pause_reading()

    def release(self) -> None:
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
