"""``/api/live`` as docs/live.md describes it: snapshots, deltas, resuming, slow clients, alerts."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed

from api_hub import ApiHub, Socket, diagnosis_of, running_hub
from hub.api.columns import Columns
from hub.api.live import ALERTS_QUEUED, Client
from hub.bus import Lagged
from hub.fleet import Fleet
from hub.model import DeleteDevice, Identity, Info, Record, WriteDiagnosis
from hub.rules import Engine


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path) as hub:
        yield hub


class Page(Socket):
    """Keeps the fleet as a page would: ``devices`` by handle, ``values`` by (device id, metric)."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self.epoch = ""
        self.seq = -1
        self.devices: dict[int, dict[str, Any]] = {}
        self.values: dict[tuple[str, str], Any] = {}
        self.units: dict[tuple[str, str], str | None] = {}

    async def start(self, **hello: Any) -> dict[str, Any]:
        await self.say(type="hello", **hello)
        return await self.frame()

    async def frame(self, *, ack: bool = True, within: float = 5.0) -> dict[str, Any]:
        """The next snapshot or delta, applied."""
        message = await self.wait("snapshot", "delta", within=within)
        self.apply(message)
        if ack:
            await self.say(type="ack", seq=message["seq"])
        return message

    async def until(self, device: str, metric: str, value: Any) -> None:
        while self.values.get((device, metric)) != value:
            await self.frame()

    def apply(self, message: dict[str, Any]) -> None:
        if message["type"] == "snapshot":
            self.devices, self.values, self.units, self.epoch = {}, {}, {}, message["epoch"]
            self.describe(message["devices"])
            for metric, columns in message["metrics"].items():
                for handle, value, unit in zip(columns["i"], columns["v"], columns["u"], strict=True):
                    self.values[self.devices[handle]["id"], metric] = value
                    self.units[self.devices[handle]["id"], metric] = unit
        else:
            assert message["seq"] > self.seq
            self.describe(message.get("new", {"i": []}))
            for place, handle in enumerate(message.get("i", [])):
                for name in ("seen", "presence", "severity"):
                    self.devices[handle][name] = message[name][place]
            for metric, (handles, values) in message.get("m", {}).items():
                for handle, value in zip(handles, values, strict=True):
                    self.values[self.devices[handle]["id"], metric] = value
            for metric, (handles, units) in message.get("units", {}).items():
                for handle, unit in zip(handles, units, strict=True):
                    self.units[self.devices[handle]["id"], metric] = unit
            for handle in message.get("gone", []):
                gone = self.devices.pop(handle, {"id": None})["id"]
                self.values = {key: value for key, value in self.values.items() if key[0] != gone}
        self.seq = message["seq"]

    def describe(self, columns: dict[str, list[Any]]) -> None:
        for place, handle in enumerate(columns["i"]):
            self.devices[handle] = {name: column[place] for name, column in columns.items()}

    def device(self, device_id: str) -> dict[str, Any]:
        return next(device for device in self.devices.values() if device["id"] == device_id)


async def test_a_snapshot_by_columns(hub: ApiHub) -> None:
    hub.publish("devices/pump-01/info", {"name": "Feed pump", "model": "CP-40", "area": "Hall", "labels": ["line-2"],
                                         "units": {"temperature": "°C"}})  # fmt: skip
    await hub.telemetry("pump-01", temperature=85, running=True)
    await hub.telemetry("sensor_1", temperature=70.5)
    async with hub.socket("/api/live") as connection:
        page = Page(connection)
        snapshot = await page.start()
        assert set(snapshot) == {"type", "epoch", "seq", "ts", "root", "devices", "metrics"}
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
            "rejected", "shed", "rate", "cpu", "rss", "ai", "broker",
        }  # fmt: skip
        assert (stats["devices"], stats["online"], stats["open_alerts"], stats["critical"]) == (2, 2, 1, 1)
        assert stats["broker"] == {"connected": True, "address": "127.0.0.1:1883"}


async def test_deltas_tell_what_changed_and_no_more(hub: ApiHub) -> None:
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


async def test_units_come_when_they_change(hub: ApiHub) -> None:
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


async def test_frames_come_at_most_every_250_ms(hub: ApiHub) -> None:
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
        assert 3 <= len(times) <= 6
        assert all(later - earlier >= 240 for earlier, later in itertools.pairwise(times))


