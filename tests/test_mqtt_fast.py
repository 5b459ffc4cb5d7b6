"""The MQTT 5 client: broker limits, reason codes, protocol violations, and its packet reader."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import mqtt5
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from access import dynamic_security
from brokers import Mosquitto
from hub.errors import BrokerError
from hub.mqtt.fast.packets import Malformed, Packet, PacketReader
from mqtt_peer import DISCONNECT, PUBLISH, Peer, PeerServer, packet
from receiver import Receiver, until

a_panic = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""mqtt5 0.8 panics at text that is not UTF-8 and reports that beside the exception."""


@pytest.fixture(autouse=True)
def use_mqtt_5(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Receiver, "protocol", "5")


async def test_disconnect_keeps_session_expiry() -> None:
    async with PeerServer() as server:
        async with Receiver(server.port):
            pass
        connect, *_, disconnect = server.peers[0].received
    flags, properties = connect[1][7], connect[1][10:]
    assert flags & 0x02 == 0  # no clean start
    assert b"\x11" + (604_800).to_bytes(4) in properties  # session expiry of 7 days
    assert b"\x21" + (10_000).to_bytes(2) in properties  # Receive Maximum
    assert disconnect[0] == DISCONNECT
    assert disconnect[1] in (b"", b"\0", b"\0\0")  # normal, and without a new expiry


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0x8E, "another client connected with this hub's client id"),
        (0x8B, "the broker is shutting down"),
        (0x95, "the broker rejected a packet as too large"),
        (0x81, "the broker could not parse a packet"),
        (0x99, "the connection was lost"),
    ],
)
async def test_state_shows_disconnect_reason_of_broker(code: int, words: str) -> None:
    async def send(peer: Peer) -> None:
        peer.send(packet(0xE0, bytes([code, 0])))

    async with PeerServer(send) as server, Receiver(server.port, wait=False) as hub:
        await until(lambda: hub.link.state.error)
        assert hub.link.state.error == f"{words}."


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (
            0x87,
            "the broker refused the connection: Not authorized; check mqtt.username and mqtt.password "
            "(hub device add creates a user)",
        ),
        (0x89, "the broker refused the connection: it is busy"),
        (0x80, "the broker refused the connection: Unspecified error"),
        (0x84, "the broker does not speak MQTT 5"),
    ],
)
async def test_state_shows_connack_reason(code: int, words: str) -> None:
    async with PeerServer(connack=bytes([0, code, 0])) as server, Receiver(server.port, wait=False) as hub:
        await until(lambda: hub.link.state.error)
        assert hub.link.state.error == f"{words}."


async def test_unauthorized_publish_raises(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path, dynamic_security(tmp_path, "hub", "secret", readable="devices/#"))
    broker.start()
    try:
        async with Receiver(broker.port, username="hub", password="secret") as hub:
            with pytest.raises(BrokerError, match="Not authorized"):
                await hub.link.publish("private/x", b"")
    finally:
        broker.stop()


RECEIVE_MAXIMUM_2 = b"\x21\x00\x02"
MAXIMUM_PACKET_100 = b"\x27\x00\x00\x00\x64"
NO_RETAIN = b"\x25\x00"
QOS_0_ONLY = b"\x24\x00"


def accepted(properties: bytes) -> bytes:
    return bytes([0, 0, len(properties)]) + properties


async def test_receive_maximum_of_broker_is_respected() -> None:
    async with PeerServer(connack=accepted(RECEIVE_MAXIMUM_2)) as server, Receiver(server.port) as hub:
        peer = server.peers[0]
        sending = [asyncio.create_task(hub.link.publish("devices/a/x", b"%d" % i)) for i in range(5)]
        await until(lambda: peer.kinds().count(PUBLISH) == 2)
        await asyncio.sleep(0.05)
        assert peer.kinds().count(PUBLISH) == 2
        sending[2].cancel()  # it is still queued, and must not be sent
        for done in range(4):
            number = [body[13:15] for kind, body in peer.received if kind == PUBLISH][done]
            peer.send(packet(0x40, number))
            await until(lambda done=done: sum(task.done() for task in sending) == done + 2)
        assert [body[16:] for kind, body in peer.received if kind == PUBLISH] == [b"0", b"1", b"3", b"4"]
        assert await asyncio.gather(*sending[:2], *sending[3:]) == [None] * 4


