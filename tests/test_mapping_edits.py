"""One mapping previewed, added, changed and deleted over HTTP, while comments and other mappings stay as they are."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Response

from api_hub import ApiHub, running_hub

FILE = """# Agreed with the site.

[[mapping]]  # the weather station
topic = "weather/{device}/state"
name = "Station {device}"  # as on its label
[mapping.metrics]
temp = { path = "outdoor.temp", unit = "°C" }  # under the roof
wind = "outdoor.wind"

# -- the house
[[mapping]]
topic = "home/{device}/{metric}"
units = { temperature = "°C" }
"""
WEATHER: dict[str, Any] = {
    "topic": "weather/{device}/state",
    "name": "Station {device}",
    "metrics": {"temp": {"path": "outdoor.temp", "unit": "°C"}, "wind": "outdoor.wind"},
}
LAB: dict[str, Any] = {
    "topic": "lab/{device}/{rest...}",
    "metrics": {"t.1": {"path": "t", "kind": "number"}, "id": "id"},
    "time": "at",
    "kinds": {"on*": "boolean"},
    "device": None,
}
URL = "/api/mappings/weather%2F%7Bdevice%7D%2Fstate"
MESSAGE = {"topic": "weather/roof/state", "payload": '{"outdoor": {"temp": 4.5, "wind": 3}}'}


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    (tmp_path / "mappings.toml").write_text(FILE)
    async with running_hub(tmp_path) as hub:
        yield hub


async def send(hub: ApiHub, method: str, path: str, body: dict[str, Any] | None = None) -> Response:
    """Send a change of the file's present revision."""
    revision = (await hub.http.get("/api/mappings/text")).json()["revision"]
    if method == "DELETE":
        return await hub.http.delete(path, params={"revision": revision})
    content = json.dumps({**(body or {}), "revision": revision})
    return await hub.http.request(method, path, content=content, headers={"content-type": "application/json"})


async def topics(hub: ApiHub) -> list[str]:
    return [each["topic"] for each in (await hub.http.get("/api/mappings")).json()["items"]]


async def activity(hub: ApiHub) -> str:
    await hub.settled()
    return str((await hub.http.get("/api/activity")).json()["items"][0]["text"])


async def test_changed_mapping_keeps_comments_and_other_mappings(hub: ApiHub, tmp_path: Path):
    metrics = {**WEATHER["metrics"], "wind": {"path": "outdoor.wind", "unit": "m/s"}}
    answer = await send(hub, "PUT", URL, {"mapping": {**WEATHER, "metrics": metrics, "area": "Roof"}})
    assert answer.status_code == 200, answer.text
    expected = FILE.replace('wind = "outdoor.wind"', 'wind = {path = "outdoor.wind", unit = "m/s"}').replace(
        "# as on its label\n", '# as on its label\narea = "Roof"\n\n'
    )
    assert answer.json()["text"] == expected == (tmp_path / "mappings.toml").read_text()
    assert await activity(hub) == "operator changed the mapping of weather/{device}/state"


async def test_mapping_can_move_to_another_topic(hub: ApiHub):
    answer = await send(hub, "PUT", URL, {"mapping": {**WEATHER, "topic": "weather/{device}/now"}})
    assert answer.status_code == 200
    assert await topics(hub) == ["weather/{device}/now", "home/{device}/{metric}"]


async def test_new_mapping_is_added_at_the_end(hub: ApiHub):
    answer = await send(hub, "POST", "/api/mappings", {"mapping": LAB})
    assert answer.status_code == 201, answer.text
    assert answer.json()["text"] == FILE + (
        '\n[[mapping]]\ntopic = "lab/{device}/{rest...}"\ntime = "at"\nkinds = {"on*" = "boolean"}\n'
        '\n[mapping.metrics]\n"t.1" = {path = "t", kind = "number"}\nid = "id"\n'
    )
    assert (await topics(hub))[-1] == LAB["topic"]
    assert await activity(hub) == "operator added the mapping of lab/{device}/{rest...}"
    answer = await send(hub, "POST", "/api/mappings", {"text": '[[mapping]]\ntopic = "shed/{device}"'})
    assert answer.status_code == 201
    assert (await topics(hub))[-1] == "shed/{device}"


async def test_new_mapping_is_in_force_at_once(hub: ApiHub):
    mapping = {"topic": "garage/{device}/{metric}"}
    assert (await send(hub, "POST", "/api/mappings", {"mapping": mapping})).status_code == 201
    hub.publish("garage/door/open", True)
    await hub.settled()
    assert (await hub.http.get("/api/devices/door")).json()["dialect"] == "mapping"


