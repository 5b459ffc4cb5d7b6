"""Other spellings of paths and methods: authorization and the router must interpret each of them in the same way."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from starlette.routing import Match, Route
from websockets.exceptions import ConnectionClosed, InvalidStatus

from api_hub import ApiHub, Socket, running_hub
from hub.accounts.account import ROLES
from hub.accounts.permissions import LEAST_ROLE, SIGNED_OUT
from hub.api.authorization import Authorization
from signed_in import TOKEN, person

SPELLINGS = (
    *("{path}", "{path}/", "/{path}", "{path}//", "{path};x", "{path}%00", "{path}%0a", "{path}%0d%0a", "{path}%20"),
    *("{path}?role=administrator", "{path}#x", "/.{path}", "/%2e{path}", "/x/..{path}", "/x/%2e%2e{path}", "{path}/."),
    *("{path}%2f", "%2f{path}", "{path}/..", "{path}%2f..", "http://other{path}"),
)
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "PROPFIND")


def spellings(path: str) -> list[str]:
    concrete = re.sub(r"{[\w:]+}", "x", path)
    slashes = concrete[0] + concrete[1:].replace("/", "%2f")
    letter = f"/%{ord(concrete[1]):02x}{concrete[2:]}"
    return [*(each.format(path=concrete) for each in SPELLINGS), concrete.upper(), slashes, letter]


async def send(hub: ApiHub, method: str, target: str, **headers: str) -> tuple[int, str]:
    """Send a request exactly as spelled, and return status and body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", hub.port)
    head = {"Host": f"127.0.0.1:{hub.port}", "Origin": hub.url, "Connection": "close", "Content-Length": "0", **headers}
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    answer = (await reader.read()).decode(errors="replace")
    writer.close()
    return int(answer.split()[1]), answer.partition("\r\n\r\n")[2]


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    """Run a hub with an access token and no accounts."""
    async with running_hub(tmp_path, token=TOKEN) as hub:
        yield hub


@pytest.mark.parametrize("path", ["/metrics", "/docs", "/openapi.json", "/api/devices", "/healthz"])
async def test_line_feed_after_a_path_opens_nothing(hub: ApiHub, path: str) -> None:
    """The router's patterns end in ``$``, which ignores a line feed at the end."""
    for method in ("GET", "HEAD", "POST"):
        status, body = await send(hub, method, f"{path}%0a")
        assert status == 400, (method, path, body[:80])


async def test_every_spelling_of_an_operation_requires_access(hub: ApiHub) -> None:
    refused = {400, 401, 403, 404, 405, 421}
    for operation in LEAST_ROLE:
        method, path = operation.split()
        for target in spellings(path):
            status, body = await send(hub, "GET" if method == "SOCKET" else method, target)
            assert status in refused, (operation, target, status, body[:80])


async def test_authorization_and_router_agree_about_every_spelling(hub: ApiHub) -> None:
    """A request that the router gives to an operation needs at least the role of that operation."""
    routes = [route for route in hub.app.state.api_routes if isinstance(route, Route)]
    authorization = Authorization()
    for path in {operation.split()[1] for operation in LEAST_ROLE}:
        for target in spellings(path):
            seen = unquote(target.partition("?")[0].partition("#")[0])
            if not seen.startswith("/") or not seen.isprintable():
                continue
            for method in METHODS:
                scope = {"type": "http", "method": method, "path": seen, "root_path": ""}
                route = next((each for each in routes if each.matches(scope)[0] == Match.FULL), None)
                operation = f"{'GET' if method == 'HEAD' else method} {route.path}" if route else ""
                if route is None or operation in SIGNED_OUT:
                    continue
                least = LEAST_ROLE.get(operation, "viewer")  # a probe
                assert ROLES.index(authorization.least_role(method, seen)) >= ROLES.index(least), (method, seen)


async def test_headers_that_name_another_method_or_path_are_ignored(hub: ApiHub) -> None:
    async with person(hub, "Ada", "administrator"), person(hub, "Val", "viewer") as val:
        for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
            status, _ = await send(hub, "GET", "/api/rules", **val.cookie, **{name: "POST"})
            assert status == 200, "it is a GET"
        for name in ("X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix"):
            _, allowed = await send(hub, "GET", "/api/terms", **val.cookie)
            assert await send(hub, "GET", "/api/terms", **val.cookie, **{name: "/api/people"}) == (200, allowed)
        status, _ = await send(hub, "GET", "/api/people?_method=GET&role=administrator", **val.cookie)
        assert status == 403


async def test_upgrade_of_an_http_operation_and_http_on_a_socket_reach_nothing(hub: ApiHub) -> None:
    async with person(hub, "Ada", "administrator"), person(hub, "Val", "viewer") as val:
        for path in ("/api/people", "/api/devices", "/ws%0a", "/ws/", "//ws", "/WS"):
            with pytest.raises((InvalidStatus, ConnectionClosed)):
                async with hub.socket(path, additional_headers=val.cookie) as socket:
                    await socket.recv()
        for path in ("/ws", "/api/live"):
            assert (await send(hub, "GET", path, **val.cookie))[0] in (403, 404)


async def test_viewer_cannot_request_a_diagnosis_over_the_socket(hub: ApiHub) -> None:
    await hub.telemetry("pump-01", temperature=95)
    async with (
        person(hub, "Ada", "administrator") as ada,
        person(hub, "Val", "viewer") as val,
        person(hub, "Olaf", "operator") as olaf,
    ):
        wanted = {"action": "diagnose_device", "device_id": "pump-01"}
        async with hub.socket("/ws", additional_headers=val.cookie) as socket:
            talk = Socket(socket)
            await talk.say(**wanted)
            assert "role" in (await talk.wait("error", "new_alert"))["message"]
        async with hub.socket("/ws", additional_headers=olaf.cookie) as socket:
            talk = Socket(socket)
            await talk.say(**wanted)
            assert (await talk.wait("error", "new_alert"))["type"] == "new_alert"
            account = (await olaf.http.get("/api/account")).json()["id"]
            await ada.http.patch(f"/api/people/{account}", json={"role": "viewer"})
            await talk.say(**wanted)
            assert "role" in (await talk.wait("error"))["message"], "a new role counts on an open socket"
