"""The main path end to end, with nothing faked: a device publishes, the hub raises an alert and explains it."""

from __future__ import annotations

import json
import threading
import time

import httpx
import psutil
import pytest
from websockets.sync.client import connect

from e2e.running import Demo, eventually

pytestmark = pytest.mark.timeout(120)


class Feed:
    """A Server-Sent Events client: reads the feed of devices in a thread."""

    def __init__(self, demo: Demo) -> None:
        self.events: list[tuple[str, dict]] = []
        self._stream = httpx.stream("GET", f"http://{demo.http}/events/devices", timeout=None)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        name = ""
        try:
            with self._stream as answer:
                for line in answer.iter_lines():
                    if line.startswith("event:"):
                        name = line.partition(":")[2].strip()
                    elif line.startswith("data:"):
                        self.events.append((name, json.loads(line.partition(":")[2])))
        except httpx.HTTPError:
            pass  # the hub stopped, which ends the feed

    def received(self, name: str, device: str) -> list[dict]:
        return [data for event, data in list(self.events) if event == name and data["device_id"] == device]


def test_alert_is_raised_and_explained_without_ai(start):
    demo = start("--devices", "0")
    feed = Feed(demo)
    with connect(f"ws://{demo.http}/ws") as socket:
        assert json.loads(socket.recv(5)) == {"type": "devices", "devices": []}
        demo.heat("sensor_9", 3.2)
        (alert,) = eventually(lambda: demo.get("/api/alerts", state="open")["items"], 4, "the alert")
        assert alert["device_id"] == "sensor_9"
        assert (alert["severity"], alert["state"], alert["value"]) == ("critical", "raised", 85.0)

        frames = []
        deadline = time.monotonic() + 10
        while not any(m["type"] == "new_alert" for m in frames) and time.monotonic() < deadline:
            frames.append(json.loads(socket.recv(10)))
        new = next(m["alert"] for m in frames if m["type"] == "new_alert")
        assert (new["device_id"], new["message"]) == ("sensor_9", alert["message"])

    (event,) = eventually(lambda: feed.received("alert", "sensor_9"), 2, "alert on the event stream")
    assert event["temperature"] == 85.0
    assert feed.received("update", "sensor_9")[0].keys() == {
        "device_id",
        "temperature",
        "metrics",
        "message",
        "timestamp",
    }

    explained = eventually(lambda: demo.get(f"/api/alerts/{alert['id']}")["diagnosis"], 10, "the explanation")
    assert explained["generated_by"]["generative"] is False
    assert explained["summary"]
    assert explained["evidence"]
    assert all(claim["supported"] for claim in explained["claims"])


def test_unknown_device_is_added_with_its_value(start):
    demo = start("--devices", "0")
    demo.publish("devices/boiler-1/telemetry", {"temperature": 71.5})
    (device,) = eventually(lambda: demo.get("/api/devices", q="boiler")["items"], 3, "boiler-1")
    assert device["presence"] == "online"
    state = demo.get("/api/devices/boiler-1")
    assert state["metrics"]["temperature"]["value"] == 71.5
    demo.publish("devices/boiler-1/telemetry", "{broken")
    (rejected,) = eventually(lambda: demo.get("/api/rejected")["items"], 2, "the rejected message")
    assert (rejected["topic"], rejected["reason"]) == ("devices/boiler-1/telemetry", "not_json")


def test_kill_9_loses_no_acknowledged_message(start, tmp_path):
    data = str(tmp_path / "data")
    demo = start("--devices", "0", "--data", data)
    for number in range(50):
        demo.publish("devices/press-1/telemetry", {"force": number, "id": number})
    demo.heat("sensor_9", 2.6)
    (alert,) = eventually(lambda: demo.get("/api/alerts", state="open")["items"], 3, "the alert")
    answer = demo.api.post(f"/api/alerts/{alert['id']}/acknowledge", json={"note": "on my way"})
    assert answer.json()["state"] == "acknowledged"
    eventually(lambda: demo.get("/api/devices/press-1")["metrics"]["force"]["value"] == 49, 3, "the last value")
    demo.kill()
    eventually(lambda: not any(child.is_running() for child in demo.children), 5, "the children's end")

    again = start("--devices", "0", "--data", data)
    (kept,) = again.get("/api/alerts", state="open")["items"]
    assert (kept["id"], kept["state"], kept["note"]) == (alert["id"], "acknowledged", "on my way")
    points = again.get("/api/devices/press-1/history", metric="force")["points"]
    assert [value for _, value in points] == list(range(50))
    again.heat("sensor_9", 1)
    assert len(again.get("/api/alerts")["items"]) == 1, "one condition raises one alert, also after a restart"


def test_sigterm_ends_demo_and_children_while_clients_are_connected(start):
    demo = start("--devices", "6")
    eventually(lambda: len(demo.get("/api/devices")["items"]) >= 6, 20, "the simulated devices")
    children = psutil.Process(demo.process.pid).children(recursive=True)
    assert len(children) >= 2, "a broker and the simulators"
    feed = Feed(demo)
    eventually(lambda: feed.events, 5, "an event")
    with connect(f"ws://{demo.http}/ws") as simple, connect(f"ws://{demo.http}/api/live") as live:
        simple.recv(5)
        live.send('{"type":"hello"}')
        live.recv(5)
        demo.stop()
    assert demo.process.returncode == 0
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)


def test_taken_ports_are_replaced_and_reported(start, tmp_path):
    first = start("--devices", "0")
    second = Demo(["--devices", "0", "--http", first.http, "--mqtt", first.mqtt], tmp_path / "second.log")
    try:
        assert second.http != first.http
        assert second.mqtt != first.mqtt
        assert f"{first.mqtt} is in use" in second.log.read_text()
    finally:
        second.stop()


def test_diagnosis_finds_simulated_fault_from_telemetry_alone(start):
    """The simulators publish no word about the fault; the diagnosis has to find it in the telemetry."""
    demo = start("--devices", "24")
    found = eventually(
        lambda: [a for a in demo.get("/api/alerts", state="open")["items"] if a["diagnosis"]], 60, "an explained alert"
    )
    (pump,) = [alert for alert in found if alert["device_id"] == "pump-03"][:1] or [None]
    assert pump is not None
    assert pump["diagnosis"]["cause"] == "bearing_wear"
