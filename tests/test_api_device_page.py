"""Requests of a device's page: expected range, rules and raw messages."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api_hub import ApiHub, now_ms, running_hub
from hub.services.message_tap import EXCERPT

MINUTE = 60_000


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path) as hub:
        yield hub


async def publish_past(hub: ApiHub, device: str, values: list[float], until: int, step: int = 10_000) -> None:
    """Publish readings of ``temperature`` that end at ``until`` (epoch ms), ``step`` ms apart, in one message."""
    first = until - step * (len(values) - 1)
    hub.publish(
        f"devices/{device}/telemetry", [{"ts": first + k * step, "temperature": v} for k, v in enumerate(values)]
    )
    await hub.settled()


async def expected_range(hub: ApiHub, **params: object) -> dict:
    answer = await hub.http.get("/api/devices/pump-01/expected", params={"metric": "temperature", **params})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_expected_range_covers_normal_values(hub: ApiHub) -> None:
    noise = random.Random(1)
    now = now_ms()
    await publish_past(hub, "pump-01", [50 + noise.gauss(0, 0.3) for _ in range(360)], now - 10_000)
    found = await expected_range(hub, **{"from": now - 60 * MINUTE, "to": now, "buckets": 6})
    assert [ts for ts, _, _ in found["points"]] == [now - 60 * MINUTE + k * 10 * MINUTE for k in range(7)]
    assert all(48 < low < 50 < high < 52 for _, low, high in found["points"])
    assert (found["readings"], found["unit"]) == (360, None)
    assert found["learnt_to"] == now - 10_000


async def test_expected_range_excludes_readings_before_alert(hub: ApiHub) -> None:
    now = now_ms()
    healthy, failing = [50 + 0.1 * (k % 5) for k in range(360)], [50 + 0.5 * k for k in range(80)]
    await publish_past(hub, "pump-01", healthy + failing, now - 5_000)
    await hub.telemetry("pump-01", temperature=91.0)
    alerts = (await hub.http.get("/api/alerts", params={"device_id": "pump-01"})).json()["items"]
    assert len(alerts) == 1
    found = await expected_range(hub, **{"from": now - 15 * MINUTE, "to": now})
    assert max(high for _, _, high in found["points"]) < 60
    assert found["learnt_to"] < alerts[0]["since"]


async def test_expected_range_is_empty_without_numeric_history(hub: ApiHub) -> None:
    await hub.telemetry("pump-01", temperature=20.0, door="open")
    assert (await expected_range(hub))["points"] == []
    assert (await expected_range(hub, metric="door"))["points"] == []
    assert (await expected_range(hub, metric="nothing"))["points"] == []


async def test_expected_range_of_unknown_device_or_invalid_time_is_refused(hub: ApiHub) -> None:
    await hub.telemetry("pump-01", temperature=20.0)
    missing = await hub.http.get("/api/devices/nobody/expected", params={"metric": "temperature"})
    assert missing.status_code == 404
    wrong = await hub.http.get(
        "/api/devices/pump-01/expected", params={"metric": "temperature", "from": 2000, "to": 1000}
    )
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (422, "invalid")


async def test_device_rules_have_last_fired_time_of_that_device(hub: ApiHub) -> None:
    await hub.telemetry("pump-01", temperature=91.0)
    await hub.telemetry("pump-02", temperature=20.0)
    (hot,) = (await hub.http.get("/api/devices/pump-01/rules")).json()["items"]
    (cool,) = (await hub.http.get("/api/devices/pump-02/rules")).json()["items"]
    assert hot["id"] == cool["id"] == "hot"
    assert abs(hot["last_fired"] - now_ms()) < 5_000
    assert cool["last_fired"] is None
    assert (await hub.http.get("/api/devices/nobody/rules")).status_code == 404


async def test_raw_messages_are_newest_first_and_include_invalid_payloads(hub: ApiHub) -> None:
    await hub.telemetry("pump-01", temperature=20.0)
    await hub.telemetry("pump-02", temperature=21.0)
    hub.publish("devices/pump-01/telemetry", b"{broken")
    hub.publish("devices/pump-01/telemetry", b"\xff\x00\x10")
    hub.publish("devices/pump-01/info", {"name": "ü" * EXCERPT})
    hub.publish("devices/pump-01/info", {"name": "Feed pump"})
    await hub.settled()
    items = (await hub.http.get("/api/devices/pump-01/messages")).json()["items"]
    assert [(item["payload"][:18], item["encoding"], item["cut"]) for item in items[:1] + items[2:]] == [
        ('{"name": "Feed pum', "utf-8", False),
        ("ff 00 10", "hex", False),
        ("{broken", "utf-8", False),
        ('{"temperature": 20', "utf-8", False),
    ]
    long = items[1]
    assert long["cut"]
    assert long["bytes"] > EXCERPT
    assert {item["topic"].split("/")[1] for item in items} == {"pump-01"}
    assert (await hub.http.get("/api/devices/nobody/messages")).status_code == 404
