"""Incidents on a running hub: the API, streams, one diagnosis for all alerts, and a restart."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from api_hub import ApiHub, Socket, now_ms, running_hub
from hub.model import Tick

RULES = """
[[rule]]
id = "hot"
metric = "temperature"
above = 80
severity = "critical"

[[rule]]
id = "silent"
kind = "no_data"
silence = "60s"
severity = "warning"
"""
CHILDREN = [f"child-{n}" for n in range(5)]


async def read(hub: ApiHub, path: str, **query: Any) -> dict[str, Any]:
    answer = await hub.http.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def open_alerts(hub: ApiHub) -> dict[str, dict[str, Any]]:
    return {alert["device_id"]: alert for alert in (await read(hub, "/api/alerts", state="open"))["items"]}


async def test_incidents_are_listed_streamed_diagnosed_once_and_kept(tmp_path: Path) -> None:
    async with running_hub(tmp_path, rules=RULES, real_ai=True) as hub:
        for name in ("pump", "fan"):
            hub.publish(f"devices/{name}/info", {"area": "Hall"} | ({"via": "pump"} if name == "fan" else {}))
        hub.publish("devices/gateway/info", {})
        for name in CHILDREN:
            hub.publish(f"devices/{name}/info", {"via": "gateway"})
            await hub.telemetry(name, level=1)
        async with hub.socket("/ws") as public, hub.socket("/api/live") as live:
            page, feed = Socket(live), Socket(public)
            await page.say(type="hello")
            assert (await page.wait("alerts"))["incidents"] == []
            await feed.wait("devices")
            await hub.telemetry("pump", temperature=85)
            await hub.telemetry("fan", temperature=86)
            opened, grown = await feed.wait("incident"), await feed.wait("incident")
            assert (opened["step"], grown["step"]) == ("opened", "changed")
            assert (await page.wait("incident"))["incident"] == opened["incident"]
        (incident,) = (await read(hub, "/api/incidents", state="unresolved"))["items"]
        assert incident == grown["incident"]
        assert (incident["kind"], incident["alerts"], incident["open"]) == ("device", 2, 2)
        assert (incident["first"]["device_id"], incident["first"]["metric"]) == ("pump", "temperature")
        async with asyncio.timeout(20):
            alerts = await open_alerts(hub)
            while any(alert["diagnosis"] is None for alert in alerts.values()):
                await asyncio.sleep(0.05)
                alerts = await open_alerts(hub)
        assert all(alert["diagnosis"]["device_id"] == name for name, alert in alerts.items()), "each has its own"
        assert {alert["incident_id"] for alert in alerts.values()} == {incident["id"]}

        later = now_ms() + 700_000
        await hub.services.ingest_queue.submit(Tick(later, 0))
        alerts = await open_alerts(hub)
        told = {name for name, alert in alerts.items() if alert["suppressed_by"] is None}
        assert told & {"gateway", *CHILDREN} == {"gateway"}
        assert alerts["child-0"]["suppressed_by"] == {"device_id": "gateway", "name": "gateway"}
        outage = await read(hub, f"/api/incidents/{alerts['gateway']['incident_id']}")
        assert outage["incident"]["suppressed"] == 5
        assert sorted(alert["device_id"] for alert in outage["items"]) == [*CHILDREN, "gateway"]
        history = (await read(hub, f"/api/incidents/{outage['incident']['id']}/history"))["items"]
        assert [entry["kind"] for entry in history].count("suppressed") == 5
        newest = await read(hub, "/api/incidents", limit=1)
        assert newest["items"][0]["started_at"] == later
        before = await read(hub, "/api/incidents")
        rest = await read(hub, "/api/incidents", cursor=newest["next"])
        assert [*newest["items"], *rest["items"]] == before["items"]
        assert (await hub.http.get("/api/incidents/i0")).status_code == 404
    async with running_hub(tmp_path, rules=RULES) as hub:
        kept = await read(hub, f"/api/incidents/{incident['id']}")
        assert kept["incident"] == incident
        assert [alert["device_id"] for alert in kept["items"]] == ["pump", "fan"]
