"""Reactions of a hub with a real broker: devices of two dialects obey, the file is reloaded, settings keep them off."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import hub_process
from serving import Serving, Thing, served, until

RULE = '[[rule]]\nid = "hot"\nmetric = "temperature"\nabove = 80\nseverity = "critical"\n'
REACTION = """
[[reaction]]
id = "{name}"
alert = {{ rules = ["hot"], devices = ["boiler"] }}
command = {{ device = "{device}", name = "{command}", value = {value} }}
"""
BOTH = REACTION.format(name="fan", device="fan", command="speed", value=80) + REACTION.format(
    name="plug", device="0x1", command="state", value="false"
)
SPEED = {"speed": {"type": "number", "minimum": 0, "maximum": 100, "confirm_by": "speed"}}
PLUG = {
    "type": "switch",
    "features": [
        {"type": "binary", "name": "state", "property": "state", "access": 7, "value_on": "ON", "value_off": "OFF"}
    ],
}


def reload(hub: Serving, text: str) -> None:
    (hub.data / "reactions.toml").write_text(text)
    assert hub.process is not None
    hub.process.send_signal(signal.SIGHUP)


def ids(hub: Serving) -> list[str]:
    return [each["id"] for each in hub.get("/api/reactions")["items"]]


def test_devices_obey_and_settings_apply(tmp_path: Path) -> None:
    with served(tmp_path) as hub:
        (hub.data / "rules.toml").write_text(RULE)
        reload(hub, BOTH)
        until(lambda: ids(hub) == ["fan", "plug"])
        fan, bridge = Thing(hub.broker, "devices/fan/commands/#"), Thing(hub.broker, "zigbee2mqtt/+/+/set")
        fan.say("devices/fan/info", {"commands": SPEED}, retained=True)
        fan.say("devices/fan/telemetry", {"speed": 10})
        definition = {"model": "P", "vendor": "V", "exposes": [PLUG]}
        plug = {"ieee_address": "0x1", "friendly_name": "hall/plug", "type": "Router", "definition": definition}
        bridge.say("zigbee2mqtt/bridge/devices", [plug], retained=True)
        bridge.say("zigbee2mqtt/hall/plug", {"state": "ON"})
        until(lambda: len(hub.get("/api/devices")["items"]) == 2)
        fan.say("devices/boiler/telemetry", {"temperature": 95})
        ((_, order),) = until(lambda: fan.heard)
        assert json.loads(order)["arguments"] == 80
        ((topic, payload),) = until(lambda: bridge.heard)
        assert (topic, json.loads(payload)) == ("zigbee2mqtt/hall/plug/set", {"state": "OFF"})
        fan.say("devices/fan/replies", {"id": json.loads(order)["id"], "status": "done"})
        fan.say("devices/fan/telemetry", {"speed": 80})
        bridge.say("zigbee2mqtt/hall/plug", {"state": "OFF"})

        def ran() -> list[dict[str, Any]]:
            return [run for run in hub.get("/api/reactions/runs")["items"] if run["outcome"] == "ran"]

        until(lambda: len(ran()) == 2)
        sent = [run["commands"][0]["command"] for run in ran()]
        until(lambda: [hub.get(f"/api/commands/{name}")["state"] for name in sent] == ["confirmed"] * 2)
        audit = hub.get("/api/audit?kind=command")["items"]
        assert {each["text"] for each in audit} == {"ran the reaction fan", "ran the reaction plug"}
        reload(hub, BOTH.replace("value = 80", "amount = 80"))
        until(lambda: "Not reloaded" in (tmp_path / "hub.log").read_text())
        wrong = "reactions.toml, line 5, reaction 'fan': command.amount = 80 is not valid."
        assert wrong in (tmp_path / "hub.log").read_text()
        assert ids(hub) == ["fan", "plug"], "the previous ones stay in use"
        doctor = hub_process.run("doctor", "--data", hub.data, "--mqtt", hub.broker.address)
        assert wrong in doctor.stdout
        reload(hub, BOTH)
        hub.end()
        hub.options = ("--no-reactions",)
        hub.start()
        found = hub.get("/api/reactions")
        assert (found["allowed"], found["on"], len(found["items"])) == (False, False, 2)
        assert hub.http.post("/api/reactions/switch", json={"on": True}).status_code == 409
        fan.say("devices/boiler/telemetry", {"temperature": 20})
        fan.say("devices/boiler/telemetry", {"temperature": 95})
        until(lambda: len(hub.get("/api/alerts?limit=10")["items"]) == 2)
        assert len(fan.heard) == 1
        for thing in (fan, bridge):
            thing.leave()
