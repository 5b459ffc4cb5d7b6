"""What a device is to be: written by a person, found by the device whenever it comes, compared with what it reports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api_hub import running_hub
from serving import Serving, Thing, served, until


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with served(tmp_path_factory.mktemp("twins")) as hub:
        yield hub


def known(hub: Serving, name: str) -> Thing:
    thing = Thing(hub.broker, f"devices/{name}/desired")
    thing.say(f"devices/{name}/reported", {"interval": 60, "mode": "eco"})
    until(lambda: hub.http.get(f"/api/devices/{name}").json().get("reported"))
    return thing


def desire(hub: Serving, name: str, values: object):
    return hub.http.patch(f"/api/devices/{name}/desired", json=values)


def test_a_device_is_told_now_and_when_it_comes_back(hub: Serving):
    thermostat = known(hub, "thermostat-1")
    answer = desire(hub, "thermostat-1", {"interval": 30, "mode": "eco"})
    assert answer.status_code == 200
    assert answer.json()["differs"] == {"interval": {"desired": 30, "reported": 60}}
    until(lambda: thermostat.heard)
    assert json.loads(thermostat.heard[-1][1]) == {"interval": 30, "mode": "eco"}
    thermostat.leave()

    later = Thing(hub.broker, "devices/thermostat-1/desired")
    until(lambda: later.heard)
    assert json.loads(later.heard[-1][1]) == {"interval": 30, "mode": "eco"}
    later.say("devices/thermostat-1/reported", {"interval": 30})
    until(lambda: hub.get("/api/devices/thermostat-1")["differs"] == {})
    later.leave()


def test_null_takes_a_key_away_and_says_so(hub: Serving):
    lamp = known(hub, "lamp-1")
    desire(hub, "lamp-1", {"a": 1, "b": {"deep": [1, 2]}})
    assert desire(hub, "lamp-1", {"a": None}).json()["desired"] == {"b": {"deep": [1, 2]}}
    until(lambda: len(lamp.heard) == 2)
    assert json.loads(lamp.heard[-1][1]) == {"b": {"deep": [1, 2]}, "a": None}
    lamp.leave()


def test_two_who_write_at_the_same_time_both_stand(hub: Serving):
    known(hub, "pump-1").leave()
    with ThreadPoolExecutor(8) as people:
        answers = list(people.map(lambda n: desire(hub, "pump-1", {f"k{n}": n}).status_code, range(16)))
    assert set(answers) == {200}
    wanted = {f"k{n}": n for n in range(16)}
    assert hub.get("/api/devices/pump-1")["desired"] == wanted
    kept = Thing(hub.broker, "devices/pump-1/desired")
    until(lambda: kept.heard)
    assert json.loads(kept.heard[0][1]) == wanted
    kept.leave()


def test_what_cannot_be_desired_says_why(hub: Serving):
    known(hub, "small-1").leave()
    assert desire(hub, "nobody", {"a": 1}).status_code == 404
    assert desire(hub, "small-1", [1]).status_code == 422
    assert desire(hub, "small-1", {"a\n": 1}).status_code == 422
    much = desire(hub, "small-1", {"a": "x" * 40_000})
    assert (much.status_code, "at most" in much.text) == (422, True)
    assert desire(hub, "small-1", {f"k{n}": n for n in range(257)}).status_code == 422
    bridge = Thing(hub.broker, "none")
    bridge.say("tele/plug/LWT", "Online", retained=True)
    bridge.say("tele/plug/STATE", {"POWER": "ON"})
    found = until(lambda: [each for each in hub.get("/api/devices")["items"] if each["dialect"] == "tasmota"])
    refused = desire(hub, found[0]["id"], {"a": 1})
    assert (refused.status_code, "commands" in refused.json()["error"]["hint"]) == (422, True)
    bridge.leave()


async def test_without_a_broker_nothing_changes(tmp_path: Path):
    async with running_hub(tmp_path) as hub:
        await hub.telemetry("a", x=1)
        answer = await hub.http.patch("/api/devices/a/desired", json={"x": 2})
        assert answer.status_code == 503
        assert (await hub.http.get("/api/devices/a")).json()["desired"] == {}
