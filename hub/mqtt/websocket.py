"""Byte stream inside a WebSocket, as MQTT defines it (MQTT 5, section 6)."""

from __future__ import annotations

import asyncio
from typing import cast

from websockets.client import ClientProtocol
from websockets.frames import Frame
from websockets.http11 import Response
from websockets.typing import Subprotocol
from websockets.uri import parse_uri


class WebSocket(asyncio.Protocol):
    """Carries a protocol such as MQTT over WebSocket frames.

    It stands between an asyncio transport and the protocol ``inner``. ``inner`` receives the payload of incoming
    frames, and what it writes is sent as frames.
    """

    def __init__(self, host: str, port: int, path: str, tls: bool, inner: asyncio.Protocol) -> None:
        url_host = f"[{host}]" if ":" in host else host
        uri = parse_uri(f"{'wss' if tls else 'ws'}://{url_host}:{port}{path}")
        self._frames = ClientProtocol(uri, subprotocols=[Subprotocol("mqtt")], max_size=None)
        self._inner = inner
        self._transport: asyncio.Transport | None = None
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def opened(self) -> None:
        """Wait for the handshake. Raises ConnectionError if the server refuses it."""
        try:
            await self._opened
        except BaseException:
            self.abort()
            raise

    # -- called by ``inner`` -----------------------------------------------------------------------------------

    def is_closing(self) -> bool:
        return self._transport is None or self._transport.is_closing()

    def write(self, data: bytes) -> None:
        self._frames.send_binary(data)
        self._flush()

    def pause_reading(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # -- called by the transport -------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._frames.send_request(self._frames.connect())
        self._flush()

    def data_received(self, data: bytes) -> None:
        self._frames.receive_data(data)
        self._flush()
        for event in self._frames.events_received():
            if isinstance(event, Response):
                self._answered(self._frames.handshake_exc)
            elif isinstance(event, Frame):
                self._inner.data_received(bytes(event.data))

    def eof_received(self) -> None:
        self._frames.receive_eof()

    def connection_lost(self, error: Exception | None) -> None:
        self._answered(error or ConnectionError("closed"))
        self._inner.connection_lost(error)

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def _answered(self, error: Exception | None) -> None:
        if self._opened.done():
            return
        if error is None:
            self._opened.set_result(None)
        else:
            self._opened.set_exception(ConnectionError(str(error)))
            self._opened.exception()  # marks it as retrieved, since nobody may be waiting for it

    def _flush(self) -> None:
        if self._transport is not None:
            for data in self._frames.data_to_send():
                self._transport.write(data) if data else self._transport.close()