async def test_a_slow_client_gets_one_delta_with_everything(hub: ApiHub) -> None:
    for name in "abc":
        await hub.telemetry(name, x=0)
    async with hub.socket("/api/live") as slow, hub.socket("/api/live") as quick:
        lazy, brisk = Page(slow), Page(quick)
        await brisk.start()
        await lazy.say(type="hello")
        await lazy.frame(ack=False)
        for number, name in enumerate("abcabc", 1):
            hub.publish(f"devices/{name}/telemetry", {"x": number})
            await brisk.until(name, "x", float(number))
        # The snapshot and one delta are in flight; no third frame until one is acknowledged.
        await lazy.frame(ack=False)
        with pytest.raises(TimeoutError):
            await lazy.frame(within=0.6)
        assert lazy.values["c", "x"] == 0.0
        await lazy.say(type="ack", seq=lazy.seq)
        delta = await lazy.frame()
        assert len(delta["i"]) == 3
        assert lazy.values == brisk.values
        assert lazy.seq == brisk.seq


async def test_a_hidden_page_gets_nothing_until_it_is_shown(hub: ApiHub) -> None:
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


async def test_resume_after_a_short_absence(hub: ApiHub) -> None:
    for name in "abc":
        await hub.telemetry(name, x=0)
    async with hub.socket("/api/live") as connection, hub.socket("/api/live") as other:
        page, witness = Page(connection), Page(other)
        await page.start()
        await witness.start()
        await connection.close()
        hub.publish("devices/a/telemetry", {"x": 1})
        await witness.until("a", "x", 1.0)
        await hub.http.delete("/api/devices/b")
        hub.publish("devices/d/telemetry", {"x": 4})
        await witness.until("d", "x", 4.0)
        async with hub.socket("/api/live") as again:
            page.connection = again
            await page.say(type="hello", since=page.seq, epoch=page.epoch)
            resumed = await page.wait("resumed", "resync", "snapshot")
            assert resumed == {"type": "resumed", "epoch": page.epoch, "seq": witness.seq}
            delta = await page.frame()
            assert delta["type"] == "delta"
            assert (page.values, page.seq) == (witness.values, witness.seq)
            assert {device["id"] for device in page.devices.values()} == {"a", "c", "d"}
            assert (await page.wait("alerts"))["items"] == []


async def test_resume_while_nobody_else_looked_on(hub: ApiHub) -> None:
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
async def test_what_cannot_be_resumed_begins_again(hub: ApiHub, hello: dict[str, Any]) -> None:
    await hub.telemetry("a", x=0)
    async with hub.socket("/api/live") as connection:
        page = Page(connection)
        if hello.get("epoch") == "?":
            hello = {**hello, "epoch": hub.broadcaster.live.columns.epoch}
        await page.say(type="hello", **hello)
        assert (await page.wait("resync", "resumed", "snapshot"))["reason"]
        assert (await page.frame())["type"] == "snapshot"
        assert page.values == {("a", "x"): 0.0}


async def test_every_change_of_an_alert_is_told(hub: ApiHub) -> None:
    async with hub.socket("/api/live") as connection:
        page = Page(connection)
        await page.start()
        hub.publish("devices/a/telemetry", {"temperature": 85})
        alert = (await page.wait("alert"))["alert"]
        assert (alert["device_id"], alert["state"]) == ("a", "raised")
        await hub.services.inbox.submit(WriteDiagnosis(diagnosis_of("a", alert["id"])))
        explained = (await page.wait("alert"))["alert"]
        assert (explained["id"], explained["diagnosis_state"]) == (alert["id"], "ready")
        await hub.http.post(f"/api/alerts/{alert['id']}/acknowledge", json={"note": "seen"})
        known = (await page.wait("alert"))["alert"]
        assert (known["state"], known["note"]) == ("acknowledged", "seen")
        assert (
            known["diagnosis"]
            == explained["diagnosis"]
            == (await hub.http.get(f"/api/alerts/{alert['id']}")).json()["diagnosis"]
        )
        hub.publish("devices/a/telemetry", {"temperature": 20})
        assert (await page.wait("alert"))["alert"]["state"] == "cleared"


async def test_lost_events_mean_a_new_snapshot(hub: ApiHub) -> None:
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


def test_alerts_that_pile_up_mean_a_resync() -> None:
    client = Client()
    client.started = True
    for number in range(ALERTS_QUEUED):
        client.give_alert(str(number))
    assert (len(client.alerts), client.resync) == (ALERTS_QUEUED, None)
    client.give_alert("one more")
    assert client.resync is not None
    assert client.restart
    assert len(client.alerts) <= 1


