"""Brokers that close the connection instead of refusing a subscription, as RabbitMQ and Aedes do."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from foreign_brokers import PASSWORD, ClosingAedes
from hub.mqtt.subscribing import CLOSES
from mqtt_peer import SUBSCRIBE, Peer, PeerServer
from receiver import Receiver, until

FILTERS = ("devices/#", "private/a/#", "homie/#", "private/b/#")


@pytest.mark.usefixtures("each_link")
async def test_filters_at_which_broker_closes_connection_are_refused(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def send(peer: Peer) -> None:
        peer.publish(b"devices/a/t", b"x")

    async with PeerServer(send, closes_at=b"private/") as server, Receiver(server.port, *FILTERS) as hub:
        assert dict(hub.link.state.refused) == {"private/a/#": CLOSES, "private/b/#": CLOSES}
        await until(lambda: hub.messages)
        log = caplog.text
        assert log.count("the broker closes the connection") == 2  # both filters, in one line
        assert log.count("one topic filter at a time") == log.count("Reconnected to the MQTT broker") == 1
        server.peers[-1].hang_up()  # from now on they are known
        peers = len(server.peers)
        await until(lambda: hub.subscribed and len(server.peers) > peers)
        assert len(server.peers) == peers + 1
        assert not any(b"private/" in body for kind, body in server.peers[-1].received if kind == SUBSCRIBE)


async def test_filter_is_not_refused_because_connection_was_lost_once() -> None:
    lost: list[Peer] = []

    async def hang_up_first(peer: Peer) -> None:
        if not lost:
            lost.append(peer)
            peer.hang_up()

    async with PeerServer(hang_up_first) as server, Receiver(server.port, *FILTERS, wait=False) as hub:
        await until(lambda: len(server.peers) == 2 and hub.subscribed)
        assert hub.link.state.refused == ()


async def test_refused_filters_are_tried_again_with_other_credentials() -> None:
    async with PeerServer(closes_at=b"private/") as server, Receiver(server.port, *FILTERS) as hub:
        assert hub.link.state.refused
        server.closes_at = b""
        hub.link.reconnect_with(hub.link.settings)
        await until(lambda: hub.subscribed and not hub.link.state.refused)


@pytest.mark.usefixtures("each_link")
async def test_refused_filters_are_tried_again_later_and_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.mqtt.subscribing.FIRST_PAUSE_S", 0.3)
    monkeypatch.setattr("hub.mqtt.reconnecting_client.RESUBSCRIBE_S", 0.05)
    async with PeerServer(closes_at=b"private/") as server, Receiver(server.port, *FILTERS) as hub:
        assert dict(hub.link.state.refused) == {"private/a/#": CLOSES, "private/b/#": CLOSES}
        peers = len(server.peers)
        await until(lambda: hub.subscribed and len(server.peers) >= peers + 2)
        assert dict(hub.link.state.refused) == {"private/a/#": CLOSES, "private/b/#": CLOSES}
        server.closes_at = b""
        await until(lambda: hub.subscribed and not hub.link.state.refused)


@pytest.mark.usefixtures("each_link")
async def test_wrong_number_of_answers_is_lost_connection() -> None:
    async with PeerServer() as server, Receiver(server.port, *FILTERS, wait=False) as hub:
        server.codes = 3
        await until(lambda: len(server.peers) > 2 and hub.link.state.error)
        assert not hub.link.state.subscribed
        server.codes = None
        await until(lambda: hub.subscribed)


@pytest.fixture
def aedes(tmp_path: Path) -> Iterator[ClosingAedes]:
    broker = ClosingAedes(tmp_path, readable=["devices/#", "homie/#"])
    broker.start()
    yield broker
    broker.stop()


async def test_aedes_that_stores_refused_filters_is_used(aedes: ClosingAedes) -> None:
    """It keeps them with the session, and closes each connection at which it restores the session."""
    login = {"username": "hub", "password": PASSWORD}
    async with Receiver(aedes.port, *FILTERS, wait=False, **login) as hub:
        await until(lambda: hub.subscribed, 30)
        assert dict(hub.link.state.refused) == {"private/a/#": CLOSES, "private/b/#": CLOSES}
        await hub.link.publish("devices/a/t", b"1")
        await until(lambda: hub.payloads == [b"1"])
