"""CORS: configured origins may use the API with the token, others get no CORS header; and probes without a token."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api_hub import ApiHub, running_hub
from hub.mqtt.client import MqttClientState

TOKEN = "correct horse battery staple"
LISTED = "https://app.example.org"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
PREFLIGHT = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization,content-type"}


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path, token=TOKEN, allowed_origins=(LISTED,)) as hub:
        yield hub


async def test_configured_origin_can_use_api(hub: ApiHub) -> None:
    await hub.telemetry("pump-01", x=1)
    preflight = await hub.http.options("/api/devices/pump-01", headers={"Origin": LISTED, **PREFLIGHT})
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == LISTED
    assert "PATCH" in preflight.headers["access-control-allow-methods"]
    assert {"authorization", "content-type"} <= set(
        preflight.headers["access-control-allow-headers"].lower().replace(" ", "").split(",")
    )
    changed = await hub.http.patch("/api/devices/pump-01", json={"name": "x"}, headers={"Origin": LISTED, **BEARER})
    assert changed.status_code == 200
    assert changed.headers["access-control-allow-origin"] == LISTED
    assert "access-control-allow-credentials" not in changed.headers


async def test_error_response_has_cors_headers(hub: ApiHub) -> None:
    for path, headers, status in (
        ("/api/devices", {}, 401),
        ("/api/nothing", BEARER, 404),
        ("/api/devices?limit=x", BEARER, 422),
        ("/api/devices", {"Host": "evil.example"}, 421),
    ):
        answer = await hub.http.get(path, headers={"Origin": LISTED, **headers})
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == LISTED
        assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize("origin", ["https://evil.example", f"{LISTED}.evil", "http://app.example.org", "null", ""])
async def test_other_origin_gets_no_cors_header(hub: ApiHub, origin: str) -> None:
    preflight = await hub.http.options("/api/devices", headers={"Origin": origin, **PREFLIGHT})
    assert preflight.status_code == 403
    read = await hub.http.get("/api/devices", headers={"Origin": origin, **BEARER})
    for answer in (preflight, read):
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert "Origin" in answer.headers["vary"]


async def test_no_cors_headers_without_configured_origins(tmp_path: Path) -> None:
    async with running_hub(tmp_path) as hub:
        for origin in (LISTED, hub.url):
            answer = await hub.http.options("/api/devices", headers={"Origin": origin, **PREFLIGHT})
            assert not [name for name in answer.headers if name.startswith("access-control-")]


# -- probes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_probe_answers_without_token_and_for_any_host(hub: ApiHub, path: str) -> None:
    for host in ("10.1.2.3:8000", "hub.internal", ""):
        for method in ("GET", "HEAD"):
            answer = await hub.http.request(method, path, headers={"Host": host})
            assert answer.status_code == 200, host
        assert (await hub.http.get(path, headers={"Host": host})).json().keys() == {"status"}


async def test_readiness_details_require_token(hub: ApiHub) -> None:
    hub.link["now"] = MqttClientState("10.0.0.5:1883")
    for headers, keys in (
        ({}, {"status"}),
        ({"Authorization": "Bearer x"}, {"status"}),
        (BEARER, {"status", "missing"}),
    ):
        answer = await hub.http.get("/readyz", headers=headers)
        assert answer.status_code == 503
        assert answer.json().keys() == keys


async def test_readiness_details_are_hidden_from_unknown_host(tmp_path: Path) -> None:
    async with running_hub(tmp_path) as hub:
        assert (await hub.http.get("/readyz")).json() == {"status": "ready", "missing": []}
        assert (await hub.http.get("/readyz", headers={"Host": "evil.example"})).json() == {"status": "ready"}
