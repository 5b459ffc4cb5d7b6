"""Both MQTT clients over TLS, WebSocket, both, and through a network that splits packets anywhere."""

from __future__ import annotations

import asyncio
import os
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from access import certificates
from brokers import Mosquitto, publish
from chaos import Proxy
from pki import Issued
from receiver import Receiver, until

pytestmark = pytest.mark.usefixtures("each_link")


async def test_tls_delivers_messages_and_verifies_certificate(tmp_path: Path) -> None:
    lines = await asyncio.to_thread(certificates, tmp_path)
    broker = Mosquitto(tmp_path, lines)
    broker.start()
    trusted = {"host": "localhost", "tls": True, "ca_file": str(tmp_path / "ca.crt")}
    try:
        sending = Receiver(broker.port, client_id="sender", **trusted)
        async with sending as sender, Receiver(broker.port, **trusted) as hub:
            await check_delivery(sender, hub)
        for changes, words in (
            ({"ca_file": None}, "certificate is not trusted"),
            ({"host": "127.0.0.1"}, "certificate is not trusted"),  # not the name in it
            ({"ca_file": str(tmp_path / "none.crt")}, "CA file does not exist"),
        ):
            async with Receiver(broker.port, client_id="x", wait=False, **{**trusted, **changes}) as refused:
                await until(lambda: refused.link.state.error)
                assert words in (refused.link.state.error or "")
    finally:
        broker.stop()


async def test_broker_that_requires_a_certificate_gets_the_hubs_own(tmp_path: Path) -> None:
    lines = await asyncio.to_thread(certificates, tmp_path)
    own = Issued("hub")
    (tmp_path / "own.crt").write_bytes(own.pem)
    (tmp_path / "own.key").write_bytes(own.key_pem)
    broker = Mosquitto(tmp_path, [*lines, f"cafile {tmp_path}/own.crt", "require_certificate true"])
    broker.start()
    trusted = {"host": "localhost", "tls": True, "ca_file": str(tmp_path / "ca.crt")}
    files = {"cert_file": str(tmp_path / "own.crt"), "key_file": str(tmp_path / "own.key")}
    try:
        async with (
            Receiver(broker.port, client_id="sender", **trusted, **files) as sender,
            Receiver(broker.port, **trusted, **files) as hub,
        ):
            await check_delivery(sender, hub)
        for changes, words in (
            ({}, ""),
            (files | {"key_file": str(tmp_path / "broker.key")}, "mqtt.key_file"),
            (files | {"cert_file": str(tmp_path / "none.crt")}, "mqtt.cert_file"),
        ):
            async with Receiver(broker.port, client_id="x", wait=False, **trusted, **changes) as refused:
                await until(lambda: refused.link.state.error)
                assert words in (refused.link.state.error or "")
                assert not refused.link.state.connected
    finally:
        broker.stop()


async def check_delivery(sender: Receiver, hub: Receiver) -> None:
    """Publish many small messages and a large one while ``hub`` is paused, and check that all arrive in order."""
    large = os.urandom(900_000)
    hub.link.pause()
    await asyncio.gather(*(sender.link.publish("devices/a/t", b"%d" % i) for i in range(500)))
    await sender.link.publish("devices/a/t", large)
    hub.link.resume()
    await until(lambda: len(hub.messages) == 501, 40)
    assert hub.payloads == [*(b"%d" % i for i in range(500)), large]


class WebSocketProxy:
    """A WebSocket listener in front of a broker, like the broker's own or a reverse proxy. Frames do not
    align with MQTT packets. (The WebSocket listener of Debian's Mosquitto cannot be bound to loopback alone.)"""

    def __init__(self, broker: Mosquitto, context: ssl.SSLContext | None) -> None:
        self._broker = broker
        self._context = context
        self.port = 0

    async def __aenter__(self) -> WebSocketProxy:
        subprotocol = [Subprotocol("mqtt")]
        self._server = await serve(self._carry, "127.0.0.1", 0, ssl=self._context, subprotocols=subprotocol)
        self.port = next(iter(self._server.sockets)).getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _carry(self, near: ServerConnection) -> None:
        assert near.request is not None
        assert (near.request.path, near.subprotocol) == ("/mqtt", "mqtt")
        reader, writer = await asyncio.open_connection("127.0.0.1", self._broker.port)

        async def back() -> None:
            while data := await reader.read(1_000):
                await near.send(data)
            await near.close()

        backwards = asyncio.create_task(back(), name="back")
        with suppress(ConnectionClosed):
            async for frame in near:
                assert isinstance(frame, bytes)
                writer.write(frame)
        writer.close()
        await writer.wait_closed()
        backwards.cancel()


@pytest.mark.parametrize("secure", [False, True], ids=["ws", "wss"])
async def test_websocket_delivers_messages(tmp_path: Path, mosquitto: Mosquitto, secure: bool) -> None:
    options: dict[str, Any] = {"transport": "websocket"}
    context = None
    if secure:
        await asyncio.to_thread(certificates, tmp_path)
        options |= {"host": "localhost", "tls": True, "ca_file": str(tmp_path / "ca.crt")}
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "broker.crt", tmp_path / "broker.key")
    async with WebSocketProxy(mosquitto, context) as front:
        async with (
            Receiver(front.port, client_id="sender", **options) as sender,
            Receiver(front.port, **options) as hub,
        ):
            await check_delivery(sender, hub)
            assert hub.link.state.reconnects == 0
        async with Receiver(front.port, had_session=True, **options) as again:
            await asyncio.sleep(0.2)
            assert not again.messages  # the acknowledgements came through before the end
            assert not again.gaps


@pytest.mark.parametrize("pieces", [(1,), (2, 3, 171, 5), (4096, 1, 65_536)], ids=str)
async def test_packets_split_anywhere_are_read(mosquitto: Mosquitto, pieces: tuple[int, ...]) -> None:
    large = os.urandom(2_000 if pieces == (1,) else 200_000)
    async with Proxy(mosquitto.port, pieces) as proxy, Receiver(proxy.port) as hub:
        small = [("devices/a/t", str(i), i % 2, False) for i in range(30)]
        await publish(mosquitto.port, *small, ("devices/a/t", large, 1, False), ("devices/a/t", "last", 1, False))
        await until(lambda: len(hub.messages) == 32, 40)
        assert hub.payloads == [*(b"%d" % i for i in range(30)), large, b"last"]
