"""``/ws``: the public WebSocket for scripts and other web pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from api_hub import ApiHub, Socket, diagnosis_of, running_hub
from hub.model import WriteDiagnosis


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path) as hub:
        yield hub


async def test_devices_are_sent_on_connect_and_updates_follow(hub: ApiHub) -> None:
    await hub.telemetry("pump-02", x=1)
    await hub.telemetry("pump-01", temperature=20)
    async with hub.socket("/ws") as connection:
        socket = Socket(connection)
        hello = await socket.wait("devices")
        assert [device["id"] for device in hello["devices"]] == ["pump-01", "pump-02"]
        assert hello["devices"][0]["metrics"]["temperature"]["value"] == 20.0
        hub.publish("devices/new/telemetry", {"temperature": 21})
        update = await socket.wait("device_update")
        assert (update["device"]["id"], update["device"]["presence"]) == ("new", "online")
        assert update["device"]["metrics"]["temperature"]["value"] == 21.0
        hub.publish("devices/new/status", b"offline")
        update = await socket.wait("device_update")
        assert update["device"]["presence"] == "offline"
        await hub.http.delete("/api/devices/pump-02")
        assert (await socket.wait("device_deleted"))["device_id"] == "pump-02"


async def test_alert_is_sent_when_raised_diagnosed_acknowledged_and_cleared(hub: ApiHub) -> None:
    async with hub.socket("/ws") as connection:
        socket = Socket(connection)
        hub.publish("devices/pump-01/telemetry", {"temperature": 85})
        alert = (await socket.wait("new_alert"))["alert"]
        assert (alert["device_id"], alert["state"], alert["diagnosis"]) == ("pump-01", "raised", None)
        assert "temperature 85" in alert["message"]
        await hub.services.ingest_queue.submit(WriteDiagnosis(diagnosis_of("pump-01", alert["id"])))
        explained = (await socket.wait("alert_update"))["alert"]
        assert (explained["id"], explained["diagnosis"]["cause"]) == (alert["id"], "bearing_wear")
        await hub.http.post(f"/api/alerts/{alert['id']}/acknowledge")
        acknowledged = (await socket.wait("alert_update"))["alert"]
        assert (acknowledged["state"], acknowledged["diagnosis"]["cause"]) == ("acknowledged", "bearing_wear")
        hub.publish("devices/pump-01/telemetry", {"temperature": 20})
        assert (await socket.wait("alert_update"))["alert"]["state"] == "cleared"


async def test_diagnosis_of_device_without_alert_is_sent_to_all_clients(hub: ApiHub) -> None:
    await hub.telemetry("pump-01", temperature=20)
    async with hub.socket("/ws") as one, hub.socket("/ws") as other:
        asking, watching = Socket(one), Socket(other)
        await watching.wait("devices")
        await asking.say(action="diagnose_device", device_id="pump-01")
        for socket in (asking, watching):
            alert = (await socket.wait("new_alert"))["alert"]
            assert (alert["device_id"], alert["message"]) == ("pump-01", "The bearing wears.")
            assert alert["diagnosis"]["cause"] == "bearing_wear"
        stored = await hub.http.get(f"/api/diagnoses/{alert['diagnosis']['id']}")
        assert stored.status_code == 200


async def test_chat_message_is_answered(hub: ApiHub) -> None:
    async with hub.socket("/ws") as connection:
        socket = Socket(connection)
        await socket.say(action="chat", message="How are you?")
        assert await socket.wait("ai_response") == {"type": "ai_response", "message": "You asked: How are you?"}


INVALID_MESSAGES: tuple[str | bytes, ...] = (
    "not json",
    "[]",
    '"chat"',
    "{}",
    b"\xff\xfe",
    "[" * 10_000,
    '{"action": "dance"}',
    '{"action": "chat"}',
    '{"action": "chat", "message": 5}',
    '{"action": "chat", "message": "   "}',
    '{"action": "chat", "message": "' + "x" * 2_001 + '"}',
    '{"action": "chat", "message": "' + "x" * 20_000 + '"}',
    '{"action": "diagnose_device"}',
    '{"action": "diagnose_device", "device_id": "nobody"}',
)


async def test_invalid_message_is_answered_with_error_and_socket_stays_open(hub: ApiHub) -> None:
    async with hub.socket("/ws") as connection:
        socket = Socket(connection)
        for sent in INVALID_MESSAGES:
            await connection.send(sent)
            assert (await socket.wait("error"))["message"], sent
        await socket.say(action="chat", message="Still there?")
        assert (await socket.wait("ai_response"))["message"].endswith("Still there?")


async def test_pending_chat_questions_are_limited(hub: ApiHub) -> None:
    hub.ai.hold = asyncio.Event()
    async with hub.socket("/ws") as connection:
        socket = Socket(connection)
        for number in range(8):
            await socket.say(action="chat", message=f"Question {number}")
        refused = await socket.wait("error")
        assert "requests are waiting" in refused["message"]
        hub.ai.hold.set()
        answers = [(await socket.wait("ai_response"))["message"] for _ in range(4)]
        assert answers == [f"You asked: Question {number}" for number in range(4)]


async def test_device_updates_are_conflated(hub: ApiHub) -> None:
    async with hub.socket("/ws") as connection:
        socket = Socket(connection)
        await socket.wait("devices")
        for number in range(200):
            hub.publish("devices/pump-01/telemetry", {"temperature": number % 50})
            await asyncio.sleep(0.003)
        hub.publish("devices/pump-01/telemetry", {"temperature": 33})
        while (await socket.wait("device_update"))["device"]["metrics"]["temperature"]["value"] != 33.0:
            pass
        assert len(socket.seen) <= 5


async def test_connection_over_limit_is_closed_with_1013(tmp_path: Path) -> None:
    async with running_hub(tmp_path, listeners=1) as hub, hub.socket("/ws") as first:
        await Socket(first).wait("devices")
        async with hub.socket("/ws") as second:
            with pytest.raises(ConnectionClosed) as closed:
                await second.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013


async def test_socket_is_closed_with_1012_at_shutdown(hub: ApiHub) -> None:
    async with hub.socket("/ws") as connection:
        await Socket(connection).wait("devices")
        hub.services.shutdown.set()
        with pytest.raises(ConnectionClosed) as closed:
            async with asyncio.timeout(1):
                await connection.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
