"""``hub serve`` as a process with a real broker, and an MQTT device."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import httpx
import paho.mqtt.client as paho

from brokers import HOST, Mosquitto, free_port
from hub_process import HubProcess, without_settings


def until(look: Callable[[], Any], within: float = 40.0) -> Any:
    """Call ``look`` until its result is true, and return it."""
    deadline = time.monotonic() + within
    while not (seen := look()):
        assert time.monotonic() < deadline, f"not within {within} s: {look}"
        time.sleep(0.02)
    return seen


class Broker(Protocol):
    """A broker as a process of the tests."""

    host: str
    port: int

    @property
    def address(self) -> str: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def kill(self) -> None: ...


class Serving:
    """A hub on the data folder ``data`` that can be killed and started again. ``config`` is its settings file,
    ``options`` are further ones of ``hub serve``."""

    executed = False
    """Start a new interpreter, for a test of the start itself."""

    def __init__(self, data: Path, broker: Broker, config: Path | None = None, *, scheme: str = "http") -> None:
        self.data, self.broker, self.config = data, broker, config
        self.options: tuple[str, ...] = ()
        self.environ: dict[str, str] = {}  # of the process; if empty, that of the tests without settings
        self.port = free_port()
        self.http = httpx.Client(base_url=f"{scheme}://{HOST}:{self.port}", timeout=20, verify=False)
        self.process: subprocess.Popen[bytes] | HubProcess | None = None

    def start(self) -> None:
        """Start the process and wait until the hub is ready."""
        self.launch()
        until(self._answers, 40)

    def launch(self) -> None:
        words = ["serve", "--http", f"{HOST}:{self.port}", "--mqtt", self.broker.address, "--data", str(self.data)]
        words += [*self.options, *(["--config", str(self.config)] if self.config else [])]
        log, environ = self.data.parent / "hub.log", self.environ or without_settings()
        if not self.executed:
            self.process = HubProcess(words, log, environ)
            return
        with log.open("ab") as stream:
            command = [sys.executable, "-m", "hub", *words]
            self.process = subprocess.Popen(command, stdout=stream, stderr=stream, env=environ)

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.data.parent / "hub.log").read_text()
        try:
            return self.http.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(40)

    def stop(self) -> None:
        self.http.close()
        if self.process is not None and self.process.poll() is None:
            self.end()

    def end(self) -> None:
        """Send SIGTERM and wait for the exit. The hub may be started again."""
        assert self.process is not None
        self.process.terminate()
        assert self.process.wait(40) == 0

    def get(self, path: str) -> Any:
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def command(
        self, device: str, name: str, value: Any = None, *, key: str | None = None, **body: Any
    ) -> httpx.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        body |= {"name": name, "value": value}
        return self.http.post(f"/api/devices/{device}/commands", json=body, headers=headers)

    def state(self, command: dict[str, Any]) -> str:
        return str(self.get(f"/api/commands/{command['id']}")["state"])


@contextmanager
def served(directory: Path) -> Iterator[Serving]:
    """Run a hub with its own broker in ``directory``."""
    broker = Mosquitto(directory)
    broker.start()
    hub = Serving(directory / "data", broker)
    hub.start()
    yield hub
    hub.stop()
    broker.stop()


class Thing:
    """An MQTT device: the messages received on ``topics``, and a way to publish. ``login``: its user and password."""

    def __init__(self, broker: Broker, *topics: str, login: tuple[str, str] | None = None) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        if login is not None:
            self.client.username_pw_set(*login)
        self.client.on_message = lambda client, data, message: self.heard.append((message.topic, message.payload))
        self.client.connect(broker.host, broker.port)
        self.client.loop_start()
        for topic in topics:
            granted: list[int] = []
            self.client.on_subscribe = lambda client, data, mid, codes, properties, to=granted: to.append(mid)
            _, mid = self.client.subscribe(topic, 1)
            until(lambda mid=mid, to=granted: mid in to)

    def say(self, topic: str, body: Any, *, retained: bool = False, qos: int = 1) -> None:
        payload = body if isinstance(body, str | bytes) else json.dumps(body)
        self.client.publish(topic, payload, qos=qos, retain=retained).wait_for_publish(10)

    def leave(self) -> None:
        """Disconnect, and wait until the socket is closed."""
        until(self.client.is_connected)  # also after the broker was away
        gone: list[bool] = []
        self.client.on_disconnect = lambda *_: gone.append(True)
        self.client.disconnect()
        until(lambda: gone)
        self.client.loop_stop()
