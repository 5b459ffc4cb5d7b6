"""A simulated Shelly on the demo's broker, under a topic prefix of three levels."""

from __future__ import annotations

import json
from typing import Any

import paho.mqtt.client as paho
import pytest

from e2e.running import eventually

pytestmark = pytest.mark.timeout(120)
ID, PREFIX = "shellyplus1pm-aabbccddeeff", "home/terrace/lamp"


class Shelly:
    """Answer RPC calls as Shelly's documentation says, and notify only of what has changed."""

    def __init__(self, address: str) -> None:
        self.output, self.calls = False, []
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._client.on_message = self._on_message
        self._client.will_set(f"{PREFIX}/online", "false", qos=1, retain=True)
        host, _, port = address.partition(":")
        self._client.connect(host, int(port))
        self._client.subscribe(f"{PREFIX}/rpc", 1)
        self._client.loop_start()
        self._client.publish(f"{PREFIX}/online", "true", qos=1, retain=True)

    def notify(self) -> None:
        status = {"switch:0": {"id": 0, "output": self.output, "source": "MQTT"}}
        body = {"src": ID, "dst": f"{PREFIX}/events", "method": "NotifyStatus", "params": status}
        self._client.publish(f"{PREFIX}/events/rpc", json.dumps(body), qos=1)

    def _on_message(self, client: paho.Client, data: None, message: paho.MQTTMessage) -> None:
        call = json.loads(message.payload)
        self.calls.append(call["method"])
        answer = {"id": call["id"], "src": ID, "dst": call["src"], "result": self._result(call)}
        client.publish(f"{call['src']}/rpc", json.dumps(answer), qos=1)

    def _result(self, call: dict[str, Any]) -> dict[str, Any]:
        if call["method"] == "Shelly.GetDeviceInfo":
            return {"id": ID, "name": "Terrace lamp", "model": "SNSW-001P16EU", "gen": 2, "ver": "1.4.4"}
        if call["method"] == "Shelly.GetStatus":
            return {"switch:0": {"id": 0, "output": self.output, "apower": 12.5}, "sys": {"uptime": 60}}
        was, self.output = self.output, call["params"]["on"]
        self.notify()
        return {"was_on": was}

    def drop_connection(self) -> None:
        """Close the socket without DISCONNECT, so that the broker publishes the will."""
        self._client.socket().close()
        self._client.loop_stop()


def test_shelly_is_discovered_read_commanded_and_goes_offline(start):
    demo = start("--devices", "0")
    lamp = Shelly(demo.mqtt)
    lamp.notify()
    path = f"/api/devices/{ID}"
    eventually(lambda: "Shelly.GetStatus" in lamp.calls, 10, "the hub's questions")
    eventually(lambda: "sys.uptime" in demo.get(path)["metrics"], 10, "the answers")
    device = demo.get(path)
    assert (device["name"], device["dialect"], device["info"]["model"]) == ("Terrace lamp", "shelly", "SNSW-001P16EU")
    power = device["metrics"]["switch:0.apower"]
    assert (power["value"], power["unit"]) == (12.5, "W")
    answer = demo.api.post(f"{path}/commands", json={"name": "switch:0.output", "value": True})
    assert answer.is_success, answer.text
    eventually(lambda: demo.get(f"{path}/commands")["items"][0]["state"] == "confirmed", 10, "the lamp")
    assert (lamp.output, demo.get(path)["metrics"]["switch:0.output"]["value"]) == (True, True)
    lamp.drop_connection()
    eventually(lambda: demo.get(path)["presence"] == "offline", 10, "its will")
