"""``GET /events/devices``: device updates and alerts as Server-Sent Events."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api_hub import ApiHub, Event, events, first, running_hub
from hub.api.live.sse import fahrenheit
from hub.model import Value
from hub.runtime.bus import Lagged


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path) as hub:
        yield hub


@contextlib.asynccontextmanager
async def feed(hub: ApiHub, query: str = "", last_id: str | None = None) -> AsyncIterator[AsyncIterator[Event]]:
    headers = {"Last-Event-ID": last_id} if last_id is not None else {}
    async with hub.http.stream("GET", f"/events/devices{query}", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "no-cache" in answer.headers["cache-control"]
        yield events(answer.aiter_lines())


async def test_update_event_has_exactly_the_documented_keys(hub: ApiHub) -> None:
    async with feed(hub) as stream:
        hub.publish("devices/sensor_1/telemetry", {"temperature": 71.5, "humidity": 40, "ts": 1_790_000_000_000})
        event = await first(stream, "update")
    assert set(event.data) == {"device_id", "temperature", "metrics", "message", "timestamp"}
    assert event.data["device_id"] == "sensor_1"
    assert event.data["temperature"] == 71.5
    assert event.data["metrics"] == {"temperature": 71.5, "humidity": 40.0}
    assert event.data["message"] == "sensor_1: 71.5"
    assert isinstance(event.data["timestamp"], int)
    assert event.id is None


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (100.0, "°C", 212.0),
        (-40.0, "°C", -40.0),
        (71.3, "°F", 71.3),
        (273.15, "K", 32.0),
        (70.0, None, 70.0),
        (70.0, "bar", None),
        ("hot", "°C", None),
        (True, None, None),
        (None, "°C", None),
    ],
)
def test_temperature_is_converted_to_fahrenheit(value: Value | None, unit: str | None, expected: float | None) -> None:
    assert fahrenheit(value, unit) == expected


async def test_value_without_unit_is_sent_unconverted(hub: ApiHub) -> None:
    hub.publish("devices/named/info", {"units": {"temperature": "°F"}})
    async with feed(hub) as stream:
        for device, message in (("plain", "plain: 70"), ("named", "named: 70 °F")):
            hub.publish(f"devices/{device}/telemetry", {"temperature": 70})
            event = await first(stream, "update")
            assert (event.data["temperature"], event.data["message"]) == (70, message)


async def test_celsius_is_converted_and_metrics_are_unchanged(hub: ApiHub) -> None:
    hub.publish("devices/room/info", {"units": {"temperature": "°C"}})
    async with feed(hub) as stream:
        hub.publish("devices/room/telemetry", {"temperature": 100})
        event = await first(stream, "update")
    assert event.data["temperature"] == 212.0
    assert event.data["metrics"] == {"temperature": 100.0}  # in the device's unit


async def test_devices_without_temperature_are_sent_only_with_all_parameter(hub: ApiHub) -> None:
    async with feed(hub) as plain, feed(hub, "?all=1") as everything:
        hub.publish("devices/pump/telemetry", {"flow": 3})
        hub.publish("devices/sensor_1/telemetry", {"temperature": 70})
        assert (await first(plain, "update")).data["device_id"] == "sensor_1"
        pump = await first(everything, "update")
        assert (pump.data["device_id"], pump.data["temperature"]) == ("pump", None)


async def test_updates_are_limited_to_one_per_second_and_newest_is_sent(hub: ApiHub) -> None:
    seen: list[tuple[float, float]] = []
    async with feed(hub) as stream:
        started = time.monotonic()

        async def publish() -> None:
            for number in range(50):
                hub.publish("devices/sensor_1/telemetry", {"temperature": number})
                await asyncio.sleep(0.02)

        publishing = asyncio.create_task(publish())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2.5):
                async for event in stream:
                    seen.append((time.monotonic() - started, event.data["temperature"]))
        await publishing
    assert 2 <= len(seen) <= 3
    assert all(later[0] - earlier[0] >= 0.95 for earlier, later in itertools.pairwise(seen))
    assert seen[-1][1] == 49  # the newest value is sent when the interval ends


async def test_alert_event_is_sent_at_once_with_id(hub: ApiHub) -> None:
    async with feed(hub) as stream:
        hub.publish("devices/sensor_1/telemetry", {"temperature": 85})
        event = await first(stream, "alert")
    assert {"device_id", "temperature", "metrics", "message", "timestamp"} < set(event.data)
    assert (event.data["device_id"], event.data["temperature"]) == ("sensor_1", 85.0)
    assert (event.data["severity"], event.data["state"]) == ("critical", "raised")
    assert event.data["message"].startswith("sensor_1: temperature 85")
    assert event.id is not None
    assert event.id.endswith(event.data["alert_id"])


async def raise_alerts(hub: ApiHub, *devices: str) -> None:
    for device in devices:
        await hub.telemetry(device, temperature=85)
        await asyncio.sleep(0.002)


async def collect(hub: ApiHub, last_id: str, count: int) -> list[Event]:
    found: list[Event] = []
    async with asyncio.timeout(5), feed(hub, last_id=last_id) as stream:
        async for event in stream:
            if event.name in ("alert", "gap"):
                found.append(event)
            if len(found) == count:
                break
    return found


async def test_missed_alerts_are_replayed_in_order_and_once_after_reconnect(hub: ApiHub) -> None:
    async with feed(hub) as stream:
        await raise_alerts(hub, "a")
        seen = await first(stream, "alert")
    assert seen.id is not None
    await raise_alerts(hub, "b", "c", "d")
    collecting = asyncio.create_task(collect(hub, seen.id, 4))
    await asyncio.sleep(0.3)
    await raise_alerts(hub, "e")
    assert [event.data["device_id"] for event in await collecting] == ["b", "c", "d", "e"]


async def test_replay_of_missed_alerts_survives_restart(tmp_path: Path) -> None:
    async with running_hub(tmp_path) as hub:
        async with feed(hub) as stream:
            await raise_alerts(hub, "a")
            seen = await first(stream, "alert")
        await raise_alerts(hub, "b")
        await hub.telemetry("b", temperature=20)
    assert seen.id is not None
    async with running_hub(tmp_path) as hub:
        await raise_alerts(hub, "c")
        found = await collect(hub, seen.id, 2)
    assert [(event.data["device_id"], event.data["state"]) for event in found] == [("b", "cleared"), ("c", "raised")]


async def test_unknown_last_event_id_is_answered_with_gap(hub: ApiHub) -> None:
    for last_id in ("nonsense", "12x-a", "-", "99999999999999999999-a"):
        (gap,) = await collect(hub, last_id, 1)
        assert gap.name == "gap"
        assert gap.data["message"]


async def test_replay_over_limit_starts_with_gap(hub: ApiHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.api.live.sse.REPLAYED", 4)
    monkeypatch.setattr("hub.api.live.sse.PAGE", 2)
    await raise_alerts(hub, *"abcdefg")
    found = await collect(hub, "1-a", 5)
    assert found[0].name == "gap"
    assert [event.data["device_id"] for event in found[1:]] == ["d", "e", "f", "g"]


async def test_lagging_event_bus_is_reported_as_gap(hub: ApiHub) -> None:
    async with feed(hub) as stream:
        await asyncio.sleep(0.05)
        hub.broadcaster._mark([Lagged(3)])
        assert (await first(stream, "gap")).data["message"]
        hub.publish("devices/sensor_1/telemetry", {"temperature": 85})
        assert (await first(stream, "alert")).data["device_id"] == "sensor_1"


async def test_stalled_listener_is_bounded_and_does_not_delay_others(hub: ApiHub) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hub.port, limit=1024)
    writer.write(b"GET /events/devices HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")  # and reads nothing more
    (listener,) = hub.broadcaster._listeners
    async with feed(hub) as stream:
        for number in range(2_000):
            hub.publish(f"devices/d{number % 500}/telemetry", {"temperature": 20, "padding": "x" * 200})
            if number % 100 == 0:
                await asyncio.sleep(0.01)
        hub.publish("devices/last/telemetry", {"temperature": 85})
        assert (await first(stream, "alert")).data["device_id"] == "last"
    assert len(listener._waiting) <= 501
    writer.close()


async def test_listener_limit_is_enforced_and_slots_are_freed(tmp_path: Path) -> None:
    async with running_hub(tmp_path, listeners=1) as hub:
        async with feed(hub) as stream:
            refused = await hub.http.get("/events/devices")
            assert refused.status_code == 409
            assert refused.json()["error"]["hint"]
            hub.publish("devices/sensor_1/telemetry", {"temperature": 70})
            await first(stream, "update")
        for _ in range(100):
            if hub.broadcaster.listeners == 0:
                break
            await asyncio.sleep(0.02)
        assert hub.broadcaster.listeners == 0
        async with feed(hub):
            pass


async def test_event_stream_ends_at_shutdown(hub: ApiHub) -> None:
    async with feed(hub) as stream:
        await asyncio.sleep(0.05)
        hub.services.shutdown.set()
        async with asyncio.timeout(1):
            assert [event async for event in stream] == []
