"""WebSockets with limits on incoming frames and outgoing buffers.

Small frames cost far more than their bytes, and uvicorn accepts any number of them, even before authentication. So
frames are counted while they are read, and a client that sends too many frames is disconnected.

uvicorn writes a whole message into the transport's buffer, so each client that does not read would cost the hub a copy
of the largest message. Here a large text is divided into fragments of one message. A fragment is written only after the
fragment before it was sent, which bounds the buffer. A client that reads nothing for
:data:`~hub.server.write_timeout.READ_S` seconds is disconnected.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected, get_remote_addr
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from hub.server.connections import ConnectionLimiter
from hub.server.write_timeout import WriteTimeout

SLICE_CHARS = 64 * 1024
READ_BYTES = 4 * 1024
"""Bytes read before the number of frames is checked."""
FRAMES = 500
"""Maximum number of incoming frames per second, whatever their type."""


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket connection with the limits of this module. ``limiter`` counts it."""

    def __init__(self, *, limiter: ConnectionLimiter, **options: Any) -> None:
        super().__init__(**options)
        self.group: str | None = None
        self._limiter = limiter
        self._write_timeout = WriteTimeout()
        self._frames, self._frames_since = 0, 0.0  # number of frames in the current second, and its start
        self._sending = asyncio.Lock()  # keeps fragments of two messages apart

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        peer = get_remote_addr(self.transport)
        self.group = self._limiter.group_of(peer[0] if peer else "?")
        self._limiter.add(self)  # always fits: the HTTP connection was counted until now

    def connection_lost(self, exc: Exception | None) -> None:
        self._limiter.remove(self)
        self._write_timeout.cancel()
        super().connection_lost(exc)

    def close_for_another(self) -> None:
        """Do nothing: the limiter closes only idle connections, and a WebSocket never counts as idle."""

    def pause_writing(self) -> None:
        super().pause_writing()
        self._write_timeout.start(self.transport)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._write_timeout.cancel()

    # -- receiving --------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        for start in range(0, len(data), READ_BYTES):
            if self.transport.is_closing():
                return
            super().data_received(data[start : start + READ_BYTES])

    def handle_events(self) -> None:
        now = self.loop.time()
        if now - self._frames_since >= 1:
            self._frames, self._frames_since = 0, now
        self._frames += len(self.conn.events)
        if self._frames > FRAMES:
            self._fail(1008, f"Too many frames: {FRAMES} a second are allowed.")
        else:
            super().handle_events()

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:  # uvicorn would log a traceback for each
                self._fail(1007, "The text is not valid UTF-8.")
                return
        super().send_receive_event_to_app()

    def _fail(self, code: int, reason: str) -> None:
        self.frames = []
        if self.close_sent:
            self.transport.abort()
        else:
            self.conn.fail(code, reason)
            self.handle_parser_exception()

    # -- sending ----------------------------------------------------------------------------------------------

    async def send(self, message: Any) -> None:
        if self.handshake_complete and self.close_sent:
            raise ClientDisconnected
        if message["type"] != "websocket.send":
            await super().send(message)
            return
        text = message.get("text")
        async with self._sending:
            if text is None or len(text) <= SLICE_CHARS:
                await super().send(message)
            else:
                await self._send_slices(text)

    async def _send_slices(self, text: str) -> None:
        send: Callable[..., None] = self.conn.send_text
        for start in range(0, len(text), SLICE_CHARS):
            await self.writable.wait()
            if self.disconnected or self.close_sent or self.transport.is_closing():
                raise ClientDisconnected
            end = start + SLICE_CHARS
            send(text[start:end].encode(), fin=end >= len(text))
            self.transport.write(b"".join(self.conn.data_to_send()))
            send = self.conn.send_continuation
