"""Rules that watch an area or what is behind a gateway, while devices, areas and gateways move and after a restart."""

from __future__ import annotations

from pathlib import Path

from api_hub import ApiHub, running_hub

HALL = '[[rule]]\nid = "hall"\nmetric = "t"\nabove = 30\nareas = ["Hall"]\n'
GATEWAY = '[[rule]]\nid = "behind"\nmetric = "t"\nabove = 30\nvia = ["gw-*"]\n'


async def firing(hub: ApiHub) -> dict[str, str]:
    """Return the device and the id of each open alert."""
    await hub.settled()
    items = (await hub.http.get("/api/alerts", params={"state": "open"})).json()["items"]
    return {each["device_id"]: each["id"] for each in items}


async def area(hub: ApiHub, name: str, **more: object) -> str:
    answer = await hub.http.post("/api/areas", json={"name": name, **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def assign(hub: ApiHub, device: str, to: str | None) -> None:
    answer = await hub.http.patch(f"/api/devices/{device}", json={"area": to})
    assert answer.status_code == 200, answer.text


async def test_area_rule_follows_devices_and_areas_that_move(tmp_path: Path):
    async with running_hub(tmp_path, rules=HALL) as hub:
        (tmp_path / "rules.toml").write_text(HALL)
        for name in ("a", "b", "c"):
            await hub.telemetry(name, t=40.0)
        assert await firing(hub) == {}
        hall = await area(hub, "Hall")
        room, yard = await area(hub, "Room", parent=hall), await area(hub, "Yard")
        await assign(hub, "a", "Hall")
        await assign(hub, "b", "Room")
        await assign(hub, "c", "Yard")
        before = await firing(hub)
        assert before.keys() == {"a", "b"}, "a room inside the hall belongs to it"
        preview = (await hub.http.post("/api/rules/preview", json={"id": "hall"})).json()
        assert (preview["devices"], preview["rule"]["scope"]["areas"]) == (2, ["Hall"])

        await assign(hub, "a", "Yard")
        assert (await firing(hub)).keys() == {"b"}
        await hub.http.patch(f"/api/areas/{room}", json={"parent": yard})
        assert await firing(hub) == {}
        await hub.http.patch(f"/api/areas/{yard}", json={"parent": hall})
        assert (await firing(hub)).keys() == {"a", "b", "c"}
        kept = await firing(hub)
    async with running_hub(tmp_path, rules=HALL) as hub:
        assert await firing(hub) == kept, "the hub knows the areas before it evaluates rules at the start"
        await hub.http.patch(f"/api/areas/{hall}", json={"name": "Workshop"})
        assert await firing(hub) == {}, "the rule names another area now"
        (tmp_path / "rules.toml").write_text(HALL.replace("Hall", hall))
        text = (await hub.http.get("/api/rules/text")).json()
        assert (await hub.http.put("/api/rules", json=text)).status_code == 200
        assert (await firing(hub)).keys() == {"a", "b", "c"}, "the id of an area stays"


async def test_gateway_rule_follows_gateways_that_move(tmp_path: Path):
    async with running_hub(tmp_path, rules=GATEWAY) as hub:
        hub.publish("devices/leaf/info", {"via": "repeater"})
        await hub.telemetry("leaf", t=40.0)
        await hub.telemetry("gw-1", t=40.0)
        assert await firing(hub) == {}, "the gateway itself is not behind it"
        for turn in ("gw-1", "other", "gw-2"):
            hub.publish("devices/repeater/info", {"via": turn})
            expected = {"repeater", "leaf"} if turn.startswith("gw") else set()
            await hub.telemetry("repeater", t=40.0)
            assert (await firing(hub)).keys() == expected
        hub.publish("devices/gw-2/info", {"via": "repeater"})  # a cycle
        await hub.telemetry("gw-2", t=40.0)
        assert (await firing(hub)).keys() == {"repeater", "leaf", "gw-2"}
        hub.publish("devices/leaf/info", {})
        assert "leaf" not in await firing(hub)
