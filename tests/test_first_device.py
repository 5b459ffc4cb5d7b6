"""The first ``hub device add`` turns on the broker's passwords: the running hub follows, and no reading is lost."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import paho.mqtt.client as paho
import pytest

from brokers import Mosquitto
from serving import Serving, until


class Device:
    """Publishes a number at QoS 1 after the other, each until the broker has confirmed it, whatever happens."""

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

    def published(self, more: int) -> bool:
        """Wait until ``more`` numbers are confirmed beyond those that are."""
        goal = self.confirmed + more
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


def ask_for_passwords(broker: Mosquitto, said: str) -> None:
    """Do what the command says: its lines take the place of allow_anonymous true, and Mosquitto reads its files."""
    lines = re.findall(r"^    ((?:allow_anonymous|password_file|acl_file) .*)$", said, re.MULTILINE)
    assert len(lines) == 3, said
    config = broker.config.read_text().replace("allow_anonymous true\n", "")
    broker.config.write_text(config + "\n".join(lines) + "\n")
    os.kill(mosquitto_of(broker.pid), signal.SIGHUP)


def mosquitto_of(pid: int) -> int:
    """Return the Mosquitto that the launcher has become or started."""
    if Path(f"/proc/{pid}/comm").read_text().strip() == "mosquitto":
        return pid
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def stored(hub: Serving, device: str) -> list[int]:
    points = hub.get(f"/api/devices/{device}/history?metric=n&from=0&points=10000")["points"]
    return [int(value) for _, value, *_ in points]


@pytest.mark.parametrize("door", ["command", "page"])
def test_no_reading_is_lost_when_the_first_device_turns_passwords_on(
    hub: Serving, mosquitto: Mosquitto, tmp_path: Path, door: str
):
    device = Device(mosquitto, "boiler-1")
    try:
        device.published(5)
        if door == "command":
            words = ["--data", str(hub.data), "--http", f"127.0.0.1:{hub.port}", "--mqtt", mosquitto.address]
            done = subprocess.run(
                [sys.executable, "-m", "hub", "device", "add", "boiler-1", *words],
                capture_output=True,
                text=True,
                timeout=60,
                check=True,
            )
            said = done.stdout
            assert "The running hub uses a user of its own there already" in said
            device.password = re.findall(r"shown this once: (\S+)", said)[0]
        else:
            issued = hub.http.post("/api/credentials", json={"name": "boiler-1"}).json()
            device.password = issued["password"]
            said = "".join(f"    {line}\n" for line in issued["setup"].splitlines())
            until(lambda: hub.get("/api/status")["broker"]["username"] == "hub")
        device.published(5)
        ask_for_passwords(mosquitto, said)
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
    assert done.returncode != 0, "the broker asks for passwords indeed"


def test_a_broker_that_asks_before_the_hub_knows_is_followed(hub: Serving, mosquitto: Mosquitto, tmp_path: Path):
    """The broker reads the files at once, whatever the order: the hub connects by itself within seconds."""
    assert hub.process is not None
    os.kill(hub.process.pid, signal.SIGSTOP)
    try:
        issued = subprocess.run(
            [sys.executable, "-m", "hub", "device", "add", "a", "--data", str(hub.data), "--http", "127.0.0.1:1"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert "No hub answers at 127.0.0.1:1" in issued.stdout
        ask_for_passwords(mosquitto, issued.stdout)
    finally:
        os.kill(hub.process.pid, signal.SIGCONT)
    until(lambda: hub.get("/api/status")["broker"]["username"] == "hub", 30)
    until(lambda: hub.http.get("/readyz").status_code == 200, 30)
