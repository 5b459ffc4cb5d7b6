"""Byte streams to a broker: TCP, TLS over TCP, WebSocket over either."""

from __future__ import annotations

import asyncio
from typing import Protocol

from hub.mqtt.client import MqttClientSettings
from hub.mqtt.connection import Lost
from hub.mqtt.tls import client_context
from hub.mqtt.websocket import WebSocket


class Transport(Protocol):
    """The methods of asyncio.Transport that a connection uses."""

    def is_closing(self) -> bool: ...

    def write(self, data: bytes) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def abort(self) -> None: ...


async def connect(settings: MqttClientSettings, protocol: asyncio.Protocol) -> Transport:
    """Connect, and pass received bytes to ``protocol``. With a WebSocket, ``protocol.connection_made`` is not called.

    Raises:
        OSError: The connection failed, or a certificate is invalid.
        Lost: The server does not accept a WebSocket.
    """
    host, port = settings.host, settings.port
    files = (settings.ca_file, settings.cert_file, settings.key_file)
    context = await asyncio.to_thread(client_context, *files) if settings.tls else None
    loop = asyncio.get_running_loop()
    if settings.transport == "tcp":
        transport, _ = await loop.create_connection(lambda: protocol, host, port, ssl=context)
        return transport
    frames = WebSocket(host, port, settings.websocket_path, settings.tls, protocol)
    await loop.create_connection(lambda: frames, host, port, ssl=context)
    try:
        await frames.opened()
    except ConnectionError as error:
        raise Lost(f"no WebSocket is accepted at {settings.websocket_path} ({error})") from None
    return frames
