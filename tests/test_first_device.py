"""The first ``hub device add`` turns on broker passwords: the running hub gets a user and no reading is lost."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import paho.mqtt.client as paho
import pytest

import hub_process
from brokers import Mosquitto
from serving import Serving, until


class Device:
    """Device that publishes numbers at QoS 1 and repeats each until the broker confirms it."""

    def __init__(self, broker: Mosquitto, name: str) -> None:
        self.confirmed = 0
        self.password: str | None = None
        self._broker, self._name = broker, name
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._ended.is_set():
            client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTProtocolVersion.MQTTv5)
            if self.password is not None:
                client.username_pw_set(self._name, self.password)
            refused: list[int] = []
            client.on_publish = lambda client, data, mid, reason, properties, to=refused: (
                to.append(mid) if reason.is_failure else None
            )
            with suppress(OSError, RuntimeError, ValueError):
                client.connect(self._broker.host, self._broker.port)
                client.loop_start()
                until(client.is_connected, 2)
                while not self._ended.is_set() and client.is_connected():
                    number = self.confirmed + 1
                    sent = client.publish(
                        f"devices/{self._name}/telemetry", f'{{"seq": {number}, "n": {number}}}', qos=1
                    )
                    until(lambda sent=sent, client=client: sent.is_published() or not client.is_connected(), 5)
                    if not sent.is_published() or refused:
                        break
                    self.confirmed = number
            with suppress(AssertionError):
                client.loop_stop()

    def published(self, count: int) -> bool:
        """Wait until ``count`` more numbers are confirmed."""
        goal = self.confirmed + count
        return bool(until(lambda: self.confirmed >= goal, 30))

    def end(self) -> None:
        self._ended.set()
        self._thread.join(20)


@pytest.fixture
def hub(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Serving]:
    (tmp_path / "hub").mkdir()
    serving = Serving(tmp_path / "hub/data", mosquitto)
    serving.start()
    yield serving
    serving.stop()


def enable_passwords(broker: Mosquitto, output: str) -> None:
    """Follow the printed steps: replace ``allow_anonymous true`` with the printed lines and reload Mosquitto."""
    lines = re.findall(r"^    ((?:allow_anonymous|password_file|acl_file) .*)$", output, re.MULTILINE)
    assert len(lines) == 3, output
    config = broker.config.read_text().replace("allow_anonymous true\n", "")
    broker.config.write_text(config + "\n".join(lines) + "\n")
    os.kill(mosquitto_of(broker.pid), signal.SIGHUP)


def mosquitto_of(pid: int) -> int:
    """Return the process id of the Mosquitto that launcher ``pid`` became or started."""
    if Path(f"/proc/{pid}/comm").read_text().strip() == "mosquitto":
        return pid
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def stored(hub: Serving, device: str) -> list[int]:
    points = hub.get(f"/api/devices/{device}/history?metric=n&from=0&points=10000")["points"]
    return [int(value) for _, value, *_ in points]


@pytest.mark.parametrize("source", ["command", "page"])
def test_no_reading_is_lost_when_first_device_enables_passwords(
    hub: Serving, mosquitto: Mosquitto, tmp_path: Path, source: str
):
    device = Device(mosquitto, "boiler-1")
    try:
        device.published(5)
        if source == "command":
            words = ["--data", str(hub.data), "--http", f"127.0.0.1:{hub.port}", "--mqtt", mosquitto.address]
            output = hub_process.run("device", "add", "boiler-1", *words, status=0).stdout
            assert "The running hub already connects with its own user" in output
            device.password = re.findall(r"shown only once: (\S+)", output)[0]
        else:
            issued = hub.http.post("/api/credentials", json={"name": "boiler-1"}).json()
            device.password = issued["password"]
            output = "".join(f"    {line}\n" for line in issued["setup"].splitlines())
            until(lambda: hub.get("/api/status")["broker"]["username"] == "hub")
        device.published(5)
        enable_passwords(mosquitto, output)
        device.published(20)
    finally:
        device.end()
    last = device.confirmed
    until(lambda: hub.get("/api/devices/boiler-1")["metrics"]["n"]["value"] >= last)
    assert sorted(set(stored(hub, "boiler-1"))) == list(range(1, last + 1))
    assert hub.http.get("/readyz").status_code == 200
    broker = hub.get("/api/status")["broker"]
    assert (broker["connected"], broker["username"]) == (True, "hub")
    publish = ["mosquitto_pub", "-h", mosquitto.host, "-p", str(mosquitto.port), "-t", "devices/x/telemetry", "-m", "1"]
    done = subprocess.run(publish, check=False, capture_output=True, timeout=20)
    assert done.returncode != 0, "the broker must require a password"


def test_hub_reconnects_after_broker_enables_passwords_first(hub: Serving, mosquitto: Mosquitto, tmp_path: Path):
    """The hub is paused while the broker reloads, and connects with its new user within seconds."""
    assert hub.process is not None
    os.kill(hub.process.pid, signal.SIGSTOP)
    try:
        issued = hub_process.run("device", "add", "a", "--data", hub.data, "--http", "127.0.0.1:1", status=0)
        assert "No hub answers at 127.0.0.1:1" in issued.stdout
        enable_passwords(mosquitto, issued.stdout)
    finally:
        os.kill(hub.process.pid, signal.SIGCONT)
    until(lambda: hub.get("/api/status")["broker"]["username"] == "hub", 30)
    until(lambda: hub.http.get("/readyz").status_code == 200, 30)
