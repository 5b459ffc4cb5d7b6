"""The way to a broker: TCP, TLS over it, WebSocket over either. It knows no MQTT."""

from __future__ import annotations

import asyncio
from typing import Protocol

from hub.mqtt.client import MqttClientSettings
from hub.mqtt.connection import Lost
from hub.mqtt.tls import client_context
from hub.mqtt.websocket import WebSocket


class Transport(Protocol):
    """What is needed of a transport."""

    def is_closing(self) -> bool: ...

    def write(self, data: bytes) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def abort(self) -> None: ...


async def connect(settings: MqttClientSettings, protocol: asyncio.Protocol) -> Transport:
    """Connect, and give what arrives to ``protocol``; in a WebSocket its ``connection_made`` is not called. Raises
    OSError, also for what is wrong with certificates, and Lost."""
    host, port = settings.host, settings.port
    context = await asyncio.to_thread(client_context, settings.ca_file) if settings.tls else None
    loop = asyncio.get_running_loop()
    if settings.transport == "tcp":
        transport, _ = await loop.create_connection(lambda: protocol, host, port, ssl=context)
        return transport
    frames = WebSocket(host, port, settings.websocket_path, settings.tls, protocol)
    await loop.create_connection(lambda: frames, host, port, ssl=context)
    try:
        await frames.opened()
    except ConnectionError as error:
        raise Lost(f"there is no WebSocket at {settings.websocket_path} ({error})") from None
    return frames
