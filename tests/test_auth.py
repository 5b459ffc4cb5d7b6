"""Access to the hub: Host and Origin checks, forwarded requests, token and session cookie."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from api_hub import ApiHub, Socket, running_hub
from hub.api.guard import Hosts
from hub.api.http_settings import HttpSettings

TOKEN = "correct horse battery staple"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
SIGN_IN = {
    "auth": "token",
    "authenticated": True,
    "accounts": False,
    "openid": None,
    "passkeys": False,
    "token": True,
    "role": "administrator",
    "account": None,
}
"""What ``GET /api/session`` returns to a client that signed in with the access token."""


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    """Run a hub without a token, which accepts local clients."""
    async with running_hub(tmp_path) as hub:
        yield hub


@pytest.fixture
async def locked(tmp_path: Path) -> AsyncIterator[ApiHub]:
    """Run a hub that requires a token."""
    async with running_hub(tmp_path, token=TOKEN) as hub:
        yield hub


async def log_in(hub: ApiHub) -> httpx.Response:
    return await hub.http.post("/login", json={"token": TOKEN}, headers={"Origin": hub.url})


# -- Host ---------------------------------------------------------------------------------------------------------


async def test_unknown_host_header_is_refused(hub: ApiHub) -> None:
    """A page whose domain resolves to this address (DNS rebinding) must not reach the hub."""
    for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "["):
        for path in ("/", "/api/devices", "/login", "/events/devices"):
            answer = await hub.http.get(path, headers={"Host": host})
            assert answer.status_code == 421, (host, path)


async def test_malformed_host_header_is_refused(hub: ApiHub) -> None:
    for host in ("user@localhost", "localhost/x", "localhost#evil.example", "localhost?x", "localhost\\x"):
        assert (await hub.http.get("/api/devices", headers={"Host": host})).status_code == 421, host


async def test_request_with_two_origin_headers_is_refused(locked: ApiHub) -> None:
    for origins in ((locked.url, "http://evil.example"), ("http://evil.example", locked.url)):
        headers = [("Origin", origin) for origin in origins]
        answer = await locked.http.post("/login", json={"token": TOKEN}, headers=headers)
        assert answer.status_code == 403


async def test_socket_with_unknown_host_header_is_refused(hub: ApiHub) -> None:
    # As after DNS rebinding: the foreign domain is both Host and Origin.
    with pytest.raises(InvalidStatus, match="403"):
        async with websockets.connect(
            f"ws://evil.example:{hub.port}/ws", host="127.0.0.1", origin=f"http://evil.example:{hub.port}", proxy=None
        ):
            pass
    with pytest.raises(InvalidStatus, match="403"):
        async with hub.socket("/ws", additional_headers={"Host": "evil.example"}):  # a second Host header
            pass


async def test_request_without_host_header_is_refused(hub: ApiHub) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hub.port)
    writer.write(b"GET /api/devices HTTP/1.0\r\n\r\n")
    assert b" 421 " in await reader.readline()
    writer.close()


async def test_local_host_names_are_accepted(hub: ApiHub) -> None:
    for host in ("localhost", "LOCALHOST:8000", "127.0.0.1", "[::1]:8000", "localhost."):
        assert (await hub.http.get("/api/devices", headers={"Host": host})).status_code == 200, host


def test_accepted_hosts_depend_on_listen_address() -> None:
    one = Hosts(HttpSettings(host="192.168.1.5", web_dir=Path(), allowed_hosts=("Hub.example",)))
    assert one.known("192.168.1.5:8000")
    assert one.known("hub.example")
    assert not one.known("192.168.1.6")
    every = Hosts(HttpSettings(host="0.0.0.0", web_dir=Path()))
    assert every.known("192.168.1.6:8000")
    assert every.known("[fe80::1]:8000")
    assert not every.known("rebound.example")


# -- Origin -------------------------------------------------------------------------------------------------------


ORIGINS = ("https://evil.example", "null", "http://127.0.0.1:1", "http://localhost.evil.example", "file://", "x")
WRITE_REQUESTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("DELETE", "/api/devices/pump-01", {}),
    ("PATCH", "/api/devices/pump-01", {"json": {"name": "x"}}),
    ("POST", "/ask", {"json": {"question": "x"}}),
    ("POST", "/analyze/image", {"files": {"file": ("a.png", b"x")}}),
    ("POST", "/login", {"json": {"token": "x"}}),
)


async def test_foreign_origin_cannot_write_or_open_socket(hub: ApiHub) -> None:
    await hub.telemetry("pump-01", x=1)
    for origin in ORIGINS:
        for method, path, sent in WRITE_REQUESTS:
            answer = await hub.http.request(method, path, headers={"Origin": origin}, **sent)
            assert answer.status_code == 403, (origin, path)
            assert "access-control-allow-origin" not in answer.headers
        for path in ("/ws", "/api/live"):
            with pytest.raises(InvalidStatus, match="403"):
                async with hub.socket(path, origin=origin):
                    pass
    assert (await hub.http.get("/api/devices/pump-01")).json()["name"] == "pump-01"


async def test_own_origin_and_requests_without_origin_are_accepted(hub: ApiHub) -> None:
    await hub.telemetry("pump-01", x=1)
    for headers in ({}, {"Origin": hub.url}):
        answer = await hub.http.patch("/api/devices/pump-01", json={"name": "x"}, headers=headers)
        assert answer.status_code == 200
    async with hub.socket("/ws") as own, hub.socket("/ws", origin=None) as script:
        assert (await Socket(own).wait("devices"))["type"] == "devices"
        assert (await Socket(script).wait("devices"))["type"] == "devices"


async def test_configured_origin_is_accepted(tmp_path: Path) -> None:
    async with running_hub(tmp_path, allowed_origins=("https://hub.example",)) as hub:
        headers = {"Origin": "https://hub.example"}
        assert (await hub.http.post("/ask", json={"question": "x"}, headers=headers)).status_code == 200
        headers = {"Origin": "https://hub.example.evil"}
        assert (await hub.http.post("/ask", json={"question": "x"}, headers=headers)).status_code == 403


# -- proxies ------------------------------------------------------------------------------------------------------


async def test_forwarded_request_without_token_is_refused(hub: ApiHub) -> None:
    for name in ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Whatever", "X-Real-IP"):
        refused = await hub.http.get("/api/devices", headers={name: "203.0.113.7"})
        assert refused.status_code == 403, name
        assert "HUB_TOKEN" in refused.json()["error"]["hint"]
        with pytest.raises(InvalidStatus, match="403"):
            async with hub.socket("/ws", additional_headers={name: "203.0.113.7"}):
                pass


async def test_forwarded_request_with_token_is_accepted(locked: ApiHub) -> None:
    headers = {"X-Forwarded-For": "203.0.113.7", **BEARER}
    assert (await locked.http.get("/api/devices", headers=headers)).status_code == 200


# -- the token ----------------------------------------------------------------------------------------------------


async def test_every_route_requires_token(locked: ApiHub) -> None:
    """Check every route of the OpenAPI document, so that new routes are covered."""
    open_routes = {
        *(("post", path) for path in ("/login", "/api/welcome", "/api/welcome/check", "/api/enrolments")),
        *(("post", path) for path in ("/login/passkey", "/login/passkey/challenge", "/login/openid")),
        *(("get", path) for path in ("/api/session", "/healthz", "/readyz", "/login/openid/callback")),
    }
    paths: dict[str, dict[str, Any]] = (await locked.http.get("/openapi.json", headers=BEARER)).json()["paths"]
    routes = [(method, path) for path, methods in paths.items() for method in methods]
    routes += [("get", path) for path in ("/docs", "/docs/init.js", "/openapi.json", "/api/nothing", "/ws", "/api")]
    assert len(routes) > 25
    for method, path in routes:
        answer = await locked.http.request(method, re.sub(r"{\w+}", "x", path))
        if (method, path) in open_routes:
            allowed = (200, 303, 404, 422) if path.startswith("/login/openid") else (200, 422)
            assert answer.status_code in allowed, path
        else:
            assert answer.status_code == 401, path
            assert answer.headers["www-authenticate"] == "Bearer"


async def test_dashboard_page_needs_no_token(locked: ApiHub) -> None:
    for path in ("/", "/d/pump-01", "/alerts", "/page-added-later"):
        assert (await locked.http.get(path, headers={"Accept": "text/html"})).status_code == 200
        assert (await locked.http.post(path)).status_code == 401


async def test_invalid_token_is_refused(locked: ApiHub) -> None:
    for value in ("Bearer wrong", "Basic " + TOKEN, TOKEN, "bearer", "Bearer " + TOKEN[:-1], "Bearer é"):
        headers = [(b"Authorization", value.encode())]
        answer = await locked.http.get("/api/devices", headers=headers)
        assert (answer.status_code, answer.json()["error"]["message"]) == (401, "The access token is not valid."), value


async def test_bearer_token_is_accepted_in_header_only(locked: ApiHub) -> None:
    for scheme in ("Bearer", "bearer"):
        answer = await locked.http.get("/api/devices", headers={"Authorization": f"{scheme} {TOKEN}"})
        assert answer.status_code == 200
    assert (await locked.http.get(f"/api/devices?token={TOKEN}")).status_code == 401
    async with locked.socket("/ws", additional_headers=BEARER, origin=None) as socket:
        await Socket(socket).wait("devices")


async def test_login_cookie_authenticates_browser_until_logout(locked: ApiHub) -> None:
    assert (await locked.http.get("/api/session")).json() == {**SIGN_IN, "authenticated": False, "role": None}
    answer = await log_in(locked)
    assert (answer.status_code, answer.content) == (204, b"")
    cookie = answer.headers["set-cookie"]
    for word in ("HttpOnly", "SameSite=strict", "Path=/"):
        assert word in cookie
    assert "Secure" not in cookie
    assert TOKEN not in cookie

    assert (await locked.http.get("/api/devices")).status_code == 200
    assert (await locked.http.get("/api/session")).json() == SIGN_IN
    own = {"Origin": locked.url}
    assert (await locked.http.post("/ask", json={"question": "x"}, headers=own)).status_code == 200
    # Browsers always send Origin with writes: a cookie without it is refused.
    assert (await locked.http.post("/ask", json={"question": "x"})).status_code == 403
    assert (await locked.http.post("/ask", json={"question": "x"}, headers={"Origin": "http://a.b"})).status_code == 403
    sent = {"Cookie": cookie.partition(";")[0]}
    async with locked.socket("/api/live", additional_headers=sent) as socket:
        await Socket(socket).say(type="hello")
        await Socket(socket).wait("snapshot")
    with pytest.raises(InvalidStatus, match="403"):
        async with locked.socket("/api/live", additional_headers=sent, origin=None):
            pass

    assert (await locked.http.post("/logout", headers=own)).status_code == 204
    assert (await locked.http.get("/api/devices")).status_code == 401


async def test_login_cookie_is_secure_on_https(locked: ApiHub) -> None:
    """Call the application with the scheme that uvicorn passes for TLS connections."""
    transport = httpx.ASGITransport(app=locked.app)
    async with httpx.AsyncClient(transport=transport, base_url="https://localhost") as client:
        answer = await client.post("/login", json={"token": TOKEN})
    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]


@pytest.mark.parametrize("path", ["/ws", "/api/live"])
async def test_socket_without_token_is_closed_with_4401(locked: ApiHub, path: str) -> None:
    async with locked.socket(path) as socket:
        with pytest.raises(ConnectionClosedError) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


async def test_login_on_hub_without_token_always_succeeds(hub: ApiHub) -> None:
    assert (await hub.http.get("/api/session")).json() == {**SIGN_IN, "auth": "open", "token": False}
    answer = await hub.http.post("/login", json={"token": "anything"})
    assert answer.status_code == 204
    assert "set-cookie" not in answer.headers
