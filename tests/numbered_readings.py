"""Numbered readings at QoS 1, to check that a hub has lost none and stored none twice."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable

import paho.mqtt.client as paho

from serving import Serving, until

DEVICES = 7


class Publisher(threading.Thread):
    """Publishes numbers from :data:`DEVICES` devices until :meth:`finish`. Reconnects and repeats unacknowledged
    messages, as a device does."""

    def __init__(self, port: int, rate: float = 300) -> None:
        super().__init__(daemon=True)
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2, "numbers", clean_session=False)
        self.client.max_inflight_messages_set(1000)
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.sent: list[tuple[int, paho.MQTTMessageInfo]] = []
        self.stop = threading.Event()
        self._rate = rate
        self._lock = threading.Lock()

    def run(self) -> None:
        while not self.stop.is_set():
            self.say(1)
            time.sleep(1 / self._rate)

    def say(self, count: int) -> None:
        """Publish the next ``count`` numbers at once."""
        with self._lock:
            for number in range(len(self.sent), len(self.sent) + count):
                body = json.dumps({"value": number, "id": number})
                info = self.client.publish(f"devices/d{number % DEVICES}/telemetry", body, qos=1)
                if info.rc == paho.MQTT_ERR_NO_CONN:
                    info.rc = paho.MQTT_ERR_SUCCESS  # it is queued, and sent after the next connect
                self.sent.append((number, info))

    def finish(self) -> set[int]:
        """Stop, wait for the broker's acknowledgements, and return the acknowledged numbers."""
        self.stop.set()
        if self.ident is not None:
            self.join()
        for _, info in self.sent:
            info.wait_for_publish(10)
        self.client.disconnect()
        self.client.loop_stop()
        return self.confirmed()

    def confirmed(self) -> set[int]:
        return {number for number, info in self.sent if info.is_published()}


def stored(hub: Serving) -> list[int]:
    """Return all numbers in the history, with repetitions, over HTTP."""
    series = [{"device_id": f"d{device}", "metric": "value"} for device in range(DEVICES)]
    answer = hub.http.post("/api/history/query", json={"series": series, "from": 0, "to": 2**53})
    assert answer.status_code == 200, answer.text
    return [int(value) for one in answer.json()["series"] for _, value in one["points"]]


def all_stored_once(hub: Serving, numbers: Iterable[int], within: float = 20.0) -> None:
    """Wait until all numbers are stored. Fail if one is missing or stored twice."""
    expected, found = set(numbers), list[int]()

    def complete() -> bool:
        found[:] = stored(hub)
        return expected <= set(found)

    try:
        until(complete, within)
    except AssertionError:
        lost = sorted(expected - set(found))
        raise AssertionError(f"{len(lost)} of {len(expected)} lost: {lost[:20]}") from None
    assert len(found) == len(set(found)), "stored twice"
