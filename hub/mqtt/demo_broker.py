"""The demo's broker: a child process on loopback that ends with the hub, even if the hub is killed.

The broker is ``mosquitto``. If that is not installed, it is amqtt, which is slow (200 us a message) and supports only
MQTT 3.1.1.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO, Literal

from hub.errors import BrokerError
from hub.mqtt.demo_broker_process import command_line

Kind = Literal["mosquitto", "amqtt"]

START_S = 10.0
STOP_S = 3.0
PORTS_TRIED = 50
MAX_MESSAGE_BYTES = 2 * 1_048_576
MAX_IN_FLIGHT = 10_000
MAX_QUEUED = 100_000


class DemoBroker:
    """A running broker, as returned by :meth:`start`.

    ``moved`` is True if it uses another port than the requested one, which was in use.
    """

    def __init__(
        self, kind: Kind, host: str, port: int, moved: bool, process: asyncio.subprocess.Process, log: IO[bytes]
    ) -> None:
        self.kind = kind
        self.host = host
        self.port = port
        self.moved = moved
        self._process = process
        self._log = log

    @classmethod
    async def start(cls, host: str, port: int, *, data: Path | None = None, kind: Kind | None = None) -> DemoBroker:
        """Start a broker and wait until it accepts connections.

        Call it on the main thread: the broker ends with the thread that started it.

        Args:
            host: The address to listen on.
            port: The port. If it is in use, the next free port is used; 0 means any free port.
            data: A folder in which mosquitto keeps sessions and retained messages.
            kind: The program to use. None means mosquitto, or amqtt if mosquitto is not installed.

        Raises:
            BrokerError: No broker can be started.
        """
        program = find_mosquitto() if kind != "amqtt" else None
        if program is None and kind == "mosquitto":
            raise BrokerError("mosquitto is not installed.", "Install it: apt install mosquitto")
        for candidate in range(port, port + PORTS_TRIED) if port else [0] * PORTS_TRIED:
            free = _free_port(host, candidate)
            if free is None:
                continue
            broker = await cls._try(program, host, free, port not in (0, free), data)
            if broker is not None:
                return broker
        last = port + PORTS_TRIED - 1
        raise BrokerError(f"The ports {port} to {last} of {host} are all in use.", "Choose another port.")

    @classmethod
    async def _try(cls, program: str | None, host: str, port: int, moved: bool, data: Path | None) -> DemoBroker | None:
        """Start a broker on this port. Return None if another process has taken the port meanwhile.

        ``moved`` says that the port is not the one that was asked for.
        """
        with tempfile.TemporaryDirectory(prefix="watchkeeper-broker-") as directory:
            # Folder and log are unlinked once it listens, so that a killed hub leaves no file behind.
            log = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the broker)
            command = _command(program, host, port, data, Path(directory))
            process = await asyncio.create_subprocess_exec(
                *command_line(*command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C stops the hub, which then stops the broker
            )
            broker = cls("amqtt" if program is None else "mosquitto", host, port, moved, process, log)
            try:
                listening = await broker._wait_until_listening()
            except BaseException:
                await broker.stop()
                raise
        if listening:
            return broker
        output = broker._last_output()
        await broker.stop()
        if "in use" in output:
            return None
        raise BrokerError(f"The broker did not start. Its output: {output or 'none'}")

    async def _wait_until_listening(self) -> bool:
        """Wait until the broker listens, and return True.

        Return False if the broker ends before that, or START_S seconds have passed.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(START_S):
                while self._process.returncode is None:
                    # Read its log: a connection to the port might be accepted by another broker.
                    if " running" in self._last_output():
                        return True
                    await asyncio.sleep(0.02)
        return False

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    async def wait(self) -> str:
        """Wait until the broker has ended, and return the end of its output."""
        await self._process.wait()
        return self._last_output()

    async def stop(self) -> None:
        """Stop the broker, unless it has ended already."""
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_S)
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        self._log.close()

    def _last_output(self) -> str:
        if self._log.closed:
            return ""
        end = self._log.seek(0, os.SEEK_END)
        return os.pread(self._log.fileno(), 500, max(0, end - 500)).decode(errors="replace").strip()


def find_mosquitto() -> str | None:
    """Return the path of an installed mosquitto. Debian installs it in a folder that only root has in its PATH."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin")


def mosquitto_config(host: str, port: int, data: Path | None) -> str:
    """Return a configuration without passwords, whose queue keeps messages for a hub that is stopped for a while."""
    lines = [
        f"listener {port} {host}",
        "allow_anonymous true",
        f"max_inflight_messages {MAX_IN_FLIGHT}",
        f"max_queued_messages {MAX_QUEUED}",
        f"message_size_limit {MAX_MESSAGE_BYTES}",
        "set_tcp_nodelay true",
        "log_dest stderr",
        "log_type error",
        "log_type information",  # includes the line "mosquitto ... running"
        "connection_messages false",
        # Started by root it would change to the user mosquitto, who must not write the hub's data.
        f"user {pwd.getpwuid(os.geteuid()).pw_name}",
        f"persistence {'true' if data else 'false'}",
    ]
    if data:
        lines += [f"persistence_location {data}/", "autosave_interval 10"]
    return "\n".join(lines) + "\n"


def _command(program: str | None, host: str, port: int, data: Path | None, directory: Path) -> list[str]:
    if program is None:
        return ["amqtt", host, str(port)]
    config = directory / "mosquitto.conf"
    config.write_text(mosquitto_config(host, port, data))
    return ["run", program, "-c", str(config)]


def _free_port(host: str, port: int) -> int | None:
    """Return ``port`` if no other process uses it, else None. Port 0 means any free port."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            return int(probe.getsockname()[1])
    except OSError:
        return None
