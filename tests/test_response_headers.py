"""Security headers on all responses, also refusals, and absence of the token in responses."""

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


async def test_every_response_has_security_headers(hub: ApiHub) -> None:
    for path in ("/", "/api/devices", "/api/nothing", "/healthz", "/docs", "/metrics", "/nothing.js"):
        headers = (await hub.http.get(path)).headers
        policy = headers["content-security-policy"]
        assert "unsafe" not in policy, path
        assert "frame-ancestors 'none'" in policy
        assert "object-src 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert "cache-control" in headers
        assert "access-control-allow-origin" not in headers


async def test_refused_response_has_security_headers(locked: ApiHub) -> None:
    for headers in ({}, {"Host": "evil.example"}):
        answer = await locked.http.get("/api/devices", headers=headers)
        assert answer.status_code in (401, 421)
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_token_is_in_no_response(locked: ApiHub) -> None:
    for path in ("/api/status", "/metrics", "/openapi.json", "/api/activity", "/readyz"):
        assert TOKEN not in (await locked.http.get(path, headers=BEARER)).text


async def test_refused_socket_leaves_no_listener(locked: ApiHub) -> None:
    for _ in range(5):
        async with locked.socket("/ws") as socket:
            with pytest.raises(websockets.ConnectionClosed):
                await socket.recv()
    await asyncio.sleep(0.05)
    assert locked.broadcaster.listeners == 0
