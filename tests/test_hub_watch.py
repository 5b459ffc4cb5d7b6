"""A failing hub is reported once, without its store; outside monitors get a heartbeat only while it works."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from http_receiver import http_receiver
from hub.model import Message, NotificationReceiver
from hub.notifications import worker
from hub.notifications.base import DeliveryFailed, OutgoingMessage
from hub.notifications.hub_watch import HEARTBEAT_MS, LASTING_MS, HubWatch
from hub.notifications.receivers import AccountDirectory
from hub.notifications.settings import NotificationChannel, NotificationConfig
from hub.notifications.worker import attempt
from tcp_server import tcp_server


async def test_lasting_fault_is_reported_once_and_stops_the_heartbeat(tmp_path: Path) -> None:
    now, failing = [1_000_000], list[str]()
    async with http_receiver() as receiver, http_receiver() as monitor:
        config = NotificationConfig(tmp_path)
        for name in ("first", "second"):
            values = {"url": f"{receiver.url}/{name}"}
            await config.put_channel(NotificationChannel(name, "webhook", name, values))
        await config.put_general(heartbeat_url=f"{monitor.url}/ping/token")

        async def send(to: NotificationReceiver, message: Message, group: str) -> DeliveryFailed | None:
            channel = config.settings.channel(to.channel)
            assert channel is not None
            outgoing = OutgoingMessage(channel.id, "n-1", group, "", message, now[0])
            return await attempt(lambda: channel.type.send(channel.values, outgoing))

        watch = HubWatch(config, AccountDirectory(), send, lambda: now[0])
        watch.failing = lambda: list(failing)

        async def check(later_ms: int) -> list[tuple[str, str]]:
            """Check after some time. Return the new messages: the channel and the status."""
            receiver.posted.clear()
            now[0] += later_ms
            await watch.check()
            return sorted((each.path, each.json["status"]) for each in receiver.posted)

        assert await check(0) == []
        assert [(each.method, each.path) for each in monitor.posted] == [("GET", "/ping/token")]
        failing.append("store: the history cannot be written")
        assert await check(1_000) == []
        failing.clear()
        assert await check(1_000) == []  # a short fault
        failing.append("store: the history cannot be written")
        assert await check(HEARTBEAT_MS) == []
        receiver.answer = lambda posted: "200 OK\r\n" if posted.path == "/first" else "503 Busy\r\n"
        assert await check(LASTING_MS) == [("/first", "hub"), ("/second", "hub")]
        receiver.answer = lambda posted: "200 OK\r\n"
        assert await check(10_000) == [("/second", "hub")]  # it had not got it
        assert await check(LASTING_MS) == []
        assert len(monitor.posted) == 1
        failing.clear()
        assert await check(10_000) == [("/first", "resolved"), ("/second", "resolved")]
        assert await check(10_000) == []
        assert len(monitor.posted) == 2


async def test_endless_answer_to_heartbeat_does_not_stop_watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "SEND_S", 0.3)

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"H")
            await asyncio.sleep(0.05)

    async def send(to: NotificationReceiver, message: Message, group: str) -> None:
        raise AssertionError("nothing fails")

    async with tcp_server(drip) as port, asyncio.timeout(30):
        config = NotificationConfig(tmp_path)
        await config.put_general(heartbeat_url=f"http://127.0.0.1:{port}/")
        await HubWatch(config, AccountDirectory(), send, lambda: HEARTBEAT_MS).check()