@pytest.mark.parametrize(
    ("limit", "payload", "retained", "words"),
    [
        (MAXIMUM_PACKET_100, b"x" * 100, False, "larger than the broker allows"),
        (NO_RETAIN, b"", True, "does not support retained messages"),
        (QOS_0_ONLY, b"", False, "QoS 0 only"),
    ],
)
async def test_publish_beyond_broker_limits_raises(limit: bytes, payload: bytes, retained: bool, words: str) -> None:
    async with PeerServer(connack=accepted(limit)) as server, Receiver(server.port) as hub:
        with pytest.raises(BrokerError, match=words):
            await hub.link.publish("devices/a/x", payload, retained=retained)
        await hub.link.publish("devices/a/x", b"", qos=0)
        await until(lambda: PUBLISH in server.peers[0].kinds())


VIOLATIONS = {
    "unknown properties": packet(0x32, b"\0\x01a\0\x01\x02\xee\xee"),
    "a topic alias": packet(0x30, b"\0\0\x03\x23\0\x01x"),
    "QoS 2": packet(0x34, b"\0\x01a\0\x01\0x"),
    "a packet of a client": packet(0xC0, b""),
    "a second CONNACK": packet(0x20, b"\0\0\0"),
    "a packet of 200 MB": b"\x30\xff\xff\xff\x5f",
}


@pytest.mark.parametrize("name", VIOLATIONS)
async def test_protocol_violation_disconnects_with_reason_code(name: str) -> None:
    async def send(peer: Peer) -> None:
        if len(server.peers) == 1:
            peer.publish(b"devices/a/t", b"before", 1)
            peer.send(VIOLATIONS[name])
        else:
            peer.publish(b"devices/a/t", b"fine", 1)

    async with PeerServer(send) as server, Receiver(server.port, wait=False) as hub:
        await until(lambda: hub.payloads == [b"before", b"fine"])
        kind, body = server.peers[0].received[-1]
        assert kind == DISCONNECT
        assert body[0] in (0x81, 0x82, 0x95)  # malformed, protocol error, too large


async def test_missing_websocket_is_reported(mosquitto: Mosquitto) -> None:
    async with Receiver(mosquitto.port, transport="websocket", wait=False) as hub:
        await until(lambda: hub.link.state.error)
        assert "no WebSocket is accepted at /mqtt" in (hub.link.state.error or "")


# -- any bytes ---------------------------------------------------------------------------------------------------------


def read_in_pieces(data: bytes, cuts: list[int]) -> tuple[list[Packet], bool]:
    """Feed ``data`` in pieces. Return the packets and whether the reader raised Malformed."""
    reader, packets = PacketReader(max_bytes=1_000), list[Packet]()
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    try:
        for start, end in itertools.pairwise(edges):
            reader.feed(data[start:end])
            while found := reader.take(3):
                packets += found
    except Malformed:
        return packets, True
    return packets, False


PUBLISHES = st.builds(
    lambda topic, payload, number: mqtt5.PublishPacket(
        topic, payload, qos=mqtt5.QoS(1 if number else 0), packet_id=number
    ).write(),
    st.text(st.characters(codec="utf-8", exclude_characters="+#\0"), min_size=1, max_size=20),
    st.binary(max_size=300),
    st.none() | st.integers(1, 65_535),
)


@given(st.lists(PUBLISHES, min_size=1, max_size=5), st.lists(st.integers(0, 2_000), max_size=8))
def test_packets_are_read_wherever_stream_is_split(parts: list[bytes], cuts: list[int]) -> None:
    packets, malformed = read_in_pieces(b"".join(parts), cuts)
    assert not malformed
    assert [packet.write() for packet in packets if isinstance(packet, mqtt5.PublishPacket)] == parts


@a_panic
@settings(deadline=None)
@given(st.binary(max_size=60) | st.lists(st.binary(max_size=30) | PUBLISHES, max_size=4).map(b"".join))
def test_any_bytes_are_parsed_or_malformed(data: bytes) -> None:
    whole = read_in_pieces(data, [])
    bytewise = read_in_pieces(data, [*range(len(data))])
    assert (len(whole[0]), whole[1]) == (len(bytewise[0]), bytewise[1])
