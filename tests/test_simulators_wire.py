"""What the simulators publish on a real broker.

They run as ``python -m simulators``; a plain MQTT client receives what they publish.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import psutil
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from brokers import free_port
from outage import Proxy
from simulators.fleet import build

ROOT = Path(__file__).parent.parent


def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait for ``condition``, and fail when it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[int]:
    """Start a Mosquitto and return its port."""
    port = free_port()
    config = tmp_path / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 20000\n")
    with (tmp_path / "mosquitto.log").open("wb") as log:
        process = subprocess.Popen(["mosquitto", "-c", str(config)], stdout=log, stderr=log, env=with_sbin())
    try:
        until(lambda: can_connect(port))
        yield port
    finally:
        process.terminate()
        process.wait(30)


def with_sbin() -> dict[str, str]:
    """Return the environment with /usr/sbin on the path, where Debian installs Mosquitto."""
    return {**os.environ, "PATH": os.environ.get("PATH", "") + os.pathsep + "/usr/sbin"}


def can_connect(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


class Listener:
    """An MQTT client that keeps everything published under ``root``, in order of arrival."""

    def __init__(self, port: int, root: str = "devices") -> None:
        self.messages: list[tuple[str, str, bytes, bool]] = []
        self._client = client = mqtt.Client(CallbackAPIVersion.VERSION2)
        ready = threading.Event()
        client.on_connect = lambda c, *_: c.subscribe(f"{root}/#", qos=1)
        client.on_subscribe = lambda *_: ready.set()
        client.on_message = self._on_message
        client.connect("127.0.0.1", port)
        client.loop_start()
        assert ready.wait(5)

    def _on_message(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        device, leaf = message.topic.split("/")[-2:]
        self.messages.append((device, leaf, bytes(message.payload), message.retain))

    def received_under(self, leaf: str, device: str | None = None) -> list[tuple[str, bytes]]:
        """Return ``(device, payload)`` of the messages on topics that end with ``leaf``."""
        return [(d, p) for d, kind, p, _ in self.messages if kind == leaf and device in (None, d)]

    def status(self) -> dict[str, str]:
        """Return the last status of every device."""
        return {device: payload.decode() for device, payload in self.received_under("status")}

    def live(self, device: str | None = None) -> list[tuple[str, dict[str, Any]]]:
        """Return the live readings, without the history."""
        return [(d, json.loads(p)) for d, p in self.received_under("telemetry", device) if p[:1] == b"{"]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def listen() -> Iterator[Callable[..., Listener]]:
    """Return a function that starts a listener. Close all listeners at the end of the test."""
    started: list[Listener] = []

    def start(port: int, root: str = "devices") -> Listener:
        started.append(Listener(port, root))
        return started[-1]

    yield start
    for listener in started:
        listener.close()


@pytest.fixture
def simulate() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return a function that starts ``python -m simulators``. Kill all processes at the end of the test."""
    started: list[subprocess.Popen[str]] = []

    def start(port: int, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "simulators", "--mqtt", f"127.0.0.1:{port}", *arguments]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def facts(output: str, word: str) -> list[dict[str, Any]]:
    """Return the JSON of all lines of ``output`` that begin with ``word``."""
    return [json.loads(line.partition(" ")[2]) for line in output.splitlines() if line.startswith(f"{word} ")]


def wait_for_readings(listener: Listener, devices: int, each: int) -> None:
    """Wait until so many devices have sent so many live readings each."""
    until(lambda: len({d for d, r in listener.live() if r["seq"] >= each - 1}) == devices)


Start = Callable[..., subprocess.Popen[str]]
Listen = Callable[..., Listener]


def test_device_publishes_info_then_history_then_live_readings(broker: int, listen: Listen, simulate: Start) -> None:
    listener = listen(broker)
    began = time.time() * 1000
    process = simulate(broker, "--devices", "24", "--seed", "4", "--interval", "0.2", "--history", "2h")
    wait_for_readings(listener, devices=24, each=4)
    registry = {d.id: d for d in build(24, 4)}
    assert listener.status() == dict.fromkeys(registry, "online")
    assert {d: json.loads(p) for d, p in listener.received_under("info")} == {
        d: dev.info() for d, dev in registry.items()
    }
    for device, expected in registry.items():
        past = [json.loads(p) for _, p in listener.received_under("telemetry", device) if p[:1] == b"["]
        assert all(len(chunk) <= 200 for chunk in past)
        assert all(len(p) <= 61_440 for _, p in listener.received_under("telemetry", device))
        records = [record for chunk in past for record in chunk]
        assert [set(r) for r in records] == [{"ts", "metrics"}] * 720
        times = [r["ts"] for r in records]
        assert {b - a for a, b in pairwise(times)} == {10_000}
        live = [r for _, r in listener.live(device)]
        assert [r["seq"] for r in live] == list(range(len(live)))
        assert all(live[i + 1]["ts"] - live[i]["ts"] in (199, 200, 201) for i in range(len(live) - 1))
        assert 0 < live[0]["ts"] - times[-1] <= 10_200
        assert abs(live[0]["ts"] - began) < 15_000
        # The published values equal the simulated ones to the last digit.
        assert [r["metrics"] for r in records] == [expected.machine.step(i * 10.0) for i in range(-720, 0)]
        shown = set(expected.machine.metrics) | set(expected.machine.flags)
        assert set(live[0]) == shown | {"ts", "seq"}
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert facts(output, "history")[0]["records"] == 24 * 720
    until(lambda: set(listener.status().values()) == {"offline"})
    late = listen(broker)
    until(lambda: late.status() == dict.fromkeys(registry, "offline"))
    assert all(retained for _, leaf, _, retained in late.messages if leaf in ("status", "info"))


