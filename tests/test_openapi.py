"""The OpenAPI description: the dashboard's copy is current, and messages of the live socket match their schemas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from api_hub import running_hub
from hub.api.schemas import live
from live_page import Page
from openapi import FILE, as_json, description

BY_TYPE = {
    "snapshot": live.LiveSnapshot,
    "delta": live.LiveDelta,
    "resumed": live.LiveResumed,
    "resync": live.LiveResync,
    "alerts": live.LiveAlerts,
    "alert": live.LiveAlert,
    "incident": live.LiveIncident,
    "stats": live.LiveStats,
    "pong": live.LivePong,
}


async def test_openapi_file_matches_application(tmp_path: Path) -> None:
    found = as_json(await description(tmp_path))
    assert FILE.read_text("utf-8") == found, "run: make generated"


def check_schema(message: dict[str, Any]) -> None:
    """Check that every key is in the schema, and that every value has its type."""
    shape = BY_TYPE[message["type"]]
    assert message.keys() <= shape.__annotations__.keys()
    TypeAdapter(shape).validate_json(json.dumps(message), strict=True)


@pytest.fixture
async def messages(tmp_path: Path) -> dict[str, dict[str, Any]]:
    """Return one message of each type from a running hub."""
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
        received = [*page.seen, *again.seen]
    return {message["type"]: message for message in sorted(received, key=len)}


async def test_every_live_message_matches_its_schema(messages: dict[str, dict[str, Any]]) -> None:
    assert set(messages) == set(BY_TYPE)
    for message in messages.values():
        check_schema(message)


async def test_schema_check_fails_on_extra_key_and_wrong_type(messages: dict[str, dict[str, Any]]) -> None:
    with pytest.raises(AssertionError, match="extra"):
        check_schema({**messages["delta"], "extra": 1})
    with pytest.raises(ValueError, match="seq"):
        check_schema({**messages["delta"], "seq": "1"})
