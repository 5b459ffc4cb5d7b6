"""Start ``hub demo`` as a process, with its broker and simulators, as a user does."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import paho.mqtt.client as paho
import psutil
import pytest

from brokers import HOST, free_port
from hub_process import HubProcess, without_settings

START_S = 30


def eventually(look: Callable[[], Any], within: float, what: str) -> Any:
    """Call ``look`` until its result is true, and return it. Fail with the last result after ``within`` seconds."""
    deadline, seen = time.monotonic() + within, None
    while time.monotonic() < deadline:
        seen = look()
        if seen:
            return seen
        time.sleep(0.05)
    pytest.fail(f"not within {within} s: {what}; last seen: {seen!r}")


def free_address() -> str:
    """Return a free address on the loopback interface."""
    return f"{HOST}:{free_port()}"


class Demo:
    """A demo that runs as a subprocess: its addresses, an HTTP client and an MQTT client."""

    def __init__(self, words: list[str], log: Path) -> None:
        self.log = log
        log.touch()
        self.process = HubProcess(["demo", "--no-open", *words], log, without_settings())
        ready = eventually(self._ready, START_S, f"ready line in {log.read_text()}")
        self.http, self.mqtt = (word.partition("=")[2] for word in ready.split()[1:3])
        self.api = httpx.Client(base_url=f"http://{self.http}", timeout=10)
        self.children = psutil.Process(self.process.pid).children(recursive=True)
        # Started here: a client that a test starts would outlive it, as the demo does.
        host, _, port = self.mqtt.partition(":")
        self._mqtt = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._mqtt.connect(host, int(port))
        self._mqtt.loop_start()

    def _ready(self) -> str | None:
        if self.process.poll() is not None:
            pytest.fail(f"the demo ended with {self.process.returncode}:\n{self.log.read_text()}")
        lines = self.log.read_text().splitlines()
        return next((line for line in reversed(lines) if line.startswith("ready http=")), None)

    def get(self, path: str, **params: Any) -> Any:
        answer = self.api.get(path, params=params)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    def publish(self, topic: str, payload: Any, *, retained: bool = False) -> None:
        """Publish with QoS 1 and wait until the broker has acknowledged it."""
        body = payload if isinstance(payload, str | bytes) else json.dumps(payload)
        self._mqtt.publish(topic, body, qos=1, retain=retained).wait_for_publish(5)

    def heat(self, device: str, seconds: float = 3.0) -> None:
        """Publish a temperature above the limit every 0.5 s for ``seconds``."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.publish(f"devices/{device}/telemetry", {"temperature": 85})
            time.sleep(0.5)

    def kill(self) -> None:
        self._disconnect()
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Send SIGTERM and wait for the exit."""
        self._disconnect()
        self.process.terminate()
        self.process.wait(40)

    def _disconnect(self) -> None:
        self.api.close()
        self._mqtt.disconnect()
        self._mqtt.loop_stop()
