"""Limits of the HTTP server that apply before authentication: sizes, timeouts and connections."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from api_hub import ApiHub, Socket, running_hub
from hub.api import HttpSettings
from hub.api.clients import MAX_CONNECTIONS, connection_limits
from hub.server import create_server, write_timeout
from hub.server import http as server_http
from hub.server import websocket as server_websocket

TOKEN = "correct horse battery staple"
HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path, token=TOKEN) as hub:
        yield hub


@pytest.fixture
def short_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the timeouts for tests."""
    monkeypatch.setattr(server_http, "HEAD_S", 0.5)
    monkeypatch.setattr(server_http, "BODY_S", 0.5)
    monkeypatch.setattr(write_timeout, "READ_S", 0.5)


@contextlib.asynccontextmanager
async def connected(hub: ApiHub) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", hub.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def status_of(reader: asyncio.StreamReader, within: float = 15) -> int:
    """Return the status of the next response, or 0 if the connection closes without one."""
    async with asyncio.timeout(within):
        try:
            line = await reader.readline()
        except ConnectionError:
            return 0
    return int(line.split()[1]) if line else 0


async def wait_closed(reader: asyncio.StreamReader, within: float = 15) -> None:
    """Wait until the hub has closed the connection."""
    async with asyncio.timeout(within):
        with contextlib.suppress(ConnectionError):
            while await reader.read(65_536):
                pass


async def send(hub: ApiHub, *parts: bytes) -> int:
    async with connected(hub) as (reader, writer):
        with contextlib.suppress(ConnectionError):
            for part in parts:
                writer.write(part)
                await writer.drain()
        return await status_of(reader)


# -- sizes --------------------------------------------------------------------------------------------------------


