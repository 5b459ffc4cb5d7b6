"""The description of the API: the dashboard's copy is the application's, and what the live socket sends fits it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from api_hub import running_hub
from hub.api.schemas import live
from live_page import Page
from openapi import FILE, description, written

BY_TYPE = {
    "snapshot": live.LiveSnapshot,
    "delta": live.LiveDelta,
    "resumed": live.LiveResumed,
    "resync": live.LiveResync,
    "alerts": live.LiveAlerts,
    "alert": live.LiveAlert,
    "stats": live.LiveStats,
    "pong": live.LivePong,
}


async def test_the_dashboards_types_are_made_from_this_api(tmp_path: Path) -> None:
    found = written(await description(tmp_path))
    assert FILE.read_text("utf-8") == found, "run: python tests/openapi.py, then in web/: npm run types"


def fits(message: dict[str, Any]) -> None:
    """Every key is described, and every value is of the type that is."""
    shape = BY_TYPE[message["type"]]
    assert message.keys() <= shape.__annotations__.keys()
    TypeAdapter(shape).validate_json(json.dumps(message), strict=True)


@pytest.fixture
async def said(tmp_path: Path) -> dict[str, dict[str, Any]]:
    """One message of each type, from a hub at work."""
    async with running_hub(tmp_path) as hub:
        hub.publish("devices/a/info", {"name": "A", "units": {"temperature": "°C"}, "labels": ["x"]})
        await hub.telemetry("a", temperature=20.5, running=True, mode="auto")
        async with hub.socket("/api/live") as connection:
            page = Page(connection)
            await page.start()
            await hub.telemetry("b", temperature=91.0)
            await page.until("b", "temperature", 91.0)
            await page.say(type="ping", ts=1.5)
            await page.wait("pong")
            hub.broadcaster.live.lost("a test")
            await page.wait("resync")
            await page.frame()
        async with hub.socket("/api/live") as connection:
            again = Page(connection)
            await again.start(since=page.seq, epoch=page.epoch)
            await hub.http.delete("/api/devices/a")
            await again.frame()
            await again.wait("stats")
        heard = [*page.seen, *again.seen]
    return {message["type"]: message for message in sorted(heard, key=len)}


async def test_every_live_message_is_described(said: dict[str, dict[str, Any]]) -> None:
    assert set(said) == set(BY_TYPE)
    for message in said.values():
        fits(message)


async def test_the_check_can_fail(said: dict[str, dict[str, Any]]) -> None:
    with pytest.raises(AssertionError, match="extra"):
        fits({**said["delta"], "extra": 1})
    with pytest.raises(ValueError, match="seq"):
        fits({**said["delta"], "seq": "1"})
