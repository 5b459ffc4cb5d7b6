"""The preview of a rule and the response to saving it warn of names that do not exist. Such a rule is valid."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api_hub import RULES, ApiHub, running_hub

ODD = {"id": "odd", "kind": "compare", "metric": "temperature", "above": 4}


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    """Return a hub with four freezers that announce an area which nobody has accepted."""
    (tmp_path / "rules.toml").write_text(RULES)
    async with running_hub(tmp_path) as hub:
        for number in range(1, 5):
            hub.publish(f"devices/freezer-{number}/info", {"area": "Kitchen", "model": "FR-1", "labels": ["cold"]})
            await hub.telemetry(f"freezer-{number}", temperature=-18.0)
        yield hub


async def warnings(hub: ApiHub, rule: dict[str, Any]) -> list[str]:
    answer = await hub.http.post("/api/rules/preview", json={"rule": rule})
    found = answer.json()
    assert found["problem"] is None, found["problem"]
    return list(found["warnings"])


async def test_announced_area_is_named_with_the_areas_that_exist(hub: ApiHub) -> None:
    rule = {"id": "cold", "metric": "temperature", "above": -10, "areas": ["Kitchen"]}
    (warning,) = await warnings(hub, rule)
    assert warning.startswith("There is no area 'Kitchen'. 4 devices announce it, but are not assigned to it")
    assert warning.endswith("No areas have been created yet.")
    await hub.http.post("/api/areas", json={"name": "Cellar"})
    assert (await warnings(hub, rule))[0].endswith("Areas: Cellar.")
    await hub.http.post("/api/areas", json={"name": "Kitchen", "adopt": True})
    await hub.settled()
    assert await warnings(hub, rule) == []


async def test_median_of_an_area_without_devices_is_warned_of(hub: ApiHub) -> None:
    (warning,) = await warnings(hub, ODD | {"with_area": "median"})
    assert warning.startswith("4 of 4 devices are assigned to no area, so they have no median. They announce Kitchen")
    area = (await hub.http.post("/api/areas", json={"name": "Kitchen"})).json()["id"]
    for number in (1, 2):
        await hub.http.patch(f"/api/devices/freezer-{number}", json={"area": area})
    unassigned, small = await warnings(hub, ODD | {"with_area": "median"})
    assert unassigned.startswith("2 of 4 devices")
    assert small == "Fewer than 3 devices report 'temperature' in: Kitchen."
    for number in (3, 4):
        await hub.http.patch(f"/api/devices/freezer-{number}", json={"area": area})
    assert await warnings(hub, ODD | {"with_area": "median"}) == []


async def test_devices_models_labels_and_gateways_that_nothing_has_are_named(hub: ApiHub) -> None:
    scope = {
        "devices": ["freezer-*", "freezer-9"],
        "models": ["FR-?", "CP-*"],
        "labels": ["cold", "hot"],
        "via": ["gw"],
    }
    assert await warnings(hub, {"id": "x", "metric": "temperature", "above": 1, **scope}) == [
        "No device has the label 'hot'.",
        "There is no device 'freezer-9'.",
        "No device has the model 'CP-*'.",
        "No device is connected through 'gw'.",
    ]
    assert await warnings(hub, ODD | {"with_device": "nobody"}) == [
        "There is no device 'nobody', which the rule reads."
    ]
    part = {"metric": "temperature", "above": 4, "device": "nobody"}
    joined = {"id": "odd", "kind": "all", "conditions": [part, {**part, "device": "freezer-1", "metric": "door"}]}
    assert await warnings(hub, joined) == [
        "There is no device 'nobody', which the rule reads.",
        "The device 'freezer-1' has not reported 'door' yet.",
    ]
    other = ODD | {"with_device": "freezer-2", "with": "flow"}
    assert await warnings(hub, other) == ["The device 'freezer-2' has not reported 'flow' yet."]
    assert await warnings(hub, ODD | {"with_device": "freezer-2"}) == []


async def test_saved_rule_is_answered_with_its_warnings(hub: ApiHub) -> None:
    revision = (await hub.http.get("/api/rules/text")).json()["revision"]
    rule = {"id": "cold", "metric": "temperature", "above": -10, "areas": ["Kitchen"]}
    saved = (await hub.http.post("/api/rules", json={"rule": rule, "revision": revision})).json()
    assert len(saved["warnings"]) == 1
    body = {"text": saved["text"] + "\n# unchanged\n", "revision": saved["revision"]}
    assert (await hub.http.put("/api/rules", json=body)).json()["warnings"] == [], "of changed rules only"
