"""Both MQTT clients under faults: brokers that refuse, flood or send malformed packets, and a hub that is full."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access import dynamic_security
from brokers import Mosquitto, publish
from hub.errors import BrokerError
from hub.mqtt.aiomqtt import AiomqttConnection
from hub.mqtt.fast import FastConnection
from mqtt_peer import Peer, PeerServer, packet
from receiver import Receiver, until

pytestmark = pytest.mark.usefixtures("each_link")


async def test_acknowledgements_are_sent_in_order() -> None:
    async def send(peer: Peer) -> None:
        for mid in (7, 3, 9, 1):
            peer.publish(b"devices/a/t", b"%d" % mid, mid)

    async with PeerServer(send) as server, Receiver(server.port, ack=False) as hub:
        await until(lambda: len(hub.messages) == 4)
        hub.link.ack(hub.messages[:3])
        await until(lambda: len(server.peers[0].acknowledged) == 3)
        assert server.peers[0].acknowledged == [7, 3, 9]


async def test_receipt_is_not_used_on_another_connection() -> None:
    async def send(peer: Peer) -> None:
        peer.publish(b"devices/a/t", b"x", 1)

    async with PeerServer(send, session_present=True) as server, Receiver(server.port, ack=False) as hub:
        await until(lambda: len(hub.messages) == 1)
        server.peers[0].hang_up()
        await until(lambda: len(hub.messages) == 2)
        hub.link.ack([hub.messages[0]])
        await hub.link.publish("devices/a/x", b"", qos=0)  # everything written so far is sent before this
        await until(lambda: 3 in server.peers[1].kinds())
        assert server.peers[1].acknowledged == []
        hub.link.ack([hub.messages[1]])
        await until(lambda: server.peers[1].acknowledged == [1])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # mqtt5 0.8 tells of its panic so
async def test_topic_that_is_not_utf8_is_escaped() -> None:
    async def send(peer: Peer) -> None:
        peer.publish(b"devices/\xff\xfe/t", b"1", 1)
        peer.publish(b"devices/a/t", b"\xff\x00" * 3, 2)

    async with PeerServer(send) as server, Receiver(server.port) as hub:
        await until(lambda: len(hub.messages) == 2)
        assert [m.topic for m in hub.messages] == ["devices/\\xff\\xfe/t", "devices/a/t"]
        assert hub.payloads[1] == b"\xff\x00" * 3
        await until(lambda: server.peers[0].acknowledged == [1, 2])


MALFORMED = {
    "an unknown packet": b"\xf0\x02ab",
    "a topic longer than its packet": packet(0x32, b"\xff\xffabc"),
    "an empty publish": packet(0x32, b""),
    "an endless length": b"\x30\xff\xff\xff\xff\xff\xff",
    "a QoS of 3": packet(0x36, b"\0\x01a\0\x01\0x"),
    "an acknowledgement of nothing": packet(0x40, b"\x12\x34") + b"\xf0\0",
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_malformed_packet_reconnects(name: str) -> None:
    async def send(peer: Peer) -> None:
        if len(server.peers) == 1:
            peer.send(MALFORMED[name])
        else:
            peer.publish(b"devices/a/t", b"fine", 1)

    async with PeerServer(send) as server, Receiver(server.port, wait=False) as hub:
        await until(lambda: hub.payloads == [b"fine"])
        assert hub.link.state.reconnects == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # mqtt5 0.8 tells of its panic so
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(min_size=1, max_size=40), st.binary(max_size=200), st.integers(0, 300))
def test_any_bytes_from_broker_end_in_reconnect(junk: bytes, payload: bytes, at: int) -> None:
    """The broker sends a message cut off at a random byte, then random bytes."""

    async def send(peer: Peer) -> None:
        if len(server.peers) == 1:
            properties = b"\0" if peer.level == 5 else b""
            whole = packet(0x32, b"\0\x0bdevices/a/t\0\x01" + properties + payload)
            peer.send(whole[: at % len(whole)] + junk)
            await asyncio.sleep(0.01)
            peer.hang_up()
        else:
            peer.publish(b"devices/a/t", b"fine", 1)

    async def run() -> None:
        async with server, Receiver(server.port, wait=False) as hub:
            await until(lambda: b"fine" in hub.payloads)
            assert hub.task is not None
            assert not hub.task.done()

    server = PeerServer(send)
    asyncio.run(run())


async def test_stop_while_connecting_leaves_no_task_or_socket() -> None:
    async with PeerServer(answers=False) as silent:
        for delay in (0.0, 0.001, 0.005, 0.05, 0.2):
            async with Receiver(silent.port, wait=False):
                await asyncio.sleep(delay)
        await until(lambda: not [t for t in asyncio.all_tasks() if t.get_name() in ("link", "mqtt-keepalive")])
        await until(lambda: all(peer.closed for peer in silent.peers))


async def test_stop_at_any_moment_ends_client(mosquitto: Mosquitto) -> None:
    # asyncio.wait_for of Python 3.11 swallows a cancellation that comes together with the result.
    for delay in range(0, 60, 2):
        async with Receiver(mosquitto.port, wait=False) as hub:
            await asyncio.sleep(delay / 2_000)
            assert hub.task is not None
            hub.task.cancel()
            await asyncio.wait([hub.task], timeout=5)
            assert hub.task.done()


async def test_stop_together_with_refusal_ends_client(monkeypatch: pytest.MonkeyPatch) -> None:
    for connection in (AiomqttConnection, FastConnection):
        end = connection.fail

        def stop_too(self: Any, reason: str, end: Callable[[Any, str], None] = end) -> None:
            end(self, reason)
            assert hub.task is not None
            if not hub.task.cancelling():
                hub.task.cancel()

        monkeypatch.setattr(connection, "fail", stop_too)
    async with PeerServer(refuses={4: b"", 5: b""}) as server, Receiver(server.port, wait=False) as hub:
        assert hub.task is not None
        await asyncio.wait([hub.task], timeout=5)
        ended = hub.task.done()
        monkeypatch.undo()
        while not hub.task.done():  # the client would otherwise run until the test's timeout
            hub.task.cancel()
            await asyncio.wait([hub.task], timeout=0.1)
        assert ended


async def test_window_stops_flood() -> None:
    async def send(peer: Peer) -> None:
        for mid in range(1, 1001):
            peer.publish(b"devices/a/t", b"%d" % mid, mid)

    async with PeerServer(send) as server, Receiver(server.port, ack=False, window=100) as hub:
        await until(lambda: len(hub.messages) > 100)
        await asyncio.sleep(0.1)
        assert len(hub.messages) <= 100 + 256  # what was read together with the one that was too much
        done = 0
        while done < 1000:
            hub.link.ack(hub.messages[done : done + 37])
            done += 37
            await asyncio.sleep(0.002)
        await until(lambda: len(server.peers[0].acknowledged) == 1000)
        assert server.peers[0].acknowledged == list(range(1, 1001))
        assert len(server.peers) == 1


async def test_pause_leaves_messages_with_broker(mosquitto: Mosquitto) -> None:
    async with Receiver(mosquitto.port) as hub:
        hub.link.pause()
        await publish(mosquitto.port, *[("devices/a/t", str(i), 1, False) for i in range(500)])
        await asyncio.sleep(0.1)
        assert not hub.messages
        hub.link.resume()
        await until(lambda: len(hub.messages) == 500)
        assert hub.payloads == [b"%d" % i for i in range(500)]
        assert hub.link.state.reconnects == 0


async def test_long_pause_disconnects_and_resume_delivers_everything(
    mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    async with Receiver(mosquitto.port, keepalive_s=1) as hub:
        hub.link.pause()
        await publish(mosquitto.port, *[("devices/a/t", str(i), 1, False) for i in range(500)])
        await until(lambda: not hub.link.state.connected, 2)
        assert "cannot take more" in (hub.link.state.error or "")
        await until(lambda: "on purpose" in caplog.text, 2)
        assert "Retrying" not in caplog.text
        await asyncio.sleep(0.3)
        assert not hub.link.state.connected
        assert not hub.messages
        hub.link.resume()
        await until(lambda: len(hub.messages) == 500)
        assert hub.payloads == [b"%d" % i for i in range(500)]
        assert not hub.gaps


async def test_message_that_queue_refuses_is_redelivered(mosquitto: Mosquitto) -> None:
    async with Receiver(mosquitto.port) as hub:
        hub.accepts = False
        await publish(mosquitto.port, *[("devices/a/t", str(i), 1, False) for i in range(5)])
        await until(lambda: "queue is full" in (hub.link.state.error or ""))
        hub.accepts = True
        await until(lambda: len(hub.messages) == 5)
        assert hub.payloads == [b"%d" % i for i in range(5)]


async def test_state_shows_refused_subscription(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path, dynamic_security(tmp_path, "hub", "secret", readable="devices/#"))
    broker.start()
    try:
        given = {"username": "hub", "password": "secret"}
        async with Receiver(broker.port, "devices/#", "private/#", wait=False, **given) as hub:
            await until(lambda: hub.link.state.error)
            assert hub.link.state.connected
            assert hub.link.state.subscribed  # what is granted works
            assert [topic for topic, _ in hub.link.state.refused] == ["private/#"]
            assert "private/# (" in (hub.link.state.error or "")
            await hub.link.publish("devices/a/t", b"1")
            await until(lambda: hub.payloads == [b"1"])
        async with Receiver(broker.port, client_id="b", **given) as allowed:
            assert allowed.link.state.error is None
        async with Receiver(broker.port, client_id="c", wait=False, username="hub", password="wrong") as wrong:
            await until(lambda: wrong.link.state.error)
            assert "refused the connection: Not authorized" in (wrong.link.state.error or "")
    finally:
        broker.stop()


async def test_state_shows_subscription_refused_by_3_1_1_broker() -> None:
    async with PeerServer(suback=0x80) as server, Receiver(server.port, wait=False) as hub:
        await until(lambda: hub.link.state.error)
        assert not hub.link.state.subscribed
        assert "refused the subscription to devices/#" in (hub.link.state.error or "")


async def test_publish_fails_at_once_when_connection_is_lost() -> None:
    async with PeerServer() as server, Receiver(server.port) as hub:
        sending = asyncio.create_task(hub.link.publish("devices/a/x", b"{}"))
        await until(lambda: 3 in server.peers[0].kinds())
        server.peers[0].hang_up()
        with pytest.raises(BrokerError, match="did not acknowledge"):
            await asyncio.wait_for(sending, 1)
