"""Real Mosquitto broker for tests, which can be stopped or killed. Network faults are in :mod:`chaos`."""

from __future__ import annotations

import asyncio
import itertools
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import paho.mqtt.publish

from hub.mqtt import demo_broker_process
from hub.mqtt.demo_broker import find_mosquitto

HOST = "127.0.0.1"
Message = tuple[str, str | bytes, int, bool]
"""Topic, payload, QoS, retained."""


_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8
_ports = itertools.cycle(range(10_000 + _WORKER * 2_500, 12_500 + _WORKER * 2_500))
for _ in range(os.getpid() * 97 % 2_500):  # another run on this machine begins elsewhere, even one started just after
    next(_ports)


def free_port() -> int:
    """Return a free port on the loopback interface.

    The port is bound only a moment later, so it is outside the range that the system gives to connections, and outside
    the ranges of other workers.
    """
    while True:
        port = next(_ports)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port


class Mosquitto:
    """Mosquitto process with its configuration in ``directory``, where sessions survive a graceful restart."""

    def __init__(self, directory: Path, extra: Sequence[str] = ()) -> None:
        self.host = HOST
        self.port = free_port()
        self.config = directory / "mosquitto.conf"
        self.log = directory / "mosquitto.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None
        lines = [
            f"listener {self.port} {HOST}",
            "max_inflight_messages 10000",
            "persistence true",
            f"persistence_location {directory}/",
            f"user {pwd.getpwuid(os.geteuid()).pw_name}",
            *extra,
        ]
        for line in ("allow_anonymous true", "max_queued_messages 100000"):
            if not any(setting.split()[0] == line.split()[0] for setting in extra):
                lines.append(line)
        self.config.write_text("\n".join(lines) + "\n")

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the broker and wait until it, and not another program on its port, accepts connections."""
        program = find_mosquitto()
        assert program, "these tests need mosquitto: apt install mosquitto"
        self._output = self.log.open("ab")
        # The launcher ends the broker when the test run is killed.
        launch = [
            sys.executable,
            "-P",
            demo_broker_process.__file__,
            str(os.getpid()),
            "run",
            program,
            "-c",
            str(self.config),
        ]
        logged = self.log.stat().st_size
        self._process = subprocess.Popen(launch, stdout=self._output, stderr=self._output)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self._process.poll() is None:
            if b" running\n" in self.log.read_bytes()[logged:]:
                with suppress(OSError), socket.create_connection((HOST, self.port), 1):
                    return
            time.sleep(0.02)
        raise AssertionError(f"mosquitto did not start: {self.log.read_text()}")

    def stop(self) -> None:
        """Stop the broker gracefully: it writes sessions and queues to disk."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the broker: what it has not written to disk is lost."""
        self._end(signal.SIGKILL)

    def _end(self, signal_number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(signal_number)
            self._process.wait(10)
            self._process = None
        if self._output is not None:
            self._output.close()
            self._output = None


async def publish(port: int, *messages: Message, version: int = 4) -> None:
    """Publish with paho as a device would, and wait for the acknowledgement of all QoS 1 messages."""
    if not messages:
        return
    await asyncio.to_thread(
        paho.mqtt.publish.multiple, [*messages], HOST, port, protocol=paho.mqtt.client.MQTTProtocolVersion(version)
    )
