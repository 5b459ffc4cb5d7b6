"""A simulated Tasmota plug on the demo's broker, with a custom FullTopic."""

from __future__ import annotations

import json

import paho.mqtt.client as paho
import pytest

from e2e.running import eventually
from tasmota_devices import MAC, config

pytestmark = pytest.mark.timeout(120)


class Plug:
    """Execute commands on ``cmnd`` and report the result on ``stat``, as Tasmota's firmware does."""

    def __init__(self, address: str) -> None:
        self.commands: list[tuple[str, bytes]] = []
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._client.on_message = self._on_message
        self._client.will_set("cellar/plug/tele/LWT", "Offline", qos=1, retain=True)
        host, _, port = address.partition(":")
        self._client.connect(host, int(port))
        self._client.subscribe("cellar/plug/cmnd/#", 1)
        self._client.loop_start()
        self.publish(f"tasmota/discovery/{MAC}/config", config(topic="plug", ft="cellar/%topic%/%prefix%/"))
        self.publish("cellar/plug/tele/LWT", "Online")

    def publish(self, topic: str, body: object) -> None:
        retained = topic.endswith(("LWT", "config"))
        payload = body if isinstance(body, str) else json.dumps(body)
        self._client.publish(topic, payload, qos=1, retain=retained)

    def _on_message(self, client: paho.Client, data: None, message: paho.MQTTMessage) -> None:
        self.commands.append((message.topic, message.payload))
        if message.topic.upper().endswith("POWER1") or message.topic.upper().endswith("POWER"):
            self.publish("cellar/plug/stat/RESULT", {"POWER": message.payload.decode().upper()})

    def drop_connection(self) -> None:
        self._client.socket().close()
        self._client.loop_stop()


def test_plug_is_discovered_read_commanded_and_goes_offline(start):
    demo = start("--devices", "0")
    plug = Plug(demo.mqtt)
    found = eventually(lambda: demo.get("/api/devices")["items"], 15, "the plug")
    path = f"/api/devices/{found[0]['id']}"
    assert (found[0]["name"], found[0]["dialect"]) == ("Desk plug", "tasmota")

    def readings() -> dict:
        energy = {"ENERGY": {"Power": 41, "Voltage": 231}}
        plug.publish("cellar/plug/tele/SENSOR", {"Time": "2026-11-22T20:00:00", **energy})
        plug.publish("cellar/plug/tele/STATE", {"POWER": "OFF"})
        return {name: (m["value"], m["unit"]) for name, m in demo.get(path)["metrics"].items()}

    eventually(lambda: readings().get("ENERGY.Power") == (41, "W"), 15, "its readings")
    names = demo.get(path)["info"]["commands"]
    (power,) = [name for name in names if "POWER" in name.upper()]
    answer = demo.api.post(f"{path}/commands", json={"name": power, "value": True})
    assert answer.status_code == 202, answer.text
    eventually(lambda: demo.get(f"{path}/commands")["items"][0]["state"] == "confirmed", 15, "the switch")
    assert [topic.rpartition("/")[0] for topic, _ in plug.commands] == ["cellar/plug/cmnd"]
    plug.drop_connection()
    eventually(lambda: demo.get(path)["presence"] == "offline", 15, "its will")
