"""Links when things go wrong: brokers that refuse, flood, flap or talk nonsense, and a hub that cannot take more."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import subprocess
import threading
from pathlib import Path

import pytest

from brokers import Mosquitto, Proxy, publish
from hub.errors import BrokerError
from mqtt_peer import DISCONNECT, Peer, PeerServer, packet
from receiver import Receiver, until


async def test_acknowledgements_go_out_in_the_order_given() -> None:
    async def send(peer: Peer) -> None:
        for mid in (7, 3, 9, 1):
            peer.publish(b"devices/a/t", b"%d" % mid, mid)

    async with PeerServer(send) as server, Receiver(server.port, ack=False) as hub:
        await until(lambda: len(hub.messages) == 4)
        hub.link.ack(hub.messages[:3])
        await until(lambda: len(server.peers[0].acknowledged) == 3)
        assert server.peers[0].acknowledged == [7, 3, 9]


async def test_a_receipt_is_never_used_on_another_connection() -> None:
    async def send(peer: Peer) -> None:
        peer.publish(b"devices/a/t", b"x", 1)

    async with PeerServer(send, session_present=True) as server, Receiver(server.port, ack=False) as hub:
        await until(lambda: len(hub.messages) == 1)
        server.peers[0].hang_up()
        await until(lambda: len(hub.messages) == 2)
        hub.link.ack([hub.messages[0]])
        await hub.link.publish("devices/a/x", b"", qos=0)  # whatever was to be written comes before this
        await until(lambda: 3 in server.peers[1].kinds())
        assert server.peers[1].acknowledged == []
        hub.link.ack([hub.messages[1]])
        await until(lambda: server.peers[1].acknowledged == [1])


async def test_the_goodbye_does_not_shorten_the_session() -> None:
    async with PeerServer() as server:
        async with Receiver(server.port):
            pass
        connect, *_, goodbye = server.peers[0].received
    flags, properties = connect[1][7], connect[1][10:]
    assert flags & 0x02 == 0  # no clean start
    assert b"\x11" + (604_800).to_bytes(4) in properties  # session expiry of 7 days
    assert b"\x21" + (10_000).to_bytes(2) in properties  # Receive Maximum
    assert goodbye[0] == DISCONNECT
    assert goodbye[1] in (b"", b"\0", b"\0\0")  # normal, and without a new expiry


async def test_a_topic_that_is_not_utf8_arrives_escaped() -> None:
    async def send(peer: Peer) -> None:
        peer.publish(b"devices/\xff\xfe/t", b"1", 1)
        peer.publish(b"devices/a/t", b"\xff\x00" * 3, 2)

    async with PeerServer(send) as server, Receiver(server.port) as hub:
        await until(lambda: len(hub.messages) == 2)
        assert [m.topic for m in hub.messages] == ["devices/\\xff\\xfe/t", "devices/a/t"]
        assert hub.payloads[1] == b"\xff\x00" * 3
        await until(lambda: server.peers[0].acknowledged == [1, 2])


NONSENSE = {
    "an unknown packet": b"\xf0\x02ab",
    "a topic longer than its packet": packet(0x32, b"\xff\xffabc"),
    "an empty publish": packet(0x32, b""),
    "an endless length": b"\x30\xff\xff\xff\xff\xff\xff",
    "a QoS of 3": packet(0x36, b"\0\x01a\0\x01\0x"),
    "unknown properties": packet(0x32, b"\0\x01a\0\x01\x02\xee\xee"),
    "an acknowledgement of nothing": packet(0x40, b"\x12\x34") + b"\xf0\0",
}


@pytest.mark.parametrize("name", NONSENSE)
async def test_nonsense_ends_the_connection_but_not_the_link(name: str) -> None:
    async def send(peer: Peer) -> None:
        if len(server.peers) == 1:
            peer.send(NONSENSE[name])
        else:
            peer.publish(b"devices/a/t", b"fine", 1)

    async with PeerServer(send) as server, Receiver(server.port, wait=False) as hub:
        await until(lambda: hub.payloads == [b"fine"])
        assert hub.link.state.reconnects == 1


async def test_flapping_leaves_nothing_behind(mosquitto: Mosquitto) -> None:
    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    async with Proxy(mosquitto.port) as proxy:
        async with Receiver(proxy.port) as hub:
            for turn in range(10):
                proxy.cut()
                await until(lambda turn=turn: proxy.accepted == turn + 2 and hub.subscribed)
            tasks, threads = len(asyncio.all_tasks()), threading.active_count()
            files = open_files()
            for turn in range(10, 60):
                proxy.cut()
                await until(lambda turn=turn: proxy.accepted == turn + 2 and (turn % 2 or hub.subscribed))
            await until(lambda: hub.subscribed)
            await until(lambda: len(asyncio.all_tasks()) <= tasks)
            assert threading.active_count() <= max(threads, 8)  # the default pool that connects, which is bounded
            await until(lambda: open_files() <= files)
            assert not hub.gaps
        assert not [t for t in asyncio.all_tasks() if t.get_name() in ("link", "mqtt-keepalive")]


async def test_a_stop_while_connecting_leaves_nothing_behind() -> None:
    async with PeerServer(answers=False) as silent:
        for delay in (0.0, 0.001, 0.005, 0.05, 0.2):
            async with Receiver(silent.port, wait=False):
                await asyncio.sleep(delay)
        await until(lambda: not [t for t in asyncio.all_tasks() if t.get_name() in ("link", "mqtt-keepalive")])
        await until(lambda: all(peer.gone for peer in silent.peers))


async def test_a_stop_is_heard_whenever_it_comes(mosquitto: Mosquitto) -> None:
    # asyncio.wait_for of Python 3.11 swallows a cancellation that comes together with the result.
    for delay in range(0, 60, 2):
        async with Receiver(mosquitto.port, wait=False) as hub:
            await asyncio.sleep(delay / 2_000)
            assert hub.task is not None
            hub.task.cancel()
            await asyncio.wait([hub.task], timeout=5)
            assert hub.task.done()


async def test_a_flood_stops_at_the_window() -> None:
    async def send(peer: Peer) -> None:
        for mid in range(1, 1001):
            peer.publish(b"devices/a/t", b"%d" % mid, mid)

    async with PeerServer(send) as server, Receiver(server.port, ack=False, window=100) as hub:
        await until(lambda: len(hub.messages) > 100)
        await asyncio.sleep(0.1)
        assert len(hub.messages) == 101
        done = 0
        while done < 1000:
            hub.link.ack(hub.messages[done : done + 37])
            done += 37
            await asyncio.sleep(0.002)
        await until(lambda: len(server.peers[0].acknowledged) == 1000)
        assert server.peers[0].acknowledged == list(range(1, 1001))
        assert len(server.peers) == 1


async def test_a_pause_leaves_the_messages_with_the_broker(mosquitto: Mosquitto) -> None:
    async with Receiver(mosquitto.port) as hub:
        hub.link.pause()
        await publish(mosquitto.port, *[("devices/a/t", str(i), 1, False) for i in range(500)])
        await asyncio.sleep(0.1)
        assert not hub.messages
        hub.link.resume()
        await until(lambda: len(hub.messages) == 500)
        assert hub.payloads == [b"%d" % i for i in range(500)]
        assert hub.link.state.reconnects == 0


async def test_a_long_pause_disconnects_and_resuming_brings_everything(mosquitto: Mosquitto) -> None:
    async with Receiver(mosquitto.port, keepalive_s=1) as hub:
        hub.link.pause()
        await publish(mosquitto.port, *[("devices/a/t", str(i), 1, False) for i in range(500)])
        await until(lambda: not hub.link.state.connected, 2)
        assert "cannot take more" in (hub.link.state.error or "")
        await asyncio.sleep(0.3)
        assert not hub.link.state.connected
        assert not hub.messages
        hub.link.resume()
        await until(lambda: len(hub.messages) == 500)
        assert hub.payloads == [b"%d" % i for i in range(500)]
        assert not hub.gaps


async def test_a_message_that_the_hub_cannot_keep_comes_again(mosquitto: Mosquitto) -> None:
    async with Receiver(mosquitto.port) as hub:
        hub.takes = False
        await publish(mosquitto.port, *[("devices/a/t", str(i), 1, False) for i in range(5)])
        await until(lambda: "queue is full" in (hub.link.state.error or ""))
        hub.takes = True
        await until(lambda: len(hub.messages) == 5)
        assert hub.payloads == [b"%d" % i for i in range(5)]


async def test_a_refused_subscription_shows_in_the_state(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path, dynamic_security(tmp_path, "hub", "secret", readable="devices/#"))
    broker.start()
    try:
        given = {"username": "hub", "password": "secret"}
        async with Receiver(broker.port, "devices/#", "private/#", wait=False, **given) as hub:
            await until(lambda: hub.link.state.error)
            assert hub.link.state.connected
            assert not hub.link.state.subscribed
            assert "private/# (Not authorized)" in (hub.link.state.error or "")
            with pytest.raises(BrokerError, match="refused: Not authorized"):
                await hub.link.publish("private/x", b"")
        async with Receiver(broker.port, client_id="b", **given) as allowed:
            assert allowed.link.state.error is None
        async with Receiver(broker.port, client_id="c", wait=False, username="hub", password="wrong") as wrong:
            await until(lambda: wrong.link.state.error)
            assert "refused the connection: Not authorized" in (wrong.link.state.error or "")
    finally:
        broker.stop()


async def test_a_refusal_by_an_old_broker_shows_in_the_state() -> None:
    async with PeerServer(suback=0x80) as server, Receiver(server.port, wait=False) as hub:
        await until(lambda: hub.link.state.error)
        assert "refused the subscription to devices/#" in (hub.link.state.error or "")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0x8E, "another client has connected with this hub's client id"),
        (0x8B, "the broker is shutting down"),
        (0x95, "the broker found a packet too large"),
        (0x81, "the connection was cut"),
    ],
)
async def test_the_reason_of_the_broker_shows_in_the_state(code: int, words: str) -> None:
    async def send(peer: Peer) -> None:
        peer.send(packet(0xE0, bytes([code, 0])))

    async with PeerServer(send) as server, Receiver(server.port, wait=False) as hub:
        await until(lambda: hub.link.state.error)
        assert hub.link.state.error == f"{words}."


async def test_a_publish_that_is_cut_off_fails_at_once() -> None:
    async with PeerServer() as server, Receiver(server.port) as hub:
        sending = asyncio.create_task(hub.link.publish("devices/a/x", b"{}"))
        await until(lambda: 3 in server.peers[0].kinds())
        server.peers[0].hang_up()
        with pytest.raises(BrokerError, match="has not confirmed"):
            await asyncio.wait_for(sending, 1)


def dynamic_security(directory: Path, user: str, password: str, readable: str) -> list[str]:
    """Configuration lines for mosquitto's own access control: ``user`` may read and write ``readable`` only."""
    salt = os.urandom(12)
    kinds = ("publishClientSend", "publishClientReceive", "subscribePattern", "unsubscribePattern")
    rules = {
        "defaultACLAccess": dict.fromkeys(("publishClientSend", "publishClientReceive", "subscribe"), False)
        | {"unsubscribe": True},
        "clients": [
            {
                "username": user,
                "roles": [{"rolename": "reader"}],
                "password": base64.b64encode(hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 101)).decode(),
                "salt": base64.b64encode(salt).decode(),
                "iterations": 101,
            }
        ],
        "roles": [{"rolename": "reader", "acls": [{"acltype": k, "topic": readable, "allow": True} for k in kinds]}],
    }
    file = directory / "dynamic-security.json"
    file.write_text(json.dumps(rules))
    [plugin] = {path.resolve() for path in Path("/usr/lib").rglob("mosquitto_dynamic_security.so")}
    return ["allow_anonymous false", f"plugin {plugin}", f"plugin_opt_config_file {file}"]


