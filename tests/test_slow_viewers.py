"""WebSocket clients that do not read, with a large fleet: their memory, and that they delay nobody."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api_hub import ApiHub, Socket, running_hub
from hub.api.live import device_list
from hub.api.schemas import serializers
from hub.server import websocket, write_timeout

DEVICES = 3_000
CLIENTS = 20


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path) as hub:
        for number in range(DEVICES):
            hub.publish(f"devices/d{number:05}/telemetry", {f"metric{n}": n for n in range(8)})
        await hub.settled()
        assert len(hub.services.registry) == DEVICES
        yield hub


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """Count how often a list of devices is built: one entry each time."""
    found: list[None] = []
    build = device_list.DeviceList._build

    async def counting(devices: device_list.DeviceList) -> None:
        await build(devices)
        found.append(None)

    monkeypatch.setattr(device_list.DeviceList, "_build", counting)
    return found


async def open_unread_socket(stack: contextlib.AsyncExitStack, hub: ApiHub, path: str) -> asyncio.StreamReader:
    """Open a WebSocket on ``path`` and never read from it."""
    # A tiny limit: asyncio stops reading the socket at once.
    reader, writer = await asyncio.open_connection("127.0.0.1", hub.port, limit=16)
    stack.callback(writer.close)
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    await writer.drain()
    return reader


def transports(hub: ApiHub) -> list[Any]:
    """Return the hub's transports of its WebSockets."""
    found = [task.get_coro().cr_frame for task in asyncio.all_tasks() if "run_asgi" in repr(task.get_coro())]
    protocols = [frame.f_locals["self"] for frame in found if frame is not None]
    return [each.transport for each in protocols if isinstance(each, websocket.BoundedWebSocket)]


async def test_sockets_that_do_not_read_share_one_list_and_delay_nobody(
    hub: ApiHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = 0
    original = serializers.device_values

    def counting(*arguments: Any) -> Any:
        nonlocal encoded
        encoded += 1
        return original(*arguments)

    monkeypatch.setattr(serializers, "device_values", counting)
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(CLIENTS):
            await open_unread_socket(stack, hub, "/ws")
        async with hub.socket("/ws", max_size=None) as connection:
            hello = await Socket(connection).wait("devices", within=60)
            assert [each["id"] for each in hello["devices"]] == [f"d{number:05}" for number in range(DEVICES)]
            assert encoded == DEVICES, "one shared list"
            waiting = [transport.get_write_buffer_size() for transport in transports(hub)]
            assert len(waiting) >= CLIENTS
            assert max(waiting) < 300_000
            assert len(json.dumps(hello)) > 1_000_000
            assert (await hub.http.get("/api/status")).status_code == 200
            hub.publish("devices/d00000/telemetry", {"metric0": 99})
            update = await Socket(connection).wait("device_update")
            assert update["device"]["metrics"]["metric0"]["value"] == 99


async def test_client_that_does_not_read_is_disconnected(hub: ApiHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_timeout, "READ_S", 0.3)
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(5):
            await open_unread_socket(stack, hub, "/ws")
        async with asyncio.timeout(20):
            while hub.broadcaster.listeners < 5:
                await asyncio.sleep(0.01)
            while hub.broadcaster.listeners:
                hub.publish("devices/d00000/telemetry", {"metric0": 1})
                await asyncio.sleep(0.05)


async def test_shared_device_list_loses_no_change(hub: ApiHub, builds: list[None]) -> None:
    """A client that gets a list built for another one also gets the changes since."""
    async with hub.socket("/ws", max_size=None) as first:
        await Socket(first).wait("devices", within=60)
        await hub.telemetry("d00001", metric0=77)
        await hub.telemetry("newcomer", metric0=1)
        await hub.http.delete("/api/devices/d00002")
        await hub.settled()
        async with hub.socket("/ws", max_size=None) as second:
            socket = Socket(second)
            hello = await socket.wait("devices", within=60)
            values = {each["id"]: each["metrics"]["metric0"]["value"] for each in hello["devices"]}
            async with asyncio.timeout(10):
                while values.get("d00001") != 77 or "newcomer" not in values or "d00002" in values:
                    message = await socket.wait("device_update", "device_deleted")
                    if message["type"] == "device_deleted":
                        values.pop(message["device_id"], None)
                    else:
                        values[message["device"]["id"]] = message["device"]["metrics"]["metric0"]["value"]
        assert len(builds) == 1


async def test_shared_device_list_expires(hub: ApiHub, builds: list[None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_list, "SHARED_S", 0.05)
    for number in range(2):
        async with hub.socket("/ws", max_size=None) as connection:
            await Socket(connection).wait("devices", within=60)
        async with asyncio.timeout(10):
            while hub.broadcaster._recorders:
                await asyncio.sleep(0.01)
        assert len(builds) == number + 1
