"""A damaged file of the data folder does not end the start: what cannot be read is kept aside and reported."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from brokers import Mosquitto, publish
from serving import Serving, until

DEEP = b'{"x":' + b"[" * 100_000
NORTH = {"id": "a-1", "name": "North"}
TILE = {"id": "t", "kind": "text", "x": 0, "y": 0, "w": 3, "h": 2, "text": "Hello"}
CACHES = ["clock.json", "ai-spent.json", "sessions.json", "mqtt_topics.json", "running.json"]
"""Files that the hub can do without."""


def board(board_id: str, **tile: Any) -> dict[str, Any]:
    fields = {"owner": None, "shared": None, "version": 1, "updated_at": 0}
    return {"id": board_id, "name": board_id, **fields, "tiles": [{**TILE, **tile}]}


@pytest.fixture
def hub(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Serving]:
    serving = Serving(tmp_path / "data", mosquitto)
    serving.data.mkdir()
    yield serving
    serving.stop()


def log_of(hub: Serving) -> str:
    return (hub.data.parent / "hub.log").read_text()


def test_invalid_tile_costs_only_its_dashboard(hub: Serving) -> None:
    content = json.dumps([board("good"), board("bad", x="left"), board("other")])
    (hub.data / "dashboards.json").write_text(content)
    hub.start()
    assert [each["id"] for each in hub.get("/api/dashboards")["items"]] == ["good", "other"]
    (problem,) = (each for each in hub.get("/readyz")["degraded"] if "dashboards" in each)
    assert "entry 1" in problem
    assert "tiles[0].x" in problem
    assert problem in hub.get("/api/status")["degraded"]
    assert (hub.data / "dashboards.unreadable").read_text() == content
    assert "dashboards.unreadable" in log_of(hub)
    made = hub.http.post("/api/dashboards", json={"name": "new", "shared": None, "tiles": []})
    assert made.status_code == 201
    hub.end()
    hub.start()
    assert len(hub.get("/api/dashboards")["items"]) == 3
    assert any("dashboards.unreadable" in each for each in hub.get("/readyz")["degraded"]), "until it is deleted"
    (hub.data / "dashboards.unreadable").unlink()
    assert not any("dashboards" in each for each in hub.get("/readyz").get("degraded", []))


@pytest.mark.parametrize(
    "content", [b"{", b"[" * 100_000, b'[{"id": "a-1", "name": 7}]', b"[\xff]", DEEP], ids=range(5)
)
def test_damaged_areas_are_recovered_from_their_devices(hub: Serving, mosquitto: Mosquitto, content: bytes) -> None:
    hub.start()
    area = hub.http.post("/api/areas", json={"name": "North"}).json()["id"]
    asyncio.run(publish(mosquitto.port, ("devices/pump/telemetry", b'{"t": 1}', 1, False)))
    until(lambda: hub.get("/api/devices")["items"])
    assert hub.http.patch("/api/devices/pump", json={"area": "North"}).status_code == 200
    hub.end()
    (hub.data / "areas.json").write_bytes(content)
    hub.start()
    assert any("areas.json" in each for each in hub.get("/readyz")["degraded"])
    assert (hub.data / "areas.unreadable").read_bytes() == content
    assert [(each["id"], each["name"], each["devices"]) for each in hub.get("/api/areas")["items"]] == [
        (area, "North", 1)
    ]


def test_unknown_key_of_a_channel_is_reported_and_costs_only_itself(hub: Serving) -> None:
    channel = {"id": "hook", "kind": "webhook", "name": "Hook", "values": {"url": "https://a.example/x"}, "colour": 1}
    (hub.data / "notifications.json").write_text(json.dumps({"channels": [channel]}))
    hub.start()
    assert [each["id"] for each in hub.get("/api/notifications")["channels"]] == ["hook"]
    assert any("channels[0]" in each and "'colour'" in each for each in hub.get("/readyz")["degraded"])
    assert "notifications.unreadable" in log_of(hub)


def test_invalid_area_costs_only_itself(hub: Serving) -> None:
    (hub.data / "areas.json").write_text(json.dumps([NORTH, {"id": "a-2", "name": "South", "color": "red"}]))
    hub.start()
    assert [each["name"] for each in hub.get("/api/areas")["items"]] == ["North"]
    assert any("color" in each for each in hub.get("/readyz")["degraded"])


@pytest.mark.parametrize("content", [b"{", DEEP, b'{"day":"\xff"}', b""], ids=["cut off", "deep", "not UTF-8", "empty"])
def test_hub_starts_with_damaged_files_that_it_can_do_without(hub: Serving, content: bytes) -> None:
    for name in CACHES:
        (hub.data / name).write_bytes(content)
    hub.start()
    assert hub.get("/readyz")["status"] == "ready"
    assert "Traceback" not in log_of(hub)
