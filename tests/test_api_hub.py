"""Status, health and metrics of the hub, static files of the dashboard, OpenAPI document and cursors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter

from api_hub import ApiHub, diagnosis_of, running_hub
from hub.api import cursors
from hub.api.live import throughput
from hub.api.schemas import accounts, history, responses
from hub.api.schemas import rules as rules_schemas
from hub.api.schemas import status as status_schemas
from hub.errors import Invalid, StoreBusy
from hub.model import Identity, Info, Record, WriteDiagnosis
from hub.mqtt.client import MqttClientState
from hub.registry.registry import DeviceRegistry
from hub.services.reading_gauges import reading_gauges
from hub.store.base import Delta

INDEX = "<!doctype html><title>Watchkeeper</title>"
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path) as hub:
        yield hub


@pytest.fixture
async def built(tmp_path: Path) -> AsyncIterator[ApiHub]:
    """Run a hub that serves a built dashboard."""
    web = tmp_path / "site"
    for name, text in {
        "index.html": INDEX,
        "assets/index-a1b2c3.js": "export {}",
        "swagger/swagger-ui-bundle.js": "// swagger",
        "favicon.svg": "<svg/>",
    }.items():
        (web / name).parent.mkdir(parents=True, exist_ok=True)
        (web / name).write_text(text)
    (tmp_path / "secret.txt").write_text("secret")
    async with running_hub(tmp_path / "data", web_dir=web) as hub:
        yield hub


# -- status -------------------------------------------------------------------------------------------------------


async def test_status_reports_versions_broker_store_and_ai(hub: ApiHub) -> None:
    await hub.telemetry("a", x=1)
    status = (await hub.http.get("/api/status")).json()
    assert (status["version"], status["install_id"]) == ("0.0.0", "test")
    assert status["broker"]["address"] == "127.0.0.1:1883"
    assert status["store"]["bytes"] > 0
    assert status["ai"]["chat"] == [{"provider": "builtin", "model": "builtin", "generative": False}]
    assert (status["counters"]["received"], status["counters"]["stored"]) == (1, 1)


async def test_status_reports_throughput_and_busiest_devices(hub: ApiHub) -> None:
    now = hub.services.now()
    for n in range(4):
        hub.publish("devices/brisk/telemetry", {"x": n}, at=now + 100 * n)
        hub.publish("devices/slow/telemetry", {"x": n}, at=now + 4_000 * n)
        hub.publish("devices/burst/telemetry", {"x": n}, at=now - 10_000 + 10 * n)
    await hub.settled()
    status = (await hub.http.get("/api/status")).json()
    assert status["busiest"] == [
        {"device_id": "brisk", "name": "brisk", "rate": 10.0},
        {"device_id": "slow", "name": "slow", "rate": 0.25},
        {"device_id": "burst", "name": "burst", "rate": pytest.approx(0.1, abs=0.02)},
    ]
    assert status["flow"].keys() == {
        "rate",
        "last_minute",
        "lag_ms",
        "queue",
        "unacknowledged",
        "dropped",
        "store_stalled",
    }
    assert status["flow"]["dropped"] == 3
    assert not status["flow"]["store_stalled"]


async def test_slow_fleet_has_messages_in_the_last_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput, "SAMPLE_S", 0.05)
    async with running_hub(tmp_path) as hub:
        await hub.telemetry("a", x=1)
        await hub.telemetry("b", x=2)

        async def flow() -> dict[str, Any]:
            return dict((await hub.http.get("/api/status")).json()["flow"])

        async with asyncio.timeout(5):
            while (found := await flow())["rate"] or not found["last_minute"]:
                await asyncio.sleep(0.05)
        assert found["last_minute"] == 2


async def test_readiness_names_missing_parts(hub: ApiHub) -> None:
    assert (await hub.http.get("/readyz")).json() == {"status": "ready", "missing": []}
    hub.link["now"] = MqttClientState("10.0.0.1:1883", error="connection refused")
    answer = await hub.http.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["missing"] == ["broker: not connected to 10.0.0.1:1883 (connection refused)"]
    hub.link["now"] = MqttClientState("10.0.0.1:1883", connected=True)
    assert "subscription" in (await hub.http.get("/readyz")).json()["missing"][0]


async def test_hub_is_not_ready_while_store_refuses_commits(hub: ApiHub, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = hub.services.store.commit
    broken = True

    async def failing(owner: int, delta: Delta) -> None:
        if broken:
            raise StoreBusy("The history is locked.")
        await commit(owner, delta)

    monkeypatch.setattr(hub.services.store, "commit", failing)
    hub.publish("devices/a/telemetry", {"x": 1})
    answer = await hub.http.get("/readyz")
    for _ in range(50):
        if answer.status_code == 503:
            break
        answer = await hub.http.get("/readyz")
    assert answer.json()["missing"] == ["store: the history cannot be written"]
    assert (await hub.http.get("/healthz")).status_code == 200
    broken = False


async def test_healthz_is_ok(hub: ApiHub) -> None:
    assert (await hub.http.get("/healthz")).json() == {"status": "ok", "failed": []}
    assert (await hub.http.head("/healthz")).status_code == 200


def test_readings_are_gauges_up_to_the_limit() -> None:
    registry = DeviceRegistry()
    for number in range(3):
        registry.identify(Identity(f"pump-{number}", f"pump-{number}", "native", Info(units={"t": "°C"})), 1_000)
        registry.observe(Record(f"pump-{number}", 1_000, 1_000, {"t": 20.5, "on": True, "mode": "auto"}, "good"))
    gauges, truncated = reading_gauges(registry, 100)
    assert gauges[:2] == [("pump-0", "t", "°C", 20.5), ("pump-0", "on", "", 1.0)]
    assert (len(gauges), truncated) == (6, False)
    assert [len(reading_gauges(registry, limit)[0]) for limit in (0, 4)] == [0, 4]
    assert reading_gauges(registry, 4)[1]


async def test_metrics_are_in_prometheus_format(hub: ApiHub) -> None:
    await hub.telemetry("a", temperature=85)
    hub.publish("devices/a/telemetry", b"nonsense")
    await hub.settled()
    hub.services.metrics.observe_commit(0.003)
    answer = await hub.http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    lines = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    assert float(lines["hub_messages_received_total"]) == 2
    assert float(lines["hub_messages_stored_total"]) == 1
    assert float(lines["hub_messages_rejected_total"]) == 1
    assert float(lines["hub_messages_shed_total"]) == 0
    assert float(lines['hub_devices{presence="online"}']) == 1
    assert float(lines['hub_open_alerts{severity="critical"}']) == 1
    assert float(lines["hub_queue_depth"]) == 0
    assert float(lines["hub_unacknowledged"]) == 0
    assert float(lines["hub_broker_dropped_total"]) == 3
    assert float(lines["hub_store_stalled"]) == 0
    assert float(lines["hub_lag_seconds"]) >= 0
    assert "hub_message_rate" in lines
    assert float(lines["hub_tasks"]) > 1
    assert float(lines["process_resident_memory_bytes"]) > 10_000_000
    assert float(lines["process_open_fds"]) > 3
    assert 0 <= float(lines["hub_last_commit_age_seconds"]) < 10
    assert float(lines['hub_commit_seconds_bucket{le="0.005"}']) == 1
    assert lines['hub_build_info{version="0.0.0"}'] == "1.0"


# -- the dashboard ------------------------------------------------------------------------------------------------


async def test_missing_dashboard_build_is_explained(hub: ApiHub) -> None:
    for path in ("/", "/d/pump-01"):
        answer = await hub.http.get(path, headers=BROWSER)
        assert answer.status_code == 200
        assert "make setup" in answer.text
    assert "/openapi.json" in (await hub.http.get("/docs")).text


async def test_browser_paths_serve_dashboard(built: ApiHub) -> None:
    pages = (
        "/d/pump-01",
        "/d/a.b.c",
        "/alerts",
        "/page-added-later",
        "/page-added-later/x",
        "/apiary",
        "/API",
        "/assets",
    )
    for path in ("/", "/index.html", *pages):
        answer = await built.http.get(path, headers=BROWSER)
        assert (answer.status_code, answer.text) == (200, INDEX), path
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["content-type"].startswith("text/html")
        assert (await built.http.head(path, headers=BROWSER)).status_code == 200


async def test_unknown_path_is_404_for_clients_other_than_browsers(built: ApiHub) -> None:
    for accept in ("*/*", "application/json", "image/svg+xml,image/*", ""):
        answer = await built.http.get("/nowhere", headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json"), accept
        assert answer.json()["error"]["code"] == "not_found"


async def test_every_response_has_strict_content_security_policy(built: ApiHub) -> None:
    for path in ("/", "/d/pump-01", "/nowhere", "/docs", "/api/devices", "/api/nothing", "/assets/old.js", "/healthz"):
        policy = (await built.http.get(path, headers=BROWSER)).headers["content-security-policy"]
        rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
        assert "unsafe" not in policy, path
        assert {rules[name] for name in ("default-src", "script-src", "style-src", "connect-src", "font-src")} == {
            "'self'"
        }, path
        assert rules["frame-ancestors"] == rules["base-uri"] == "'none'", path


async def test_hashed_assets_are_cached_as_immutable(built: ApiHub) -> None:
    answer = await built.http.get("/assets/index-a1b2c3.js")
    assert "immutable" in answer.headers["cache-control"]
    assert "javascript" in answer.headers["content-type"]
    assert (await built.http.get("/favicon.svg")).headers["cache-control"] == "no-cache"


async def test_unknown_api_path_is_404_also_for_browser(built: ApiHub) -> None:
    for path in ("/api/nothing", "/api", "/api/devices/", "/ai/nothing", "/events"):
        answer = await built.http.get(path, headers=BROWSER)
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == "application/json"
    assert (await built.http.get("/assets/old.js")).status_code == 404
    assert (await built.http.post("/api/devices")).status_code == 405
    wrong_method = await built.http.get("/ask", headers=BROWSER)
    assert (wrong_method.status_code, wrong_method.headers["allow"]) == (405, "POST")
    assert (await built.http.post("/nowhere")).status_code == 405


OUTSIDE_PATHS = ("/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "//etc/passwd")


async def test_path_traversal_outside_web_folder_is_refused(built: ApiHub) -> None:
    for path in OUTSIDE_PATHS:
        url = httpx.URL(scheme="http", host="127.0.0.1", port=built.port, raw_path=path.encode())
        answer = await built.http.get(url)
        assert answer.status_code == 404, path
        assert "secret" not in answer.text
        assert (await built.http.get(url, headers=BROWSER)).text == INDEX, path
    url = httpx.URL(scheme="http", host="127.0.0.1", port=built.port, raw_path=b"/assets/%00")
    assert (await built.http.get(url)).status_code == 400


async def test_api_docs_have_no_inline_or_external_resources(built: ApiHub) -> None:
    page = (await built.http.get("/docs")).text
    assert "http://" not in page
    assert "https://" not in page
    assert "<style" not in page
    assert page.count("<script") == page.count("<script src=")
    script = await built.http.get("/docs/init.js")
    assert script.headers["content-type"].startswith("text/javascript")


# -- OpenAPI ------------------------------------------------------------------------------------------------------


async def test_openapi_lists_every_resource(hub: ApiHub) -> None:
    paths: dict[str, Any] = (await hub.http.get("/openapi.json")).json()["paths"]
    assert set(paths) >= {
        "/ask", "/ai/ask", "/ai/stream", "/events/devices", "/analyze/image", "/api/devices",
        "/api/devices/{device_id}", "/api/devices/{device_id}/history", "/api/devices/{device_id}/diagnose",
        "/api/history/query", "/api/alerts", "/api/alerts/{alert_id}", "/api/alerts/{alert_id}/acknowledge",
        "/api/diagnoses/{diagnosis_id}", "/api/rejected", "/api/activity", "/api/rules", "/api/status", "/api/session",
        "/login", "/logout", "/healthz", "/readyz", "/metrics",
    }  # fmt: skip


DOCUMENTED: dict[str, Any] = {
    "/api/devices": responses.DevicePage,
    "/api/devices/a": responses.DeviceDetail,
    "/api/alerts": responses.AlertPage,
    "/api/devices/a/history?metric=temperature": history.History,
    "/api/activity": responses.ActivityPage,
    "/api/rejected": responses.RejectedPage,
    "/api/rules": rules_schemas.RuleList,
    "/api/status": status_schemas.Status,
    "/api/session": accounts.SignInShape,
}


async def test_responses_match_their_schemas(hub: ApiHub) -> None:
    """Hot paths skip validation of responses, so check keys and types here."""
    hub.publish("devices/a/info", {"units": {"temperature": "°C"}, "limits": {"temperature": {"max": 90}}})
    await hub.telemetry("a", temperature=85)
    hub.publish("devices/a/telemetry", b"nonsense")
    await hub.settled()
    alert = (await hub.http.get("/api/alerts")).json()["items"][0]
    await hub.services.ingest_queue.submit(WriteDiagnosis(diagnosis_of("a", alert["id"])))
    for path, schema in DOCUMENTED.items():
        body = (await hub.http.get(path)).json()
        assert TypeAdapter(schema).validate_python(body, extra="forbid"), path


@pytest.mark.parametrize("place", ["", "a", "ab", "abc", "device ä", [1, "x"], 5])
def test_cursor_round_trips(place: Any) -> None:
    assert cursors.unpack(cursors.pack(place), type(place)) == place


@pytest.mark.parametrize("cursor", ["%", "a", "abc", "ä", "WzFd\n", "e30", "x" * 10_000])
def test_invalid_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid):
        cursors.unpack(cursor, int)
