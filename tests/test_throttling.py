"""Throttling: wrong credentials are slowed by client; the right token and a valid session always pass."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api_hub import ApiHub, running_hub
from hub.api.login_attempts import BURST, HOLD_S, LoginAttempts

TOKEN = "correct horse battery staple"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
async def locked(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path, token=TOKEN, trusted_proxies=("127.0.0.1",)) as hub:
        yield hub


async def guess(hub: ApiHub, door: str, number: int, client: str) -> int:
    headers = {"X-Forwarded-For": client}
    if door == "login":
        answer = await hub.http.post("/login", json={"token": f"guess {number}"}, headers=headers)
    elif door == "bearer":
        answer = await hub.http.get("/api/devices", headers={"Authorization": f"Bearer {number}", **headers})
    else:
        cookie = f"hub_session_{hub.port}=guess{number}"
        answer = await hub.http.get("/api/devices", headers={"Cookie": cookie, **headers})
    if answer.status_code == 429:
        assert 0 < int(answer.headers["retry-after"]) <= 60
    return answer.status_code


@pytest.mark.parametrize("door", ["login", "bearer", "cookie"])
async def test_wrong_tokens_are_throttled_and_right_one_passes(locked: ApiHub, door: str) -> None:
    client = "198.51.100.7"
    assert [await guess(locked, door, number, client) for number in range(BURST)] == [401] * BURST
    began = time.monotonic()
    assert await guess(locked, door, 99, client) == 429
    assert time.monotonic() - began >= HOLD_S * 0.9
    others = await asyncio.gather(*(guess(locked, other, 99, client) for other in ("login", "bearer", "cookie")))
    assert others == [429] * 3, "all ways of authentication share one count"

    headers = {"X-Forwarded-For": client}
    assert (await locked.http.get("/api/devices", headers=BEARER | headers)).status_code == 200
    signed_in = await locked.http.post("/login", json={"token": TOKEN}, headers=headers)
    assert signed_in.status_code == 204
    assert (await locked.http.get("/api/devices", headers=headers)).status_code == 200
    locked.http.cookies.clear()
    assert await guess(locked, door, 99, "198.51.100.8") == 401, "another client is not slowed"


async def test_aborted_guesses_keep_their_connection_slot(tmp_path: Path) -> None:
    """A client that disconnects before the delayed answer occupies its connection slot until then."""
    async with running_hub(tmp_path, token=TOKEN, max_connections_per_client=20) as hub:
        for number in range(BURST):
            await guess(hub, "bearer", number, "")

        async def abort_early() -> None:
            _, writer = await asyncio.open_connection("127.0.0.1", hub.port)
            writer.write(b"GET /api/devices HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.05)
            writer.close()

        await asyncio.gather(*(abort_early() for _ in range(30)))
        assert (await hub.http.get("/api/devices", headers=BEARER)).status_code == 503
        await asyncio.sleep(HOLD_S)
        assert (await hub.http.get("/api/devices", headers=BEARER)).status_code == 200


async def test_ipv6_client_is_counted_by_network(locked: ApiHub) -> None:
    for number in range(BURST):
        assert await guess(locked, "bearer", number, f"2001:db8:1:2::{number + 1}") == 401
    assert await guess(locked, "bearer", 99, "2001:db8:1:2:ffff::1") == 429
    assert await guess(locked, "bearer", 99, "2001:db8:1:3::1") == 401
    assert await guess(locked, "bearer", 99, "::ffff:198.51.100.9") == 401


async def test_invalid_session_cookie_is_deleted(locked: ApiHub) -> None:
    cookie = f"hub_session_{locked.port}=old"
    answer = await locked.http.get("/api/devices", headers={"Cookie": cookie})
    assert answer.status_code == 401
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert "set-cookie" not in (await locked.http.get("/api/devices")).headers


async def test_requests_without_credentials_are_not_counted(locked: ApiHub) -> None:
    for _ in range(BURST * 2):
        assert (await locked.http.get("/api/devices")).status_code == 401


def test_attempts_regain_over_time_and_are_not_reset_by_other_addresses() -> None:
    now = 0.0
    attempts = LoginAttempts(clock=lambda: now)
    assert [attempts.count_wrong("1.2.3.4") for _ in range(BURST)] == [0] * BURST
    size = len(attempts._regained)
    for number in range(50_000):
        attempts.count_wrong(f"address {number}")
    assert len(attempts._regained) == size
    wait = attempts.count_wrong("1.2.3.4")
    assert 0 < wait <= 60
    now += wait
    assert attempts.count_wrong("1.2.3.4") == 0
    assert attempts.count_wrong("1.2.3.4") > 0
    now += 120
    assert [attempts.count_wrong("1.2.3.4") for _ in range(BURST)] == [0] * BURST
