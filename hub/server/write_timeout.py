"""Timeout for clients that do not read what is sent to them."""

from __future__ import annotations

import asyncio

READ_S = 60.0
"""Seconds within which a client has to read something while too much waits to be sent to it."""


class WriteTimeout:
    """Aborts a connection whose writing stays paused, because the client does not read, for :data:`READ_S` seconds."""

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None

    def start(self, transport: asyncio.Transport) -> None:
        """Start the timer that aborts the connection, unless it is running already."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(READ_S, transport.abort)

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
