"""Devices built with public Homie libraries, on the demo's broker."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from e2e.running import Demo, eventually

pytestmark = pytest.mark.timeout(120)
DEVICES = Path(__file__).parents[1] / "homie_devices.py"


@contextmanager
def homie(demo: Demo, kind: str) -> Iterator[subprocess.Popen[bytes]]:
    words = [sys.executable, str(DEVICES), *demo.mqtt.split(":"), kind]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as process:
        yield process
        if process.poll() is None:
            process.kill()


def command(demo: Demo, path: str, name: str, value: bool) -> None:
    answer = demo.api.post(f"{path}/commands", json={"name": name, "value": value})
    assert answer.is_success, answer.text
    eventually(lambda: demo.get(f"{path}/commands")["items"][0]["state"] == "confirmed", 15, f"{name} to be confirmed")


def end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")
    process.stdin.flush()


def test_homie_4_device_is_read_commanded_and_goes_offline(start):
    demo = start("--devices", "0")
    with homie(demo, "four") as process:
        path = "/api/devices/homie:greenhouse"
        eventually(lambda: demo.get("/api/devices")["items"], 15, "the device")
        eventually(lambda: {"air.temperature", "air.vent"} <= demo.get(path)["metrics"].keys(), 15, "its values")
        device = demo.get(path)
        assert (device["name"], device["native_id"], device["dialect"]) == ("Greenhouse", "greenhouse", "homie")
        assert device["info"]["firmware"] == "0.4.0"
        temperature = device["metrics"]["air.temperature"]
        assert (temperature["value"], temperature["unit"]) == (21.5, "°C")
        command(demo, path, "air.vent", True)
        end(process)
        eventually(lambda: demo.get(path)["presence"] == "offline", 15, "its will")


def test_homie_5_child_device_is_read_commanded_and_goes_offline(start):
    demo = start("--devices", "0")
    with homie(demo, "five") as process:
        path = "/api/devices/homie:circuit-1"
        eventually(lambda: len(demo.get("/api/devices")["items"]) == 2, 15, "panel and circuit")
        eventually(lambda: "meter.relay" in demo.get(path)["metrics"], 15, "its values")
        device = demo.get(path)
        assert (device["name"], device["info"]["via"]) == ("Kitchen", "homie:panel-1")
        power = device["metrics"]["meter.power"]
        assert (power["value"], power["unit"]) == (1250.5, "W")
        command(demo, path, "meter.relay", True)
        end(process)
        eventually(lambda: demo.get(path)["presence"] == "offline", 15, "the will of the panel")
