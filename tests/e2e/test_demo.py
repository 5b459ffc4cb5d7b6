"""The main job, end to end: a device speaks, the hub listens, an alert explains itself. Nothing in between is faked."""

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
    """A page with nothing but an EventSource, as far as the wire goes."""

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
            pass  # the hub went away: that is the end of the feed

    def of(self, name: str, device: str) -> list[dict]:
        return [data for event, data in list(self.events) if event == name and data["device_id"] == device]


def test_an_alert_is_raised_and_explained_without_any_ai(start):
    demo = start("--devices", "0")
    feed = Feed(demo)
    with connect(f"ws://{demo.http}/ws") as socket:
        assert json.loads(socket.recv(5)) == {"type": "devices", "devices": []}
        demo.heat("sensor_9", 3.2)
        (alert,) = eventually(lambda: demo.get("/api/alerts", state="open")["items"], 4, "the alert")
        assert alert["device_id"] == "sensor_9"
        assert (alert["severity"], alert["state"], alert["value"]) == ("critical", "raised", 85.0)

        heard = []
        deadline = time.monotonic() + 10
        while not any(m["type"] == "new_alert" for m in heard) and time.monotonic() < deadline:
            heard.append(json.loads(socket.recv(10)))
        new = next(m["alert"] for m in heard if m["type"] == "new_alert")
        assert (new["device_id"], new["message"]) == ("sensor_9", alert["message"])

    (told,) = eventually(lambda: feed.of("alert", "sensor_9"), 2, "alert on the event stream")
    assert told["temperature"] == 85.0
    assert feed.of("update", "sensor_9")[0].keys() == {"device_id", "temperature", "metrics", "message", "timestamp"}

    explained = eventually(lambda: demo.get(f"/api/alerts/{alert['id']}")["diagnosis"], 10, "the explanation")
    assert explained["generated_by"]["generative"] is False
    assert explained["summary"]
    assert explained["evidence"]
    assert all(claim["supported"] for claim in explained["claims"])


def test_an_unknown_device_appears_with_its_value(start):
    demo = start("--devices", "0")
    demo.publish("devices/boiler-1/telemetry", {"temperature": 71.5})
    (device,) = eventually(lambda: demo.get("/api/devices", q="boiler")["items"], 3, "boiler-1")
    assert device["presence"] == "online"
    state = demo.get("/api/devices/boiler-1")
    assert state["metrics"]["temperature"]["value"] == 71.5
    demo.publish("devices/boiler-1/telemetry", "{broken")
    (rejected,) = eventually(lambda: demo.get("/api/rejected")["items"], 2, "the rejected message")
    assert (rejected["topic"], rejected["reason"]) == ("devices/boiler-1/telemetry", "not_json")


def test_kill_9_loses_nothing_that_was_acknowledged(start, tmp_path):
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
    assert len(again.get("/api/alerts")["items"]) == 1, "one condition raises once, also over a restart"


def test_it_ends_in_time_with_streams_and_sockets_open_and_leaves_no_process(start):
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
        assert demo.stop() < 10
    assert demo.process.returncode == 0
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)


def test_the_next_free_port_is_taken_and_said(start, tmp_path):
    first = start("--devices", "0")
    second = Demo(["--devices", "0", "--http", first.http, "--mqtt", first.mqtt], tmp_path / "second.log")
    try:
        assert second.http != first.http
        assert second.mqtt != first.mqtt
        assert f"{first.mqtt} is taken" in second.log.read_text()
    finally:
        second.stop()


def test_the_demo_explains_a_fault_it_was_not_told_of(start):
    """The simulators keep the truth to themselves; the diagnosis has to find it in the telemetry."""
    demo = start("--devices", "24")
    found = eventually(
        lambda: [a for a in demo.get("/api/alerts", state="open")["items"] if a["diagnosis"]], 60, "an explained alert"
    )
    (pump,) = [alert for alert in found if alert["device_id"] == "pump-03"][:1] or [None]
    assert pump is not None
    assert pump["diagnosis"]["cause"] == "bearing_wear"