def test_two_runs_with_same_seed_publish_the_same(broker: int, listen: Listen, simulate: Start) -> None:
    runs = []
    for root in ("one", "site/two"):
        listener = listen(broker, root)
        process = simulate(
            broker, "--root", root, "--devices", "8", "--interval", "0.1", "--history", "10m",
            "--fault", "sensor_1=overheating@0.5s*20",
        )  # fmt: skip
        wait_for_readings(listener, devices=8, each=15)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        runs.append({(d, r.pop("seq")): {**r, "ts": 0} for d, r in listener.live() if r["seq"] < 15})
    assert runs[0] == runs[1]
    assert len(runs[0]) == 8 * 15


def test_killed_fleet_is_offline_by_will(broker: int, listen: Listen, simulate: Start) -> None:
    listener = listen(broker)
    process = simulate(broker, "--devices", "6", "--history", "0")
    until(lambda: list(listener.status().values()) == ["online"] * 6)
    process.kill()
    until(lambda: list(listener.status().values()) == ["offline"] * 6)


def test_faults_are_printed_and_gateway_loss_sets_group_offline(broker: int, listen: Listen, simulate: Start) -> None:
    listener = listen(broker)
    process = simulate(
        broker, "--devices", "24", "--interval", "0.2", "--history", "0", "--speed", "10",
        "--fault", "pump-01=bearing_wear@0.5s", "--fault", "greenhouse-02=gateway_loss@1s+1.5s",
    )  # fmt: skip
    group = {"greenhouse-01", "greenhouse-02"}
    until(lambda: {d for d, s in listener.status().items() if s == "offline"} == group)
    until(lambda: set(listener.status().values()) == {"online"})
    until(lambda: any(r["vibration"] > 7.1 for _, r in listener.live("pump-01")))
    until(lambda: listener.live("greenhouse-01")[-1][1]["seq"] > 14)
    process.terminate()
    output, _ = process.communicate(timeout=30)
    wear, loss = facts(output, "truth")
    assert wear["metrics"] == ["vibration", "current", "bearing_temperature"]
    assert (wear["device"], wear["cause"], wear["component"]) == ("pump-01", "bearing_wear", "drive-end bearing")
    assert loss["component"] == "gateway-greenhouse-1"
    assert set(loss["devices"]) == group
    assert loss["end"] - loss["start"] == 1500
    assert facts(output, "repaired")[0]["fault"] == "gateway_loss"
    before = [r["vibration"] for _, r in listener.live("pump-01") if r["ts"] < wear["start"]]
    assert before
    assert max(before) < 3.5
    received = {r["seq"] for _, r in listener.live("greenhouse-01")}
    assert received != set(range(max(received) + 1)), "readings are lost while the gateway is down"


def test_no_reading_is_lost_during_broker_outage(broker: int, listen: Listen, simulate: Start) -> None:
    listener = listen(broker)
    proxy = Proxy(broker)
    simulate(proxy.port, "--devices", "6", "--interval", "0.1", "--history", "0")
    until(lambda: len(listener.live("sensor_1")) > 5)
    proxy.cut()
    until(lambda: list(listener.status().values()) == ["offline"] * 6)
    time.sleep(1.0)
    proxy.open()
    until(lambda: list(listener.status().values()) == ["online"] * 6)
    latest = max(r["seq"] for _, r in listener.live("pump-01"))
    until(lambda: listener.live("pump-01")[-1][1]["seq"] > latest + 20)
    for device in listener.status():
        received = {r["seq"] for _, r in listener.live(device)}
        assert received == set(range(max(received) + 1)), f"{device} lost readings"
    proxy.cut()


def test_simulator_waits_for_broker(listen: Listen, simulate: Start) -> None:
    process = simulate(free_port(), "--devices", "50", "--history", "2h")
    until(lambda: catches_sigterm(process.pid), 30)
    assert process.poll() is None
    process.terminate()
    assert process.wait(30) == 0


def catches_sigterm(pid: int) -> bool:
    """Return whether the process runs far enough to handle SIGTERM."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    caught = next(line for line in lines if line.startswith("SigCgt:")).split()[1]
    return bool(int(caught, 16) & 1 << (signal.SIGTERM - 1))


def test_200_devices_use_one_thread_and_little_memory(broker: int, listen: Listen, simulate: Start) -> None:
    listener = listen(broker)
    process = simulate(broker, "--devices", "200", "--history", "10m")
    until(lambda: len({d for d, _ in listener.live()}) == 200, 15)
    assert list(listener.status().values()) == ["online"] * 200
    usage = psutil.Process(process.pid)
    assert usage.num_threads() == 1
    assert usage.memory_info().rss < 100 * 2**20
    process.terminate()
    assert process.wait(30) == 0
    until(lambda: list(listener.status().values()) == ["offline"] * 200)