async def test_request_head_over_limits_is_refused(hub: ApiHub) -> None:
    end = b"Connection: close\r\n\r\n"
    assert await send(hub, HEAD, b"a: b\r\n" * 97, end) == 200
    assert await send(hub, HEAD, b"a: b\r\n" * 99, end) == 431
    assert await send(hub, HEAD, b"a: " + b"b" * 30_000 + b"\r\n", end) == 200
    assert await send(hub, HEAD, b"a: " + b"b" * 33_000 + b"\r\n", end) == 431
    assert await send(hub, HEAD, b"a" * 33_000 + b": b\r\n", end) == 431
    assert await send(hub, HEAD, *[b"a%d: %s\r\n" % (n, b"b" * 3_000) for n in range(12)], end) == 431
    for length, status in ((8_000, 200), (8_200, 414)):
        head = b"GET /healthz?" + b"x" * length + b" HTTP/1.1\r\nHost: localhost\r\n"
        assert await send(hub, head, end) == status
    assert await send(hub, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nnonsense\r\n\r\n") == 400


@pytest.mark.parametrize("before", [b"", HEAD + b"\r\n"])
@pytest.mark.parametrize("line", [b"CONNECT a:1", b"CONNECT [::1]:1", b"OPTIONS *", b"GET x", b"GET a:b"])
async def test_request_target_that_is_not_a_path_is_refused_without_log(
    hub: ApiHub, before: bytes, line: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(hub) as (reader, writer):
        writer.write(before + line + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        async with asyncio.timeout(15):
            answers = await reader.read(100_000)
    assert answers.count(b"HTTP/1.1 40") == 1
    assert not [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize(
    "begin",
    [
        HEAD + b"a: ",
        b"GET /",
        HEAD,
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\na: ",
    ],
    ids=["one header", "request target", "many headers", "trailer"],
)
async def test_endless_request_head_does_not_grow_memory(hub: ApiHub, begin: bytes) -> None:
    """Two clients send 50 MB each; only the clients' own buffers may grow."""
    process = psutil.Process()
    before = process.memory_info().rss
    piece = b"x: y\r\n" * 10_000 if begin == HEAD else b"x" * 60_000

    async def flood() -> None:
        async with connected(hub) as (reader, writer):
            writer.write(begin)
            with contextlib.suppress(ConnectionError, TimeoutError):
                for _ in range(50_000_000 // len(piece)):
                    writer.write(piece)
                    async with asyncio.timeout(5):
                        await writer.drain()
            assert await status_of(reader) in (0, 414, 431)

    await asyncio.gather(flood(), flood())
    assert process.memory_info().rss - before < 30_000_000


async def test_pipelined_requests_are_answered_in_order_and_limited(hub: ApiHub) -> None:
    async with connected(hub) as (reader, writer):
        writer.write((HEAD + b"\r\n") * 10)
        for _ in range(10):
            assert await status_of(reader) == 200
            while (await reader.readline()).strip():
                pass
            await reader.readexactly(len('{"status":"ok"}'))
    async with connected(hub) as (reader, writer):
        writer.write((HEAD + b"\r\n") * 5_000)
        await wait_closed(reader)
    assert (await hub.http.get("/healthz")).status_code == 200


async def test_one_iteration_of_event_loop_parses_bounded_input(hub: ApiHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bodies in chunks of one byte, sent as fast as the hub reads them, must not block other requests."""
    pieces = [0, 0]  # in this iteration of the event loop, and the maximum

    def count_calls(name: str) -> None:
        method = getattr(server_http.BoundedHttp, name)

        def counting(*args: object) -> None:
            pieces[0] += 1
            pieces[1] = max(pieces)
            method(*args)

        monkeypatch.setattr(server_http.BoundedHttp, name, counting)

    for name in ("on_body", "on_header", "on_message_begin"):
        count_calls(name)
    loop = asyncio.get_running_loop()
    running = True

    def next_iteration() -> None:
        pieces[0] = 0
        if running:
            loop.call_soon(next_iteration)

    head = b"Host: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"1\r\n \r\n" * 100_000

    def flood(path: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", hub.port)) as connection:
            with contextlib.suppress(ConnectionError):
                connection.sendall(b"POST " + path + b" HTTP/1.1\r\n" + head + chunks + b"0\r\n\r\n")
            with contextlib.suppress(ConnectionError):
                return connection.recv(12)
            return b""

    next_iteration()
    try:
        found = await asyncio.gather(*(asyncio.to_thread(flood, path) for path in (b"/login", b"/login", b"/ask")))
    finally:
        running = False
    assert found[0] in (b"HTTP/1.1 422", b"HTTP/1.1 413")
    assert pieces[1] < 4_000
    assert (await hub.http.get("/healthz")).status_code == 200


async def test_login_body_size_is_limited(hub: ApiHub) -> None:
    head = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    body = b'{"token": [' + b"[]," * 10_000 + b"[]]}"
    assert await send(hub, head, b"Content-Length: %d\r\n\r\n" % len(body), body) == 413
    assert await send(hub, head, b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body), body, b"\r\n0\r\n\r\n") == 413


async def test_validation_stops_at_first_invalid_item(tmp_path: Path) -> None:
    """A list of 80,000 invalid items gives one error."""
    async with running_hub(tmp_path) as hub:
        query = {"from": 0, "to": 1, "series": [{}] * 80_000}
        answer = await hub.http.post("/api/history/query", json=query)
        assert answer.status_code == 422
        assert answer.text.count("device_id") == 1


# -- timeouts -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("short_timeouts")
async def test_incomplete_requests_and_idle_connections_are_closed(hub: ApiHub) -> None:
    async def send_incomplete(data: bytes) -> int:
        async with connected(hub) as (reader, writer):
            writer.write(data)
            return await status_of(reader)

    parts = [HEAD] * 20 + [b""] * 20 + [b"\r\n"] * 5 + [b"G"] * 5
    found = await asyncio.gather(*map(send_incomplete, parts))
    assert set(found) <= {0, 408}
    assert found[0] == 408
    assert found[20] == 0


@pytest.mark.usefixtures("short_timeouts")
async def test_slow_head_and_empty_lines_do_not_extend_timeout(hub: ApiHub) -> None:
    for chunk, start in ((b"a", HEAD), (b"\r\n", HEAD + b"\r\n")):
        async with connected(hub) as (reader, writer):
            writer.write(start)
            async with asyncio.timeout(10):
                while not writer.is_closing() and not reader.at_eof():
                    writer.write(chunk)
                    with contextlib.suppress(TimeoutError, ConnectionError):
                        async with asyncio.timeout(0.1):
                            await reader.read(65_536)


@pytest.mark.usefixtures("short_timeouts")
async def test_missing_or_slow_body_times_out(hub: ApiHub) -> None:
    head = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 200\r\n\r\n"
    assert await send(hub, head) == 408
    assert await send(hub, head, b'{"token":') == 408
    async with connected(hub) as (reader, writer):
        writer.write(head)
        attempts = 0
        while attempts < 150 and not reader.at_eof():
            attempts += 1
            with contextlib.suppress(ConnectionError):
                writer.write(b" ")
                await writer.drain()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.02):
                    await reader.read(65_536)
        assert attempts < 150, "single bytes must not extend the timeout"


async def test_slow_upload_with_progress_is_not_cut(hub: ApiHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_http, "BODY_S", 1.5)
    body = b'{"token": "' + b"x" * 12_000 + b'"}'
    head = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    async with connected(hub) as (reader, writer):
        writer.write(head + b"Content-Length: %d\r\n\r\n" % len(body))
        for start in range(0, len(body), 1_000):
            writer.write(body[start : start + 1_000])
            await asyncio.sleep(0.25)
        assert await status_of(reader) in (401, 422)


@pytest.mark.usefixtures("short_timeouts")
async def test_event_streams_and_websockets_have_no_read_timeout(hub: ApiHub) -> None:
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        hub.http.stream("GET", "/events/devices?all=true", headers=bearer) as events,
        hub.socket("/ws", additional_headers=bearer, origin=None) as connection,
    ):
        socket = Socket(connection)
        await socket.wait("devices")
        await asyncio.sleep(2)
        hub.publish("devices/a/telemetry", {"x": 1})
        await socket.wait("device_update")
        async with asyncio.timeout(5):
            async for line in events.aiter_lines():
                if line.startswith("event: update"):
                    break


# -- connections --------------------------------------------------------------------------------------------------


async def test_idle_connections_are_closed_for_new_ones(tmp_path: Path) -> None:
    async with running_hub(tmp_path, max_connections=40, max_connections_per_client=30) as hub:
        silent = [await asyncio.open_connection("127.0.0.1", hub.port) for _ in range(100)]
        try:
            for _ in range(3):
                async with httpx.AsyncClient() as other:
                    assert (await other.get(f"{hub.url}/healthz")).status_code == 200
            closed = [reader for reader, _ in silent if reader.at_eof() or reader.exception()]
            assert len(closed) >= 60
        finally:
            for _, writer in silent:
                writer.close()


async def test_active_connections_are_limited_per_client(tmp_path: Path) -> None:
    limits = {"max_connections": 40, "max_connections_per_client": 8}
    async with running_hub(tmp_path, token=TOKEN, trusted_proxies=("127.0.0.1",), **limits) as hub:
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        async with contextlib.AsyncExitStack() as stack:
            greedy = bearer | {"X-Forwarded-For": "203.0.113.7"}
            for _ in range(8):
                connection = hub.socket("/ws", additional_headers=greedy, origin=None)
                await Socket(await stack.enter_async_context(connection)).wait("devices")
            refused = await hub.http.get("/api/devices", headers=greedy)
            assert refused.status_code == 503
            assert refused.json()["error"]["code"] == "too_busy"
            other = bearer | {"X-Forwarded-For": "203.0.113.8"}
            assert (await hub.http.get("/api/devices", headers=other)).status_code == 200
        async with asyncio.timeout(5):
            while (await hub.http.get("/api/devices", headers=greedy)).status_code == 503:
                await asyncio.sleep(0.02)


async def test_websockets_count_as_connections_until_closed(tmp_path: Path) -> None:
    async with running_hub(tmp_path, max_connections=16, max_connections_per_client=4) as hub:
        for _ in range(3):
            async with contextlib.AsyncExitStack() as stack:
                for _ in range(4):
                    await Socket(await stack.enter_async_context(hub.socket("/ws"))).wait("devices")
                assert await send(hub, HEAD + b"\r\n") == 503
            async with asyncio.timeout(5):
                while await send(hub, HEAD + b"\r\n") != 200:
                    await asyncio.sleep(0.02)


HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)
SIGNED_IN = HANDSHAKE + f"Authorization: Bearer {TOKEN}\r\n".encode()
MASK = b"\x00" * 4


@pytest.mark.parametrize("handshake", [HANDSHAKE, SIGNED_IN])
@pytest.mark.parametrize(
    ("first", "frame"),
    [
        (b"\x01\x80" + MASK, b"\x00\x80" + MASK),  # fragments of one message, all empty
        (b"", b"\x01\x80" + MASK),
        (b"", b"\x89\x80" + MASK),  # pings
        (b"", b"\x8a\x80" + MASK),
        (b"", b"\x82\x80" + MASK),
    ],
)
async def test_flood_of_small_frames_closes_websocket(
    hub: ApiHub, handshake: bytes, first: bytes, frame: bytes
) -> None:
    async with connected(hub) as (reader, writer):
        writer.write(handshake + b"\r\n")
        assert await status_of(reader) == 101
        with contextlib.suppress(ConnectionError):
            writer.write(first + frame * server_websocket.FRAMES)
            for _ in range(40):
                writer.write(frame * 2_000)
                await writer.drain()
        await wait_closed(reader, within=5)  # sooner than the close timeout
    assert (await hub.http.get("/healthz")).status_code == 200


@pytest.mark.parametrize(
    "frame",
    [
        b"\x81\x81" + MASK + b"\xff",  # a text that is not UTF-8
        b"\x01\x81" + MASK + b"\xc3" + b"\x80\x81" + MASK + b"\x28",
        b"\x8f\x80" + MASK,  # unknown opcode
        b"\x81\x01a",  # not masked
        b"\x88\x81" + MASK + b"x",
        b"\x82\xff" + (10**9).to_bytes(8) + MASK,
    ],
)
async def test_invalid_frame_closes_websocket_without_log(
    hub: ApiHub, frame: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(hub) as (reader, writer):
        writer.write(SIGNED_IN + b"\r\n")
        assert await status_of(reader) == 101
        writer.write(frame)
        hub.publish("devices/pump/telemetry", {"t": 1})  # something to send to the closed socket
        await wait_closed(reader, within=5)
        await hub.settled()
        for number in range(3):
            hub.publish("devices/pump/telemetry", {"t": number})
            await hub.settled()
            await asyncio.sleep(0.1)
    assert not [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]


def test_connection_limits_depend_on_rlimit_nofile(monkeypatch: pytest.MonkeyPatch) -> None:
    for files, expected in ((256, 170), (1_024, 682), (1 << 20, MAX_CONNECTIONS), (resource.RLIM_INFINITY, 10_000)):
        monkeypatch.setattr(resource, "getrlimit", lambda which, files=files: (files, files))
        assert connection_limits(None, None) == (expected, expected // 2)
    assert connection_limits(50, None) == (50, 25)
    assert connection_limits(50, 400) == (50, 50)


# -- stop ---------------------------------------------------------------------------------------------------------


async def test_stop_ends_connection_whose_client_does_not_read(tmp_path: Path) -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": bytes(20_000_000)})

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = create_server(app, HttpSettings(port=0, web_dir=tmp_path))
        serving = asyncio.create_task(server.serve(sockets=[listener]), name="server")
        async with asyncio.timeout(30):
            reader, writer = await asyncio.open_connection(*listener.getsockname(), limit=1_000)
            writer.write(HEAD + b"\r\n")
            await reader.readexactly(100)
            server.should_exit = True
            await serving
    received = 100
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(30):
            while data := await reader.read(1_000_000):
                received += len(data)
    assert received < 20_000_000
    writer.close()
