"""``/api/live`` after a reconnect: one delta with all changes, or a new snapshot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api_hub import ApiHub, running_hub
from live_page import Page


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path) as hub:
        yield hub


async def test_resume_after_reconnect_sends_one_delta(hub: ApiHub) -> None:
    for name in "abc":
        await hub.telemetry(name, x=0)
    async with hub.socket("/api/live") as connection, hub.socket("/api/live") as other:
        page, other_page = Page(connection), Page(other)
        await page.start()
        await other_page.start()
        await connection.close()
        hub.publish("devices/a/telemetry", {"x": 1})
        await other_page.until("a", "x", 1.0)
        await hub.http.delete("/api/devices/b")
        hub.publish("devices/d/telemetry", {"x": 4})
        await other_page.until("d", "x", 4.0)
        async with hub.socket("/api/live") as again:
            page.connection = again
            await page.say(type="hello", since=page.seq, epoch=page.epoch)
            resumed = await page.wait("resumed", "resync", "snapshot")
            assert resumed == {"type": "resumed", "epoch": page.epoch, "seq": other_page.seq}
            delta = await page.frame()
            assert delta["type"] == "delta"
            assert (page.values, page.seq) == (other_page.values, other_page.seq)
            assert {device["id"] for device in page.devices.values()} == {"a", "c", "d"}
            assert (await page.wait("alerts"))["items"] == []


async def test_resume_works_without_other_clients(hub: ApiHub) -> None:
    await hub.telemetry("a", x=0)
    async with hub.socket("/api/live") as connection:
        page = Page(connection)
        await page.start()
    await hub.telemetry("a", x=1)
    await asyncio.sleep(0.6)
    async with hub.socket("/api/live") as connection:
        page.connection = connection
        await page.say(type="hello", since=page.seq, epoch=page.epoch)
        await page.wait("resumed")
        await page.frame()
        assert page.values["a", "x"] == 1.0


@pytest.mark.parametrize("hello", [{"since": 0, "epoch": "other"}, {"since": 0}, {"since": 10_000, "epoch": "?"}])
async def test_unknown_resume_point_gets_new_snapshot(hub: ApiHub, hello: dict[str, Any]) -> None:
    await hub.telemetry("a", x=0)
    async with hub.socket("/api/live") as connection:
        page = Page(connection)
        if hello.get("epoch") == "?":
            hello = {**hello, "epoch": hub.broadcaster.live.columns.epoch}
        await page.say(type="hello", **hello)
        assert (await page.wait("resync", "resumed", "snapshot"))["reason"]
        assert (await page.frame())["type"] == "snapshot"
        assert page.values == {("a", "x"): 0.0}
