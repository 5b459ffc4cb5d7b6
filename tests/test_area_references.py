"""What refers to areas holds their ids, so that it keeps its devices when an area is renamed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api_hub import ApiHub, running_hub

RULE = {"id": "warm", "metric": "temperature", "above": 30, "areas": ["Line 3", "Nowhere"]}


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    for name in ("rules.toml", "reactions.toml", "calculated.toml"):
        (tmp_path / name).write_text("")
    async with running_hub(tmp_path) as hub:
        await hub.telemetry("pump", temperature=20.0)
        yield hub


async def do(hub: ApiHub, method: str, path: str, body: Any, status: int = 200) -> Any:
    answer = await hub.http.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def area_of_pump(hub: ApiHub) -> str:
    await do(hub, "PATCH", "/api/devices/pump", {"area": "Line 3"})
    return str((await do(hub, "GET", "/api/areas", None))["items"][0]["id"])


async def text_of(hub: ApiHub, kind: str = "rules") -> dict[str, str]:
    return dict(await do(hub, "GET", f"/api/{kind}/text", None))


async def watched(hub: ApiHub) -> int:
    return int((await do(hub, "POST", "/api/rules/preview", {"id": "warm"}))["devices"])


async def save_form(hub: ApiHub, revision: str) -> None:
    await do(hub, "POST", "/api/rules", {"rule": RULE, "revision": revision}, 201)


async def save_table(hub: ApiHub, revision: str) -> None:
    table = '[[rule]]\nid = "warm"\nmetric = "temperature"\nabove = 30\nareas = ["line 3", "Nowhere"] # ours\n'
    await do(hub, "POST", "/api/rules", {"text": table, "revision": revision}, 201)


async def save_text(hub: ApiHub, revision: str) -> None:
    kept = (await text_of(hub))["text"]
    table = '\n# ours\n[[rule]]\nid = "warm"\nmetric = "temperature"\nabove = 30\nareas = ["Line 3", "Nowhere"]\n'
    await do(hub, "PUT", "/api/rules", {"text": kept + table, "revision": revision})


@pytest.mark.parametrize("save", [save_form, save_table, save_text])
async def test_rule_keeps_its_devices_when_its_area_is_renamed(hub: ApiHub, save: Any) -> None:
    area = await area_of_pump(hub)
    await save(hub, (await text_of(hub))["revision"])
    (scope,) = (each["scope"] for each in (await do(hub, "GET", "/api/rules", None))["items"] if each["id"] == "warm")
    assert scope["areas"] == [area, "Nowhere"], "the name of an unknown area stays"
    assert save is save_form or "# ours" in (await text_of(hub))["text"]
    assert await watched(hub) == 1
    await do(hub, "PATCH", f"/api/areas/{area}", {"name": "Line 3 old"})
    other = await do(hub, "POST", "/api/areas", {"name": "Line 3"}, 201)
    assert await watched(hub) == 1
    await hub.telemetry("fan", temperature=20.0)
    await do(hub, "PATCH", "/api/devices/fan", {"area": other["id"]})
    assert await watched(hub) == 1, "another area with the former name is not watched"
    await hub.telemetry("pump", temperature=40.0)
    await hub.telemetry("fan", temperature=40.0)
    alerts = (await do(hub, "GET", "/api/alerts", None))["items"]
    assert [each["device_id"] for each in alerts if each["rule_id"] == "warm"] == ["pump"]


async def test_silence_and_route_hold_ids_of_areas(hub: ApiHub) -> None:
    area = await area_of_pump(hub)
    silence = {"areas": ["Line 3", "Nowhere"], "note": "Works", "ends_at": hub.services.now() + 3_600_000}
    made = await do(hub, "POST", "/api/silences", silence, 201)
    assert made["scope"]["areas"] == [area, "Nowhere"]
    edited = await do(hub, "PUT", f"/api/silences/{made['id']}", silence)
    assert edited["scope"]["areas"] == [area, "Nowhere"]
    route = {"name": "Line", "areas": ["Line 3", "Nowhere"], "steps": [{"channels": ["*"]}]}
    settings = await do(hub, "PUT", "/api/notifications/routes", {"routes": [route]})
    assert settings["routes"][0]["scope"]["areas"] == [area, "Nowhere"]


async def test_reaction_and_calculated_metric_hold_ids_of_areas(hub: ApiHub) -> None:
    area = await area_of_pump(hub)
    reaction = {
        "id": "close",
        "name": "Close",
        "alert": {"step": "raised", "areas": ["Line 3"]},
        "command": {"name": "close", "areas": ["Line 3"]},
    }
    revision = (await text_of(hub, "reactions"))["revision"]
    text = (await do(hub, "POST", "/api/reactions", {"reaction": reaction, "revision": revision}, 201))["text"]
    assert text.count(area) == 2
    metric = {"id": "f", "metric": "fahrenheit", "expression": "temperature * 1.8 + 32", "areas": ["Line 3"]}
    revision = (await text_of(hub, "calculated-metrics"))["revision"]
    change = {"calculated": metric, "revision": revision}
    await do(hub, "POST", "/api/calculated-metrics", change, 201)
    (found,) = (await do(hub, "GET", "/api/calculated-metrics", None))["items"]
    assert found["scope"]["areas"] == [area]
