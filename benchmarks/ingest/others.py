"""Other hubs that receive the same flood: Node-RED and Home Assistant, each installed once into its own folder.

A marker message is published after the flood; the program answers it when it has processed all messages before. So it
need not count messages, which would take CPU time. The flood has to be QoS 1.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import paho.mqtt.client as paho
import psutil

MARK, MARK_ANSWER = "devices/mark", "bench/heard"
METRICS = ("bearing_temperature", "ambient_humidity", "discharge_pressure", "vibration_rms")
START_S = 180.0
"""Maximum time of a start: Home Assistant installs missing packages at its first start."""


class MarkedPeer:
    """A process that answers marker messages. ``_answered`` is the number in the last answer, and its time."""

    quiet_s = 60.0

    def __init__(self, process: psutil.Process, port: int) -> None:
        self.process = process
        self._poured = 0
        self._answered = (0, 0.0)
        self._first_answer = threading.Event()
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._client.on_message = self._take
        self._client.on_connect = lambda client, *_: client.subscribe(MARK_ANSWER, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def _take(self, client: paho.Client, data: object, message: paho.MQTTMessage) -> None:
        self._answered = (int(message.payload), time.time())
        self._first_answer.set()

    def wait(self) -> None:
        """Wait until the process answers the first marker message."""
        deadline = time.monotonic() + START_S
        while not self._first_answer.is_set():
            if not self.process.is_running() or time.monotonic() > deadline:
                raise RuntimeError(f"{self.process} does not answer")
            self.poured(0)
            self._first_answer.wait(1.0)

    def poured(self, messages: int) -> None:
        self._poured += messages
        self._client.publish(MARK, json.dumps({"mark": self._poured}), qos=1)

    def count(self) -> tuple[int, int, float]:
        return self._answered[0], 0, self._answered[1]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


NODE_RED_FUNCTION = f"""
if (msg.topic === "{MARK}") return {{ topic: "{MARK_ANSWER}", payload: String(msg.payload.mark) }};
if (msg.payload.bearing_temperature > 90) return {{ topic: "bench/alert", payload: msg.topic }};
return null;
"""
"""The function of Node-RED evaluates one rule. The hub evaluates more rules and also stores the history."""


def install_node_red(folder: Path) -> str:
    """Install Node-RED if needed, and return its version."""
    home = folder / "node-red"
    if not (home / "node_modules/node-red").exists():
        home.mkdir(parents=True, exist_ok=True)
        _run(["npm", "install", "--no-audit", "--no-fund", "--omit=optional", "--prefix", str(home), "node-red"])
    package = home / "node_modules/node-red/package.json"
    return str(json.loads(package.read_text())["version"])


@contextlib.asynccontextmanager
async def node_red(port: int, folder: Path) -> AsyncIterator[MarkedPeer]:
    broker = {
        "id": "bench-broker",
        "type": "mqtt-broker",
        "broker": "127.0.0.1",
        "port": str(port),
        "protocolVersion": "5",
    }
    broker |= {"clientid": "node-red", "cleansession": True, "autoConnect": True, "keepalive": "60"}
    flow = [
        broker,
        {"id": "bench-tab", "type": "tab", "label": "bench"},
        {"id": "bench-in", "type": "mqtt in", "z": "bench-tab", "topic": "devices/#", "qos": "1", "datatype": "utf8"}
        | {"broker": "bench-broker", "wires": [["bench-json"]]},
        {
            "id": "bench-json",
            "type": "json",
            "z": "bench-tab",
            "property": "payload",
            "action": "obj",
            "wires": [["bench-rule"]],
        },
        {
            "id": "bench-rule",
            "type": "function",
            "z": "bench-tab",
            "func": NODE_RED_FUNCTION,
            "outputs": 1,
            "wires": [["bench-out"]],
        },
        {
            "id": "bench-out",
            "type": "mqtt out",
            "z": "bench-tab",
            "topic": "",
            "qos": "1",
            "broker": "bench-broker",
            "wires": [],
        },
    ]
    program = folder / "node-red/node_modules/node-red/red.js"
    with tempfile.TemporaryDirectory(prefix="node-red-") as home:
        flows, settings = Path(home) / "flows.json", Path(home) / "settings.js"
        flows.write_text(json.dumps(flow))
        settings.write_text(
            f"module.exports = {{ flowFile: {json.dumps(str(flows))}, uiHost: '127.0.0.1', uiPort: {_free_port()}, "
            "httpAdminRoot: false, telemetry: { enabled: false }, logging: { console: { level: 'error' } } };"
        )
        words = ["node", str(program), "--userDir", home, "--settings", str(settings)]
        async with _start_marked(words, port, Path(home) / "log") as peer:
            yield peer


def install_home_assistant(folder: Path) -> str:
    """Install the newest Home Assistant for this Python if needed, and return its version."""
    home = folder / "home-assistant"
    if not (home / "bin/hass").exists():
        _run([sys.executable, "-m", "venv", str(home)])
        _run([str(home / "bin/pip"), "install", "-q", "homeassistant"])
    return _run([str(home / "bin/hass"), "--version"]).strip()


@contextlib.asynccontextmanager
async def home_assistant(port: int, folder: Path, devices: int) -> AsyncIterator[MarkedPeer]:
    """Run Home Assistant with a sensor for each metric of each device, but without a recorder, so it has no history."""
    sensors = [
        {"name": f"bench {device} {metric}", "state_topic": f"devices/bench-{device:06d}/telemetry", "qos": 1}
        | {"value_template": f"{{{{ value_json.{metric} }}}}"}
        for device in range(devices)
        for metric in METRICS
    ]
    answer = {
        "service": "mqtt.publish",
        "data": {"topic": MARK_ANSWER, "qos": 1, "payload": "{{ trigger.payload_json.mark }}"},
    }
    settings = {
        "homeassistant": {"name": "bench", "unit_system": "metric"},
        "http": {"server_host": "127.0.0.1", "server_port": _free_port()},
        "logger": {"default": "error"},
        "mqtt": {"sensor": sensors},
        "automation": [
            {"id": "mark", "alias": "mark", "mode": "queued", "max": 1_000}
            | {"trigger": [{"platform": "mqtt", "topic": MARK, "qos": 1}], "action": [answer]}
        ],
    }
    entry = {
        "entry_id": "bench",
        "version": 1,
        "minor_version": 1,
        "domain": "mqtt",
        "title": "bench",
        "source": "user",
    }
    entry |= {"data": {"broker": "127.0.0.1", "port": port, "discovery": False}, "options": {}, "unique_id": None}
    entry |= {"pref_disable_new_entities": False, "pref_disable_polling": False, "disabled_by": None}
    with tempfile.TemporaryDirectory(prefix="home-assistant-") as home:
        (Path(home) / ".storage").mkdir()
        (Path(home) / "configuration.yaml").write_text(json.dumps(settings))  # JSON is YAML
        entries = {"version": 1, "minor_version": 1, "key": "core.config_entries", "data": {"entries": [entry]}}
        (Path(home) / ".storage/core.config_entries").write_text(json.dumps(entries))
        words = [str(folder / "home-assistant/bin/hass"), "-c", home]
        async with _start_marked(words, port, Path(home) / "log") as peer:
            yield peer


@contextlib.asynccontextmanager
async def _start_marked(words: Sequence[str], port: int, log: Path) -> AsyncIterator[MarkedPeer]:
    with log.open("wb") as output:
        child = await asyncio.create_subprocess_exec(
            *words, stdout=output, stderr=output, stdin=asyncio.subprocess.DEVNULL, env={**os.environ, "TZ": "UTC"}
        )
    peer = MarkedPeer(psutil.Process(child.pid), port)
    try:
        try:
            await asyncio.to_thread(peer.wait)
        except RuntimeError:
            print((await asyncio.to_thread(log.read_text))[-3_000:], file=sys.stderr)
            raise
        yield peer
    finally:
        peer.close()
        child.terminate()
        try:
            await asyncio.wait_for(child.wait(), 30)
        except TimeoutError:
            child.kill()
            await child.wait()


def _run(words: Sequence[str]) -> str:
    program = shutil.which(words[0])
    assert program, f"this benchmark needs {words[0]}"
    done = subprocess.run([program, *words[1:]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
