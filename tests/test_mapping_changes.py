"""Mappings changed through the API while the hub runs, with a real broker: preview, change, restart."""

import json
from collections.abc import Iterator

import pytest

from serving import Serving, Thing, served, until

KITCHEN = """
[[mapping]]
topic = "home/{room}/{metric}"
device = "home/{room}"
name = "Room {room}"
units = { temperature = "°C" }
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with served(tmp_path_factory.mktemp("mappings")) as hub:
        yield hub


@pytest.fixture
def thing(hub: Serving) -> Iterator[Thing]:
    thing = Thing(hub.broker, "none")
    yield thing
    thing.leave()


def put(hub: Serving, text: str) -> None:
    revision = hub.get("/api/mappings/text")["revision"]
    answer = hub.http.put("/api/mappings", json={"text": text, "revision": revision})
    assert answer.status_code == 200, answer.text


def device(hub: Serving, native_id: str) -> dict:
    """Return the device as the API shows it, or an empty dict."""
    found = [each["id"] for each in hub.get("/api/devices")["items"] if each["native_id"] == native_id]
    return dict(hub.get(f"/api/devices/{found[0]}")) if found else {}


def preview(hub: Serving, text: str, *messages: dict) -> dict:
    answer = hub.http.post("/api/mappings/preview", json={"text": text, "messages": list(messages)})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_default_mappings_include_collectd_and_senml(hub: Serving):
    forms = {item["topic"]: item["form"] for item in hub.get("/api/mappings")["items"]}
    assert forms["collectd/{host}/{plugin}/{type}"] == "collectd"
    assert {"senml", "json"} <= set(forms.values())


def test_mapping_takes_effect_and_ends_without_restart(hub: Serving, thing: Thing):
    before = hub.get("/api/mappings/text")["text"]
    thing.say("home/kitchen/temperature", 21.5, retained=True)
    put(hub, before + KITCHEN)
    thing.say("home/kitchen/humidity", 40)

    def both_metrics_arrived() -> bool:
        thing.say("home/kitchen/humidity", 41)
        metrics = device(hub, "home/kitchen").get("metrics", {})
        return len(metrics) == 2 and metrics["humidity"]["value"] == 41

    until(both_metrics_arrived)
    room = device(hub, "home/kitchen")
    assert (room["name"], room["dialect"]) == ("Room kitchen", "mapping")
    values = {name: (one["value"], one["unit"]) for name, one in room["metrics"].items()}
    assert values == {"temperature": (21.5, "°C"), "humidity": (41, None)}

    put(hub, before)
    seen = device(hub, "home/kitchen")["metrics"]["humidity"]["ts"]
    thing.say("home/kitchen/humidity", 99)
    thing.say("devices/witness/telemetry", {"n": 1})
    until(lambda: hub.http.get("/api/devices/witness").status_code == 200)
    assert device(hub, "home/kitchen")["metrics"]["humidity"]["ts"] == seen
    assert hub.get("/api/rejected")["items"] == []


def test_mappings_survive_restart(hub: Serving, thing: Thing):
    put(hub, KITCHEN.replace("home/", "house/"))
    hub.kill()
    hub.start()
    thing.say("house/attic/temperature", 30)
    found = until(lambda: device(hub, "house/attic"))
    assert found["metrics"]["temperature"]["value"] == 30


def test_preview_decodes_messages_with_draft(hub: Serving):
    result = preview(
        hub,
        KITCHEN,
        {"topic": "home/kitchen/temperature", "payload": "21.5"},
        {"topic": "home/kitchen/temperature", "payload": "32312c35", "encoding": "hex"},
        {"topic": "home/kitchen/door", "payload": "unknown"},
        {"topic": "garden", "payload": "1"},
    )
    good, comma, unknown, other = result["items"]
    (reading,) = good["readings"]
    assert (reading["name"], reading["values"]) == (
        "Room kitchen",
        [{"metric": "temperature", "value": 21.5, "unit": "°C"}],
    )
    assert "decimal comma" in comma["problem"]
    assert unknown["readings"][0]["values"] == [{"metric": "door", "value": None, "unit": None}]
    assert other["problem"] == "No mapping matches this topic."


def test_invalid_draft_is_refused_with_reason(hub: Serving):
    message = {"topic": "home/kitchen/temperature", "payload": "21.5"}
    assert "not a named level" in preview(hub, KITCHEN.replace('"home/{room}"', '"{house}"'), message)["problem"]
    taken = KITCHEN.replace('"home/{room}/{metric}"', '"devices/{room}/telemetry/{metric}"')
    assert (
        "which another dialect of the hub decodes"
        in hub.http.post("/api/mappings/check", json={"text": taken}).json()["problem"]
    )
    text = hub.get("/api/mappings/text")
    wrong = hub.http.put("/api/mappings", json={"text": "[[mapping]]", "revision": text["revision"]})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (422, "invalid")
    late = hub.http.put("/api/mappings", json={"text": KITCHEN, "revision": "old"})
    assert late.status_code == 409
    assert hub.get("/api/mappings/text") == text
    bad = {"topic": "x", "payload": "zz", "encoding": "hex"}
    answer = hub.http.post("/api/mappings/preview", content=json.dumps({"text": KITCHEN, "messages": [bad]}))
    assert answer.status_code == 422
