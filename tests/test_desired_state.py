"""Desired state: set over the API, retained for the device, and compared with the reported state."""

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


def device_with_twin(hub: Serving, name: str) -> Thing:
    device = Thing(hub.broker, f"devices/{name}/desired")
    device.say(f"devices/{name}/reported", {"interval": 60, "mode": "eco"})
    until(lambda: hub.http.get(f"/api/devices/{name}").json().get("reported"))
    return device


def desire(hub: Serving, name: str, values: object):
    return hub.http.patch(f"/api/devices/{name}/desired", json=values)


def test_desired_state_is_published_and_retained_for_reconnect(hub: Serving):
    thermostat = device_with_twin(hub, "thermostat-1")
    answer = desire(hub, "thermostat-1", {"interval": 30, "mode": "eco"})
    assert answer.status_code == 200
    assert answer.json()["differs"] == {"interval": {"desired": 30, "reported": 60}}
    until(lambda: thermostat.heard)
    assert json.loads(thermostat.heard[-1][1]) == {"interval": 30, "mode": "eco"}
    thermostat.leave()

    reconnected = Thing(hub.broker, "devices/thermostat-1/desired")
    until(lambda: reconnected.heard)
    assert json.loads(reconnected.heard[-1][1]) == {"interval": 30, "mode": "eco"}
    reconnected.say("devices/thermostat-1/reported", {"interval": 30})
    until(lambda: hub.get("/api/devices/thermostat-1")["differs"] == {})
    reconnected.leave()


def test_null_removes_key_and_is_published(hub: Serving):
    lamp = device_with_twin(hub, "lamp-1")
    desire(hub, "lamp-1", {"a": 1, "b": {"deep": [1, 2]}})
    assert desire(hub, "lamp-1", {"a": None}).json()["desired"] == {"b": {"deep": [1, 2]}}
    until(lambda: len(lamp.heard) == 2)
    assert json.loads(lamp.heard[-1][1]) == {"b": {"deep": [1, 2]}, "a": None}
    lamp.leave()


def test_concurrent_desired_state_writes_are_merged(hub: Serving):
    device_with_twin(hub, "pump-1").leave()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: desire(hub, "pump-1", {f"k{n}": n}).status_code, range(16)))
    assert set(answers) == {200}
    expected = {f"k{n}": n for n in range(16)}
    assert hub.get("/api/devices/pump-1")["desired"] == expected
    subscriber = Thing(hub.broker, "devices/pump-1/desired")
    until(lambda: subscriber.heard)
    assert json.loads(subscriber.heard[0][1]) == expected
    subscriber.leave()


def test_invalid_desired_state_is_refused(hub: Serving):
    device_with_twin(hub, "small-1").leave()
    assert desire(hub, "nobody", {"a": 1}).status_code == 404
    assert desire(hub, "small-1", [1]).status_code == 422
    assert desire(hub, "small-1", {"a\n": 1}).status_code == 422
    too_large = desire(hub, "small-1", {"a": "x" * 40_000})
    assert (too_large.status_code, "at most" in too_large.text) == (422, True)
    assert desire(hub, "small-1", {f"k{n}": n for n in range(257)}).status_code == 422
    bridge = Thing(hub.broker, "none")
    bridge.say("tele/plug/LWT", "Online", retained=True)
    bridge.say("tele/plug/STATE", {"POWER": "ON"})
    found = until(lambda: [each for each in hub.get("/api/devices")["items"] if each["dialect"] == "tasmota"])
    refused = desire(hub, found[0]["id"], {"a": 1})
    assert (refused.status_code, "commands" in refused.json()["error"]["hint"]) == (422, True)
    bridge.leave()


async def test_desired_state_is_unchanged_without_broker(tmp_path: Path):
    async with running_hub(tmp_path) as hub:
        await hub.telemetry("a", x=1)
        answer = await hub.http.patch("/api/devices/a/desired", json={"x": 2})
        assert answer.status_code == 503
        assert (await hub.http.get("/api/devices/a")).json()["desired"] == {}