async def test_a_client_that_reads_nothing_holds_up_nobody(hub: ApiHub) -> None:
    await hub.telemetry("a", x=0, text="x" * 200)
    async with hub.socket("/api/live", max_queue=1) as stuck, hub.socket("/api/live") as other:
        stuck.transport.pause_reading()
        await stuck.send('{"type":"hello"}')
        page = Page(other)
        await page.start()
        for number in range(1, 6):
            hub.publish("devices/a/telemetry", {"x": number, "text": "x" * 200})
            started = time.monotonic()
            await page.until("a", "x", float(number))
            assert time.monotonic() - started < 1
        client = max(hub.broadcaster.live.clients, key=lambda client: len(client.unacked))
        assert len(client.unacked) == 2
        stuck.transport.abort()


async def test_ping_and_wrong_words(hub: ApiHub) -> None:
    async with hub.socket("/api/live") as connection:
        page = Page(connection)
        await page.start()
        await page.say(type="ping", ts=1795386000123)
        assert await page.wait("pong") == {"type": "pong", "ts": 1795386000123}
        await page.say(type="something later", unknown=1)  # a newer page says more than we know
        await connection.send("[]")
        with pytest.raises(ConnectionClosed) as closed:
            await page.wait("nothing")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008


@pytest.mark.parametrize("sent", ['{"type":"ack","seq":1}', "no json", '{"type":"hello","since":"x"}', "x" * 5000])
async def test_hello_comes_first(hub: ApiHub, sent: str) -> None:
    async with hub.socket("/api/live") as connection:
        await connection.send(sent)
        with pytest.raises(ConnectionClosed) as closed:
            await connection.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008
    await asyncio.sleep(0.05)
    assert not hub.broadcaster.live.clients


async def test_places_are_bounded(tmp_path: Path) -> None:
    async with running_hub(tmp_path, live_clients=1) as hub, hub.socket("/api/live") as first:
        await Page(first).start()
        async with hub.socket("/api/live") as second:
            with pytest.raises(ConnectionClosed) as closed:
                await second.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013


async def test_sockets_close_at_shutdown(hub: ApiHub) -> None:
    async with hub.socket("/api/live") as connection:
        page = Page(connection)
        await page.start()
        hub.services.shutdown.set()
        with pytest.raises(ConnectionClosed) as closed:
            await page.wait("nothing", within=1)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012


# -- columns, without a network -----------------------------------------------------------------------------------


def fleet_of(count: int) -> Fleet:
    fleet = Fleet()
    for number in range(count):
        device = f"d{number:05}"
        fleet.identify(Identity(device, device, "native", Info(model="CP-40", units={"temperature": "°C"})), 1)
        fleet.observe(Record(device, 2, 2, {"temperature": 20.0, "flow": 1.5, "running": True}))
    return fleet


def test_ten_thousand_devices_are_one_snapshot_of_reasonable_cost() -> None:
    columns = Columns(fleet_of(10_000), Engine([]))
    columns.snapshot(0)
    started = time.perf_counter()
    text = columns.snapshot(0)
    took = time.perf_counter() - started
    snapshot = msgspec.json.decode(text)
    assert len(snapshot["devices"]["id"]) == len(snapshot["metrics"]["flow"]["v"]) == 10_000
    assert len(text) < 2_500_000
    assert took < 0.5


def test_a_frame_that_nobody_needs_is_not_encoded() -> None:
    columns = Columns(fleet_of(2), Engine([]))
    columns.snapshot(0)
    assert columns.advance(1, encode=True) is None
    columns.touched("d00000")
    assert columns.advance(1, encode=False) is None
    assert columns.seq == 1
    assert msgspec.json.decode(columns.since(0, 1))["i"] == [0]


def test_deletions_that_are_forgotten_cannot_be_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.api.columns.GONE_KEPT", 2)
    fleet = fleet_of(5)
    columns = Columns(fleet, Engine([]))
    columns.snapshot(0)
    for number in range(4):
        fleet.delete(DeleteDevice(f"d{number:05}", 1).device)
        columns.deleted(f"d{number:05}")
        columns.advance(1, encode=False)
    assert not columns.knows(columns.epoch, 1)
    assert columns.knows(columns.epoch, 2)
    assert msgspec.json.decode(columns.since(2, 1))["gone"] == [2, 3]


def test_a_device_deleted_before_a_frame_is_told_once() -> None:
    fleet = fleet_of(1)
    columns = Columns(fleet, Engine([]))
    columns.snapshot(0)
    columns.touched("d00000")
    fleet.delete("d00000")
    columns.deleted("d00000")
    delta = msgspec.json.decode(columns.advance(1, encode=True) or "{}")
    assert (delta.get("i"), delta["gone"]) == (None, [0])
