"""Areas: a tree of objects that people keep, devices that are assigned to them, and what devices only suggest."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api_hub import ApiHub, running_hub
from hub.accounts.json_file import JsonFile
from hub.errors import StoreError
from hub.model import Device
from hub.services.areas import FILE


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path) as hub:
        yield hub


async def create(hub: ApiHub, name: str, **more: object) -> str:
    answer = await hub.http.post("/api/areas", json={"name": name, **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def tree(hub: ApiHub) -> list[tuple[str, str | None, int, int]]:
    """Return name, name of the parent, order and devices of all areas."""
    items = (await hub.http.get("/api/areas")).json()["items"]
    names = {each["id"]: each["name"] for each in items}
    return [(each["name"], names.get(each["parent"]), each["order"], each["devices"]) for each in items]


async def test_areas_are_listed_in_the_order_of_their_tree(hub: ApiHub) -> None:
    north = await create(hub, "North")
    await create(hub, "South")
    await create(hub, "Hall", parent=north)
    cellar = await create(hub, "Cellar", parent=north)
    assert await tree(hub) == [("North", None, 0, 0), ("Hall", "North", 0, 0), ("Cellar", "North", 1, 0),
                               ("South", None, 1, 0)]  # fmt: skip
    await hub.http.patch(f"/api/areas/{cellar}", json={"order": 0})
    await hub.http.patch(f"/api/areas/{north}", json={"name": "Plant north", "order": 5})
    assert [row[0] for row in await tree(hub)] == ["South", "Plant north", "Cellar", "Hall"]
    await hub.http.patch(f"/api/areas/{cellar}", json={"parent": None})
    assert [row[:2] for row in await tree(hub)][-1] == ("Cellar", None)


async def test_tree_has_no_cycles_and_bounded_depth(hub: ApiHub) -> None:
    line = [await create(hub, "Level 1")]
    for level in range(2, 7):
        line.append(await create(hub, f"Level {level}", parent=line[-1]))
    deeper = await hub.http.post("/api/areas", json={"name": "Level 7", "parent": line[-1]})
    assert deeper.status_code == 422
    assert "6 levels" in deeper.text
    for target in (line[0], line[3]):
        cycle = await hub.http.patch(f"/api/areas/{line[0]}", json={"parent": target})
        assert cycle.status_code == 422
        assert "inside itself" in cycle.text
    other = await create(hub, "Other")
    too_deep = await hub.http.patch(f"/api/areas/{line[0]}", json={"parent": other})
    assert too_deep.status_code == 422
    assert "7 levels" in too_deep.text
    assert (await hub.http.delete(f"/api/areas/{line[0]}")).status_code == 409
    assert (await hub.http.post("/api/areas", json={"name": "level  3"})).status_code == 409


async def test_renamed_area_keeps_its_devices_and_deleted_one_frees_them(hub: ApiHub) -> None:
    hub.publish("devices/pump/info", {"area": "Yard"})
    await hub.telemetry("pump", flow=1.0)
    hall = await create(hub, "Hall")
    edited = (await hub.http.patch("/api/devices/pump", json={"area": "hall"})).json()
    assert (edited["area"], edited["area_id"]) == ("Hall", hall)
    await hub.http.patch(f"/api/areas/{hall}", json={"name": "Pump hall"})
    pump = (await hub.http.get("/api/devices/pump")).json()
    assert (pump["area"], pump["area_id"]) == ("Pump hall", hall)
    for wanted in ("Pump hall", hall):
        found = (await hub.http.get("/api/devices", params={"area": wanted})).json()["items"]
        assert [each["id"] for each in found] == ["pump"]
    assert (await tree(hub))[0][3] == 1
    await hub.http.delete(f"/api/areas/{hall}")
    pump = (await hub.http.get("/api/devices/pump")).json()
    assert (pump["area"], pump["area_id"]) == ("Yard", None)


async def test_announced_area_is_a_suggestion_until_a_person_accepts_it(hub: ApiHub) -> None:
    for name in ("a", "b"):
        hub.publish(f"devices/{name}/info", {"area": "Yard"})
        await hub.telemetry(name, t=1.0)
    listed = (await hub.http.get("/api/areas")).json()
    assert listed == {"items": [], "suggestions": [{"name": "Yard", "devices": 2}]}
    assert (await hub.http.get("/api/devices/a")).json()["area"] == "Yard"
    yard = await create(hub, "Yard", adopt=True)
    listed = (await hub.http.get("/api/areas")).json()
    assert (listed["items"][0]["devices"], listed["suggestions"]) == (2, [])
    # A device that announces the area later is shown in it, and not assigned to it.
    hub.publish("devices/late/info", {"area": "Yard"})
    await hub.telemetry("late", t=1.0)
    late = (await hub.http.get("/api/devices/late")).json()
    assert (late["area"], late["area_id"]) == ("Yard", None)
    accepted = (await hub.http.patch("/api/devices/late", json={"area": "Yard"})).json()
    assert accepted["area_id"] == yard
    log = (await hub.http.get("/api/activity")).json()["items"][0]
    assert log["message_params"]["changes"] == [{"key": "device.area", "name": "late", "area": "Yard"}]


async def test_areas_of_earlier_versions_become_objects_at_the_start(tmp_path: Path) -> None:
    async with running_hub(tmp_path) as hub:
        for name in ("a", "b", "c"):
            await hub.telemetry(name, t=1.0)
        await hub.http.patch("/api/devices/c", json={"area": "Gone"})
        for name in ("a", "b"):  # as version 0.0 stored it: a name, and no id
            device: Device = hub.services.registry.require(name)
            device.area, device.area_id = "Old hall", None
            hub.services.registry.touch(name)
        await hub.settled()
    (tmp_path / FILE).unlink()  # an area that was deleted, whose devices were not stored any more
    for _ in range(2):
        async with running_hub(tmp_path) as hub:
            assert await tree(hub) == [("Old hall", None, 0, 2)]
            ids = {(await hub.http.get(f"/api/devices/{name}")).json()["area_id"] for name in "ab"}
            assert len(ids) == 1
            assert None not in ids
            assert (await hub.http.get("/api/devices/c")).json()["area"] is None
            await hub.settled()


async def test_areas_of_a_damaged_file_are_recovered_when_they_can_be_stored_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_hub(tmp_path) as hub:
        await create(hub, "North")
        await hub.telemetry("pump", t=1.0)
        await hub.http.patch("/api/devices/pump", json={"area": "North"})
        await hub.settled()
    (tmp_path / FILE).write_bytes(b"{")

    def refuse(*_: Any) -> None:
        raise StoreError("The disk is full.", "Free some space.")

    with monkeypatch.context() as patched:
        patched.setattr(JsonFile, "write_blocking", refuse)
        async with running_hub(tmp_path) as hub:
            assert await tree(hub) == []
    assert "or a damaged file will be added at the next start" in caplog.text
    async with running_hub(tmp_path) as hub:
        assert await tree(hub) == [("North", None, 0, 1)]