async def test_deleted_mapping_leaves_the_rest(hub: ApiHub):
    answer = await send(hub, "DELETE", URL)
    assert answer.status_code == 200
    assert answer.json()["text"] == "# Agreed with the site.\n\n" + FILE[FILE.index("# -- the house") :]
    assert await topics(hub) == ["home/{device}/{metric}"]
    assert await activity(hub) == "operator removed the mapping of weather/{device}/state"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("PUT", "/api/mappings/none", {"mapping": WEATHER}, 404, "no mapping with this topic"),
        ("DELETE", "/api/mappings/a/b", None, 404, "no mapping with this topic"),
        ("PUT", URL, {"mapping": {**WEATHER, "topic": "home/+/#"}}, 422, "home/+/#"),
        (
            "PUT",
            URL,
            {"mapping": {**WEATHER, "topic": "devices/{device}/info"}},
            422,
            "which another dialect of the hub decodes",
        ),
        (
            "PUT",
            URL,
            {"mapping": {**WEATHER, "topic": "home/{device}/t"}, "text": "x"},
            422,
            "give either mapping or text",
        ),
        ("PUT", URL, {"text": "[[mapping]"}, 422, "not valid TOML"),
        ("PUT", URL, {"text": "# later"}, 422, "no [[mapping]] table"),
        ("PUT", URL, {"mapping": {"topic": [None]}}, 422, "cannot be written as TOML"),
        ("PUT", URL, {"mapping": {**WEATHER, "metrics": {"t": {"path": None}}}}, 422, "cannot be written as TOML"),
        ("PUT", URL, {"mapping": {**WEATHER, "metrics": {"t": {"path": {"x": []}}}}}, 422, "metrics.t.path = "),
        ("PUT", URL, {"mapping": {**WEATHER, "name": "\ud800"}}, 422, ""),
        ("PUT", URL, {}, 422, "give mapping or text"),
        ("POST", "/api/mappings", {"mapping": {"topic": "lab/{device}", "colour": "red"}}, 422, "colour"),
        ("POST", "/api/mappings", {"mapping": {}}, 422, "mapping"),
        ("POST", "/api/mappings/preview", {"messages": [MESSAGE]}, 422, "Allowed: text, mapping, topic, messages"),
    ],
)
async def test_refused_change_says_why_and_changes_nothing(
    hub: ApiHub, tmp_path: Path, method: str, path: str, body: dict[str, Any] | None, status: int, says: str
):
    answer = await send(hub, method, path, body)
    assert answer.status_code == status, answer.text
    assert says in answer.json()["error"]["message"]
    assert (tmp_path / "mappings.toml").read_text() == FILE
    assert await topics(hub) == ["weather/{device}/state", "home/{device}/{metric}"]


async def test_stale_revision_is_a_conflict(hub: ApiHub, tmp_path: Path):
    stale = {"revision": "0123456789abcdef"}
    answers = [
        await hub.http.put(URL, json={"mapping": WEATHER, **stale}),
        await hub.http.post("/api/mappings", json={"mapping": LAB, **stale}),
        await hub.http.delete(URL, params=stale),
    ]
    assert [answer.status_code for answer in answers] == [409, 409, 409]
    assert (tmp_path / "mappings.toml").read_text() == FILE


async def test_preview_of_one_mapping_shows_readings_and_text(hub: ApiHub, tmp_path: Path):
    async def preview(**body: Any) -> dict[str, Any]:
        return dict((await hub.http.post("/api/mappings/preview", json={**body, "messages": [MESSAGE]})).json())

    found = await preview(topic=WEATHER["topic"])
    assert found["text"].startswith("[[mapping]]  # the weather station\n")
    (reading,) = found["items"][0]["readings"]
    assert (reading["name"], reading["values"][0]) == ("Station roof", {"metric": "temp", "value": 4.5, "unit": "°C"})

    found = await preview(topic=WEATHER["topic"], mapping={**WEATHER, "metrics": {"t": "outdoor.temp"}})
    assert [each["metric"] for each in found["items"][0]["readings"][0]["values"]] == ["t"]
    assert "# as on its label" in found["text"]

    found = await preview(mapping={"topic": "lab/{device}"})
    assert (found["text"], found["problem"]) == ('[[mapping]]\ntopic = "lab/{device}"', None)
    assert found["items"][0]["problem"] == "No mapping matches this topic."

    found = await preview(mapping={"topic": "home/kitchen/{rest...}", "device": "kitchen"})
    assert found["items"] == []
    assert "overlap partly" in found["problem"]
    assert found["text"] == '[[mapping]]\ntopic = "home/kitchen/{rest...}"\ndevice = "kitchen"'
    assert (
        await hub.http.post("/api/mappings/preview", json={"topic": "none", "messages": [MESSAGE]})
    ).status_code == 404
    assert (await preview(text=FILE))["text"] is None
    assert (tmp_path / "mappings.toml").read_text() == FILE
