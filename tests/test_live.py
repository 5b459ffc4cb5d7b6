"""``/api/live`` as in docs/live.md: snapshots, deltas, flow control, alerts and closing."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from api_hub import ApiHub, diagnosis_of, running_hub
from hub.api.live.dashboard_client import ALERTS_QUEUED, Client
from hub.model import WriteDiagnosis
from hub.runtime.bus import Lagged
from live_page import Page


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path) as hub:
        yield hub


async def test_snapshot_has_devices_and_metrics_as_columns(hub: ApiHub) -> None:
    hub.publish("devices/pump-01/info", {"name": "Feed pump", "model": "CP-40", "area": "Hall", "labels": ["line-2"],
                                         "units": {"temperature": "°C"}})  # fmt: skip
    await hub.telemetry("pump-01", temperature=85, running=True)
    await hub.telemetry("sensor_1", temperature=70.5)
    async with hub.socket("/api/live") as connection:
        page = Page(connection)
        snapshot = await page.start()
        assert set(snapshot) == {"type", "epoch", "seq", "ts", "root", "devices", "kinds", "metrics"}
        assert snapshot["root"] == "devices"
        columns = snapshot["devices"]
        assert set(columns) == {
            "i", "id", "name", "area", "model", "dialect", "labels", "presence", "severity", "seen",
        }  # fmt: skip
        assert len({len(column) for column in columns.values()}) == 1
        pump = page.device("pump-01")
        assert (pump["name"], pump["area"], pump["model"], pump["labels"]) == ("Feed pump", "Hall", "CP-40", ["line-2"])
        assert (pump["presence"], pump["severity"]) == (0, 3)
        assert page.values["pump-01", "running"] is True
        assert (page.units["pump-01", "temperature"], page.units["sensor_1", "temperature"]) == ("°C", None)
        alerts = await page.wait("alerts")
        assert [alert["device_id"] for alert in alerts["items"]] == ["pump-01"]
        stats = await page.wait("stats")
        assert set(stats) == {
            "type", "ts", "devices", "online", "stale", "offline", "open_alerts", "critical", "received", "stored",
            "rejected", "shed", "rate", "last_minute", "cpu", "rss", "ai", "broker",
        }  # fmt: skip
        assert (stats["devices"], stats["online"], stats["open_alerts"], stats["critical"]) == (2, 2, 1, 1)
        assert stats["broker"] == {"connected": True, "address": "127.0.0.1:1883", "since": None}


async def test_delta_has_only_changes(hub: ApiHub) -> None:
    await hub.telemetry("a", x=1, y=1)
    await hub.telemetry("b", x=1)
    async with hub.socket("/api/live") as connection:
        page = Page(connection)
        await page.start()
        await asyncio.sleep(0.3)
        hub.publish("devices/a/telemetry", {"x": 2})
        delta = await page.frame()
        assert (len(delta["i"]), set(delta["m"]), delta["m"]["x"][1]) == (1, {"x"}, [2.0])
        assert "new" not in delta
        assert "gone" not in delta

        hub.publish("devices/a/status", b"offline")
        delta = await page.frame()
        assert (delta["presence"], "m" in delta) == ([2], False)

        hub.publish("devices/c/telemetry", {"z": "open"})
        delta = await page.frame()
        assert delta["new"]["id"] == ["c"]
        assert page.values["c", "z"] == "open"

        await hub.http.patch("/api/devices/b", json={"name": "Bee", "labels": ["l"]})
        await page.frame()
        assert (page.device("b")["name"], page.device("b")["labels"]) == ("Bee", ["l"])

        await hub.http.delete("/api/devices/a")
        delta = await page.frame()
        assert len(delta["gone"]) == 1
        assert {device["id"] for device in page.devices.values()} == {"b", "c"}

        hub.publish("devices/a/telemetry", {"x": 9})
        await page.frame()
        assert page.values["a", "x"] == 9.0


async def test_units_are_sent_when_they_change(hub: ApiHub) -> None:
    await hub.telemetry("a", temperature=1)
    async with hub.socket("/api/live") as connection:
        page = Page(connection)
        await page.start()
        assert page.units["a", "temperature"] is None
        hub.publish("devices/a/info", {"units": {"temperature": "°C"}})
        await page.frame()
        assert page.units["a", "temperature"] == "°C"
        hub.publish("devices/a/telemetry", {"temperature": 2})
        assert "units" not in await page.frame()


async def test_frames_are_sent_at_most_every_250_ms(hub: ApiHub) -> None:
    await hub.telemetry("a", x=0)
    async with hub.socket("/api/live") as connection:
        page = Page(connection)
        await page.start()
        times = []
        for number in range(100):
            hub.publish("devices/a/telemetry", {"x": number})
            await asyncio.sleep(0.01)
        await page.until("a", "x", 99.0)
        times = [message["ts"] for message in page.seen if message["type"] == "delta"]
        assert 3 <= len(times) < 50, "values of one frame are conflated"
        assert all(later - earlier >= 240 for earlier, later in itertools.pairwise(times))


async def test_slow_client_gets_one_conflated_delta(hub: ApiHub) -> None:
    for name in "abc":
        await hub.telemetry(name, x=0)
    async with hub.socket("/api/live") as slow, hub.socket("/api/live") as fast:
        slow_page, fast_page = Page(slow), Page(fast)
        await fast_page.start()
        await slow_page.say(type="hello")
        await slow_page.frame(ack=False)
        for number, name in enumerate("abcabc", 1):
            hub.publish(f"devices/{name}/telemetry", {"x": number})
            await fast_page.until(name, "x", float(number))
        # The snapshot and one delta are in flight; no third frame until one is acknowledged.
        await slow_page.frame(ack=False)
        with pytest.raises(TimeoutError):
            await slow_page.frame(within=0.6)
        assert slow_page.values["c", "x"] == 0.0
        await slow_page.say(type="ack", seq=slow_page.seq)
        delta = await slow_page.frame()
        assert len(delta["i"]) == 3
        assert slow_page.values == fast_page.values
        assert slow_page.seq == fast_page.seq


async def test_hidden_page_gets_no_frames_until_visible(hub: ApiHub) -> None:
    await hub.telemetry("a", x=0)
    async with hub.socket("/api/live") as connection:
        page = Page(connection)
        await page.start()
        await page.say(type="hidden", hidden=True)
        await asyncio.sleep(0.1)
        for number in (1, 2, 3):
            hub.publish("devices/a/telemetry", {"x": number})
            await asyncio.sleep(0.3)
        await page.say(type="hidden", hidden=False)
        await page.frame()
        deltas = [message for message in page.seen if message["type"] == "delta"]
        assert [delta["m"]["x"][1] for delta in deltas] == [[3.0]]


async def test_every_alert_change_is_sent(hub: ApiHub) -> None:
    async with hub.socket("/api/live") as connection:
        page = Page(connection)
        await page.start()
        hub.publish("devices/a/telemetry", {"temperature": 85})
        alert = (await page.wait("alert"))["alert"]
        assert (alert["device_id"], alert["state"]) == ("a", "raised")
        await hub.services.ingest_queue.submit(WriteDiagnosis(diagnosis_of("a", alert["id"])))
        explained = (await page.wait("alert"))["alert"]
        assert (explained["id"], explained["diagnosis_state"]) == (alert["id"], "ready")
        await hub.http.post(f"/api/alerts/{alert['id']}/acknowledge", json={"note": "seen"})
        acknowledged = (await page.wait("alert"))["alert"]
        assert (acknowledged["state"], acknowledged["note"]) == ("acknowledged", "seen")
        assert (
            acknowledged["diagnosis"]
            == explained["diagnosis"]
            == (await hub.http.get(f"/api/alerts/{alert['id']}")).json()["diagnosis"]
        )
        hub.publish("devices/a/telemetry", {"temperature": 20})
        assert (await page.wait("alert"))["alert"]["state"] == "cleared"


async def test_lost_events_cause_resync_with_new_snapshot(hub: ApiHub) -> None:
    await hub.telemetry("a", x=0)
    async with hub.socket("/api/live") as connection:
        page = Page(connection)
        epoch = (await page.start())["epoch"]
        hub.broadcaster._mark([Lagged(7)])
        assert (await page.wait("resync"))["reason"]
        snapshot = await page.frame()
        assert (snapshot["type"], snapshot["epoch"] != epoch) == ("snapshot", True)
        hub.publish("devices/a/telemetry", {"x": 5})
        await page.until("a", "x", 5.0)


def test_too_many_queued_alerts_cause_resync() -> None:
    client = Client()
    client.started = True
    for number in range(ALERTS_QUEUED):
        client.queue_alert(str(number))
    assert (len(client.alerts), client.resync) == (ALERTS_QUEUED, None)
    client.queue_alert("one more")
    assert client.resync is not None
    assert client.restart
    assert len(client.alerts) <= 1


async def test_stalled_client_does_not_delay_others(hub: ApiHub) -> None:
    await hub.telemetry("a", x=0, text="x" * 200)
    async with hub.socket("/api/live", max_queue=1) as stuck, hub.socket("/api/live") as other:
        stuck.transport.pause_reading()
        await stuck.send('{"type":"hello"}')
        page = Page(other)
        await page.start()
        for number in range(1, 6):
            hub.publish("devices/a/telemetry", {"x": number, "text": "x" * 200})
            await asyncio.wait_for(page.until("a", "x", float(number)), 10)
        client = max(hub.broadcaster.live.clients, key=lambda client: len(client.unacked))
        assert len(client.unacked) == 2
        stuck.transport.abort()


async def test_ping_is_answered_and_invalid_message_closes_socket(hub: ApiHub) -> None:
    async with hub.socket("/api/live") as connection:
        page = Page(connection)
        await page.start()
        await page.say(type="ping", ts=1795386000123)
        assert await page.wait("pong") == {"type": "pong", "ts": 1795386000123}
        await page.say(type="something later", unknown=1)  # a newer page may send unknown messages
        await connection.send("[]")
        with pytest.raises(ConnectionClosed) as closed:
            await page.wait("nothing")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008


async def test_first_message_must_be_valid_hello(hub: ApiHub) -> None:
    for sent in ('{"type":"ack","seq":1}', "no json", '{"type":"hello","since":"x"}', "x" * 5000):
        async with hub.socket("/api/live") as connection:
            await connection.send(sent)
            with pytest.raises(ConnectionClosed) as closed:
                await connection.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1008, sent
    await asyncio.sleep(0.05)
    assert not hub.broadcaster.live.clients


async def test_connection_over_limit_is_closed_with_1013(tmp_path: Path) -> None:
    async with running_hub(tmp_path, live_clients=1) as hub, hub.socket("/api/live") as first:
        await Page(first).start()
        async with hub.socket("/api/live") as second:
            with pytest.raises(ConnectionClosed) as closed:
                await second.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013


async def test_socket_is_closed_with_1012_at_shutdown(hub: ApiHub) -> None:
    async with hub.socket("/api/live") as connection:
        page = Page(connection)
        await page.start()
        hub.services.shutdown.set()
        with pytest.raises(ConnectionClosed) as closed:
            await page.wait("nothing", within=1)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
