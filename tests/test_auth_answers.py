"""What every answer of the hub carries, refusals included, and what none of them tells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import websockets

from api_hub import ApiHub, running_hub

TOKEN = "correct horse battery staple"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path) as hub:
        yield hub


@pytest.fixture
async def locked(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path, token=TOKEN) as hub:
        yield hub


async def test_security_headers_are_on_every_answer(hub: ApiHub) -> None:
    for path in ("/", "/api/devices", "/api/nothing", "/healthz", "/docs", "/metrics", "/nothing.js"):
        headers = (await hub.http.get(path)).headers
        policy = headers["content-security-policy"]
        assert "unsafe" not in policy, path
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert "cache-control" in headers
        assert "access-control-allow-origin" not in headers


async def test_refusals_carry_them_too(locked: ApiHub) -> None:
    for headers in ({}, {"Host": "evil.example"}):
        answer = await locked.http.get("/api/devices", headers=headers)
        assert answer.status_code in (401, 421)
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_token_stands_in_no_answer(locked: ApiHub) -> None:
    for path in ("/api/status", "/metrics", "/openapi.json", "/api/activity", "/readyz"):
        assert TOKEN not in (await locked.http.get(path, headers=BEARER)).text


async def test_a_socket_that_is_refused_leaves_nothing_behind(locked: ApiHub) -> None:
    for _ in range(5):
        async with locked.socket("/ws") as socket:
            with pytest.raises(websockets.ConnectionClosed):
                await socket.recv()
    await asyncio.sleep(0.05)
    assert locked.broadcaster.listeners == 0
