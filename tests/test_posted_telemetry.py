"""``POST /api/telemetry``: readings over HTTP are processed like messages, and are answered after the commit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from api_hub import ApiHub, running_hub
from hub.runtime.clock import now_ms


@pytest.fixture
async def hub(tmp_path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path) as hub:
        yield hub


async def post(hub: ApiHub, body: Any, **more: Any) -> Any:
    sent = {"content": body} if isinstance(body, bytes) else {"json": body}
    answer = await hub.http.post("/api/telemetry", **sent, **more)
    return answer.status_code, answer.json()


async def value(hub: ApiHub, device: str, metric: str) -> Any:
    return (await hub.http.get(f"/api/devices/{device}")).json()["metrics"][metric]["value"]


async def test_one_many_and_lines_are_stored_when_the_answer_comes(hub):
    stored = {"records": 1, "duplicates": 0, "rejected": [], "notes": []}
    assert await post(hub, {"device": "boiler-1", "temperature": 71.5}) == (200, stored)
    assert await value(hub, "boiler-1", "temperature") == 71.5
    pump = {"device": "pump 2", "metrics": {"pressure": 2.4}, "ts": now_ms()}
    assert (await post(hub, [{"device": "boiler-1", "temperature": 72}, pump]))[1]["records"] == 2
    lines = b'{"device": "boiler-1", "temperature": 73}\n\n{"device": "boiler-1", "temperature": 74}\n'
    status, found = await post(hub, lines, headers={"Content-Type": "application/x-ndjson"})
    assert (status, found["records"]) == (200, 2)
    assert await value(hub, "boiler-1", "temperature") == 74
    assert (await hub.http.get("/api/devices/boiler-1")).json()["presence"] == "online"


async def test_repeated_request_stores_nothing_twice(hub):
    body = [{"device": "meter", "id": f"m-{number}", "energy": number} for number in range(3)]
    assert (await post(hub, body))[1] == {"records": 3, "duplicates": 0, "rejected": [], "notes": []}
    assert (await post(hub, body))[1] == {"records": 0, "duplicates": 3, "rejected": [], "notes": []}


async def test_answer_says_which_times_were_not_used(hub):
    now = now_ms()
    body = [{"device": "a", "t": 1, "ts": now - 600_000}, {"device": "a", "t": 2, "ts": now - 7 * 86_400_000},
            {"device": "a", "t": 3, "ts": now + 3_600_000}, {"device": "a", "t": 4}]  # fmt: skip
    status, found = await post(hub, body)
    assert (status, found["records"]) == (200, 4)
    assert [each["item"] for each in found["notes"]] == [1, 2]
    assert "time of receipt" in found["notes"][0]["detail"]
    (note,) = (await post(hub, b'{"device": "a", "t": 5, "ts": "2020-01-01T00:00:00Z"}'))[1]["notes"]
    assert (note["item"], note["reason"]) == (0, "clock")


async def test_time_of_a_reading_is_stored_as_over_mqtt(hub):
    """Over HTTP as over MQTT, a reading keeps its own time up to an age of a day; then the sender's clock is wrong."""
    now = now_ms()
    times = {
        "minute": now - 60_000,
        "hours": now - 23 * 3_600_000,
        "days": now - 3 * 86_400_000,
        "ahead": now + 600_000,
    }
    times |= {"iso": "2020-01-01T00:00:00Z", "seconds": (now - 3_600_000) // 1000, "none": None}
    for name, ts in times.items():
        hub.publish(f"devices/mqtt-{name}/telemetry", {"ts": ts, "metrics": {"t": 1}})
        await post(hub, {"device": f"http-{name}", "ts": ts, "metrics": {"t": 1}})
    await hub.settled()

    async def stored(door: str, name: str) -> tuple[int | None, str]:
        query = {"metric": "t", "from": 0, "points": 100}
        points = (await hub.http.get(f"/api/devices/{door}-{name}/history", params=query)).json()["points"]
        latest = (await hub.http.get(f"/api/devices/{door}-{name}")).json()["metrics"]["t"]
        [(at, *_)] = points
        assert at == latest["ts"]
        return (None if at >= now else at), latest["quality"]

    over_mqtt = {name: await stored("mqtt", name) for name in times}
    assert {name: await stored("http", name) for name in times} == over_mqtt
    assert over_mqtt == {
        "minute": (times["minute"], "good"),
        "hours": (times["hours"], "late"),
        "days": (None, "clock"),
        "ahead": (None, "clock"),
        "iso": (None, "clock"),
        "seconds": (times["seconds"] * 1000, "late"),
        "none": (None, "good"),
    }


async def test_invalid_value_is_rejected_alone_and_named(hub):
    body = [{"device": "a", "t": 1, "bad": {"x": 1}}, {"device": "b", "t": 2}]
    status, found = await post(hub, body)
    assert (status, found["records"]) == (200, 2)
    assert [(each["item"], each["reason"]) for each in found["rejected"]] == [(0, "bad_value")]
    assert (await hub.http.get("/api/rejected")).json()["items"][0]["topic"] == "devices/a/telemetry"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"[", "not valid JSON"),
        (b"\xff", "not valid JSON"),
        (b'{"device": "\xff"}', "not valid JSON"),
        ([], "0 items"),
        ([{"device": "a", "t": 1}] * 1_001, "1001 items"),
        ([{"device": "a", "t": 1}, {"t": 2}], "Item 1 must be an object with the id of its device"),
        (7, "Item 0 must be an object"),
        ({"device": "a/telemetry/../b", "t": 1}, "without / + # and control characters"),
        ({"device": "a\x1fb", "t": 1}, "control characters"),  # Mosquitto ends a connection that sends such a topic
        ({"device": "a", "t": {"x": 1}}, "Nothing was stored. Item 0"),
        ({"device": "a", "device_id": "b", "t": 1}, "Nothing was stored"),
    ],
)
async def test_invalid_body_is_refused_whole(hub, body, named):
    status, found = await post(hub, body)
    assert status in (400, 422)
    assert named in found["error"]["message"]
    assert (await hub.http.get("/api/devices")).json()["items"] == []
