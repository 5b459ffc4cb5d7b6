"""A latitude beyond 90° or a longitude beyond 180° is rejected everywhere; the other values of its message are kept."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api_hub import ApiHub, running_hub
from fake_ai import now_ms
from hub.bounds import coordinate_limit, coordinate_problem


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path) as running:
        yield running


async def metrics_of(hub: ApiHub, device: str) -> dict[str, Any]:
    await hub.settled()
    found = (await hub.http.get(f"/api/devices/{device}")).json()["metrics"]
    return {name: each["value"] for name, each in found.items()}


async def rejected(hub: ApiHub) -> list[str]:
    return [each["detail"] for each in (await hub.http.get("/api/rejected")).json()["items"]]


async def test_native_telemetry_keeps_only_possible_coordinates(hub: ApiHub) -> None:
    values = {"latitude": 95.0, "gps.longitude": -180.5, "speed": 3.0, "longitude": 180.0}
    hub.publish("devices/van/telemetry", values)
    assert await metrics_of(hub, "van") == {"speed": 3.0, "longitude": 180.0}
    assert sorted(await rejected(hub)) == [
        "'gps.longitude' must be from -180 to 180 degrees, not -180.5.",
        "'latitude' must be from -90 to 90 degrees, not 95.",
    ]


async def test_impossible_coordinate_is_rejected_on_the_fast_path_too(hub: ApiHub) -> None:
    start = now_ms() - 60_000
    for number in range(50):
        hub.publish("devices/van/telemetry", {"latitude": 50.0 + number / 100, "speed": 1.0}, at=start + 1_000 * number)
        await hub.settled()
    assert "van" in hub.services.registry.fast_path
    hub.publish("devices/van/telemetry", {"latitude": 95.0, "speed": 2.0}, at=start + 55_000)
    assert await metrics_of(hub, "van") == {"latitude": 50.49, "speed": 2.0}
    assert await rejected(hub) == ["'latitude' must be from -90 to 90 degrees, not 95."]


async def test_meshtastic_position_and_http_telemetry_are_bounded(hub: ApiHub) -> None:
    position = {"from": 305419896, "to": 4294967295, "id": 7, "channel": 0, "sender": "!12345678", "timestamp": 0,
                "type": "position", "payload": {"latitude_i": 950_000_000, "longitude_i": 85_000_000}}  # fmt: skip
    hub.publish("msh/EU_868/2/json/LongFast/!12345678", position)
    await hub.settled()
    assert "'location.latitude' must be from -90 to 90 degrees, not 95." in await rejected(hub)
    body = json.dumps({"device": "van", "latitude": -91, "t": 1})
    answer = await hub.http.post("/api/telemetry", content=body, headers={"Content-Type": "application/json"})
    assert [(each["item"], each["reason"]) for each in answer.json()["rejected"]] == [(0, "bad_value")]
    assert await metrics_of(hub, "van") == {"t": 1}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("2026-11-20T00:00:00Z,van,latitude,95", "Line 3: 'latitude' must be from -90 to 90 degrees, not 95."),
        ("0001-01-01T00:00:00Z,van,speed,5", "Line 3: The time 0001-01-01 00:00:00 UTC is out of range"),
        ("9999-12-31T23:59:59Z,van,speed,5", "Line 3: The time 9999-12-31 23:59:59 UTC is out of range"),
    ],
)
async def test_import_names_the_row_with_an_impossible_coordinate_or_year(hub: ApiHub, row: str, said: str) -> None:
    table = f"time,device,metric,value\n2026-11-20T00:00:00Z,van,speed,5\n{row}\n"
    answer = await hub.http.post("/api/history/import", content=table)
    assert answer.status_code == 422
    assert said in answer.json()["error"]["message"]
    good = "time,device,metric,value\n1950-05-01T00:00:00Z,van,speed,5\n"
    assert (await hub.http.post("/api/history/import", content=good)).status_code == 200


def test_only_full_names_are_coordinates() -> None:
    assert [coordinate_limit(name) for name in ("latitude", "gps_longitude", "Location.Latitude", "a/longitude")] == [
        90, 180, 90, 180
    ]  # fmt: skip
    assert [coordinate_limit(name) for name in ("lat", "latency", "latitude_i", "longitude.error")] == [None] * 4
    assert coordinate_problem("latitude", 90.0) is None
    assert coordinate_problem("latitude", "north") is None
    assert coordinate_problem("latitude", True) is None
