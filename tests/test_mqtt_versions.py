"""Negotiation of the MQTT version with brokers that support 5, support 3.1.1 only, or close the connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from brokers import HOST, Mosquitto, publish
from hub.mqtt.demo_broker import DemoBroker
from mqtt_peer import CONNECT, Peer, PeerServer
from receiver import Receiver, until


@pytest.fixture
async def amqtt(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DemoBroker]:
    """Start a broker that supports 3.1.1 only and does not answer an MQTT 5 CONNECT."""
    monkeypatch.setattr("hub.mqtt.version_negotiation.FIRST_HANDSHAKE_S", 1.0)
    running = await DemoBroker.start(HOST, 0, kind="amqtt")
    yield running
    await running.stop()


def levels(server: PeerServer) -> list[int]:
    """Return the protocol level of each CONNECT."""
    return [body[6] for peer in server.peers for kind, body in peer.received if kind == CONNECT]


async def test_mqtt_5_is_used_when_broker_supports_it(mosquitto: Mosquitto) -> None:
    async with Receiver(mosquitto.port) as hub:
        assert hub.link.state.protocol == "MQTT 5"


async def test_broker_without_mqtt_5_is_used_with_3_1_1(amqtt: DemoBroker) -> None:
    await publish(amqtt.port, ("devices/a/info", "kept", 1, True))
    async with Receiver(amqtt.port) as hub:
        await until(lambda: hub.messages)
        hub.link.subscribe(["plant/+/x"])
        await publish(amqtt.port, ("plant/1/x", "one", 1, True), ("devices/a/t", "0", 0, False))
        await until(lambda: len(hub.messages) == 3 and hub.subscribed)
        for qos in (0, 1):
            await hub.link.publish("devices/a/commands/open", b"{}", qos=qos, retained=True)
        await until(lambda: len(hub.messages) == 5)
        assert hub.link.state.protocol == "MQTT 3.1.1"
        assert hub.messages[0].retained


@pytest.mark.parametrize("answer", [b"\0\x01", b"\0\x84\0"], ids=["as 3.1.1", "as 5"])
async def test_refused_version_is_not_tried_again(answer: bytes) -> None:
    async def send(peer: Peer) -> None:
        peer.publish(b"devices/a/t", b"x", 1)

    async with PeerServer(send, refuses={5: answer}) as server, Receiver(server.port) as hub:
        await until(lambda: len(hub.messages) == 1)
        server.peers[-1].hang_up()
        await until(lambda: len(hub.messages) == 2)
        assert levels(server) == [5, 4, 4]


async def test_3_1_1_is_tried_when_broker_closes_connection() -> None:
    async with PeerServer(refuses={5: b""}) as server, Receiver(server.port) as hub:
        assert levels(server) == [5, 4]
        assert hub.link.state.protocol == "MQTT 3.1.1"


@pytest.mark.parametrize(("version", "level"), [("5", 5), ("3.1.1", 4)])
async def test_configured_version_is_the_only_one_tried(version: str, level: int) -> None:
    async with (
        PeerServer(refuses={5: b"\0\x84\0", 4: b"\0\x01"}) as server,
        Receiver(server.port, protocol=version, wait=False) as hub,
    ):
        await until(lambda: len(server.peers) >= 3)
        await asyncio.sleep(0)
        assert set(levels(server)) == {level}
        assert not hub.link.state.connected
