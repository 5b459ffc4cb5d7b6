"""Login sessions: logout, restart, expiry, and a changed token."""

from __future__ import annotations

import asyncio
import hashlib
import time
from pathlib import Path

import httpx
import pytest

from api_hub import ApiHub, Socket, running_hub
from hub.accounts import sessions
from hub.accounts.sessions import IDLE_S, LIFETIME_S, SessionStore

TOKEN = "correct horse battery staple"
OTHER = "another horse battery staple"


async def sign_in(hub: ApiHub, token: str = TOKEN) -> dict[str, str]:
    """Return the headers of a browser that has signed in."""
    async with httpx.AsyncClient(base_url=hub.url) as browser:
        answer = await browser.post("/login", json={"token": token}, headers={"Origin": hub.url})
    assert answer.status_code == 204
    return {"Cookie": answer.headers["set-cookie"].partition(";")[0], "Origin": hub.url}


async def status(hub: ApiHub, headers: dict[str, str]) -> int:
    hub.http.cookies.clear()
    return (await hub.http.get("/api/devices", headers=headers)).status_code


async def test_logout_ends_only_this_session(tmp_path: Path) -> None:
    async with running_hub(tmp_path, token=TOKEN) as hub:
        mine, theirs = await sign_in(hub), await sign_in(hub)
        assert mine["Cookie"] != theirs["Cookie"]
        assert (await hub.http.post("/logout", headers=mine)).status_code == 204
        assert await status(hub, mine) == 401
        assert await status(hub, theirs) == 200
    async with running_hub(tmp_path, token=TOKEN) as hub:
        port = theirs["Cookie"].partition("=")[0]
        mine, theirs = ({"Cookie": each["Cookie"].replace(port, f"hub_session_{hub.port}")} for each in (mine, theirs))
        assert await status(hub, mine) == 401, "signed out before the restart"
        assert await status(hub, theirs) == 200, "signed in before the restart"


async def test_logout_closes_streams_of_session(tmp_path: Path) -> None:
    async with running_hub(tmp_path, token=TOKEN) as hub:
        mine, theirs = await sign_in(hub), await sign_in(hub)
        sockets = {"additional_headers": {"Cookie": mine["Cookie"]}}
        async with (
            hub.socket("/ws", **sockets) as simple,
            hub.socket("/api/live", **sockets) as live,
            hub.socket("/ws", additional_headers={"Cookie": theirs["Cookie"]}) as kept,
            hub.http.stream("GET", "/events/devices", headers=mine) as events,
        ):
            await Socket(simple).wait("devices")
            await Socket(live).say(type="hello")
            await Socket(live).wait("snapshot")
            await Socket(kept).wait("devices")
            assert (await hub.http.post("/logout", headers=mine)).status_code == 204
            async with asyncio.timeout(5):
                for socket in (simple, live):
                    await socket.wait_closed()
                    assert socket.close_code == 4401
                async for _ in events.aiter_bytes():
                    pass
            hub.publish("devices/a/telemetry", {"x": 1})
            assert (await Socket(kept).wait("device_update"))["device"]["id"] == "a"
        async with asyncio.timeout(5):
            while hub.broadcaster.listeners:
                await asyncio.sleep(0.01)


async def test_changed_token_ends_all_sessions(tmp_path: Path) -> None:
    async with running_hub(tmp_path, token=TOKEN) as hub:
        cookie = (await sign_in(hub))["Cookie"].partition("=")[2]
    for token, expected in ((OTHER, 401), (TOKEN, 401)):
        async with running_hub(tmp_path, token=token) as hub:
            if token == OTHER:
                await sign_in(hub, OTHER)
            assert await status(hub, {"Cookie": f"hub_session_{hub.port}={cookie}"}) == expected


async def test_session_file_holds_hashes_and_is_private(tmp_path: Path) -> None:
    async with running_hub(tmp_path, token=TOKEN) as hub:
        value = (await sign_in(hub))["Cookie"].partition("=")[2]
    file = tmp_path / "sessions.json"
    assert file.stat().st_mode & 0o777 == 0o600
    text = file.read_text()
    assert value not in text
    assert TOKEN not in text
    assert hashlib.sha256(value.encode()).hexdigest() in text
    assert len(value) * 6 >= 256


async def test_session_expires_when_idle_or_old(tmp_path: Path) -> None:
    now = 1_000_000.0
    ended: list[str] = []
    store = SessionStore(tmp_path / "s.json", TOKEN, lambda: now, ended.append)
    unused, used = await store.create("a"), await store.create("b", "x" * 10_000)
    for _ in range(LIFETIME_S // IDLE_S + 1):
        assert store.find(used) is not None
        now += IDLE_S - 1
    assert store.find(unused) is None
    assert store.find(used) is None
    assert len(ended) == 2


async def test_session_use_survives_restart(tmp_path: Path) -> None:
    now = 1_000_000.0
    store = SessionStore(tmp_path / "s.json", TOKEN, lambda: now)
    value = await store.create("a")
    now += IDLE_S - 10
    assert store.find(value) is not None
    assert store._touching is not None
    await store._touching
    now += 20
    assert SessionStore(tmp_path / "s.json", TOKEN, lambda: now).find(value) is not None


async def test_number_of_sessions_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MAX_SESSIONS", 5)
    now = 1_000_000.0
    store = SessionStore(tmp_path / "s.json", TOKEN, lambda: now)
    values = []
    for _ in range(8):
        now += 1
        values.append(await store.create("a"))
    assert [store.find(value) is not None for value in values] == [False] * 3 + [True] * 5


async def test_damaged_session_file_starts_empty(tmp_path: Path) -> None:
    for content in (b"", b"{", b'{"salt":"x","token":"","sessions":[]}', b"\xff", b"[]"):
        (tmp_path / "sessions.json").write_bytes(content)
        store = SessionStore(tmp_path / "sessions.json", TOKEN, time.time)
        assert len(store) == 0
        assert store.find(await store.create("a")) is not None


async def test_sessions_work_when_file_cannot_be_written(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "sessions.json.new").mkdir()
    async with running_hub(tmp_path, token=TOKEN) as hub:
        headers = await sign_in(hub)
        assert await status(hub, headers) == 200
        assert (await hub.http.post("/logout", headers=headers)).status_code == 204
        assert await status(hub, headers) == 401
    assert "sessions.json" in caplog.text