def certificates(directory: Path) -> list[str]:
    """A CA and a certificate for localhost; configuration lines that serve it instead of plain TCP."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)

    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.crt", "-days", "2", "-subj", "/CN=Test CA")
    openssl("req", *new_key, "-keyout", "broker.key", "-out", "broker.csr", "-subj", "/CN=localhost")
    (directory / "names").write_text("subjectAltName=DNS:localhost\n")
    signer = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial")
    openssl("x509", "-req", "-in", "broker.csr", *signer, "-out", "broker.crt", "-days", "2", "-extfile", "names")
    return [f"certfile {directory}/broker.crt", f"keyfile {directory}/broker.key"]


async def test_tls_is_spoken_and_the_certificate_checked(tmp_path: Path) -> None:
    lines = await asyncio.to_thread(certificates, tmp_path)
    broker = Mosquitto(tmp_path, lines)
    broker.start()
    trusted = {"host": "localhost", "tls": True, "ca_file": str(tmp_path / "ca.crt")}
    try:
        sending = Receiver(broker.port, client_id="sender", **trusted)
        async with sending as sender, Receiver(broker.port, **trusted) as hub:
            large = os.urandom(900_000)
            hub.link.pause()
            await asyncio.gather(*(sender.link.publish("devices/a/t", b"%d" % i) for i in range(500)))
            await sender.link.publish("devices/a/t", large)
            hub.link.resume()
            await until(lambda: len(hub.messages) == 501)
            assert hub.payloads == [*(b"%d" % i for i in range(500)), large]
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
