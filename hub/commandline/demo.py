"""``hub demo``: run a hub with a broker and simulated devices on loopback, without setup, in a temporary folder."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import socket
import sys
import tempfile
import webbrowser
from collections.abc import Iterator
from pathlib import Path

from hub.assembly.app import serve
from hub.assembly.load_settings import load_settings
from hub.commandline.output import announce
from hub.errors import InUse
from hub.mqtt.demo_broker import DemoBroker
from hub.mqtt.demo_broker_process import command_line
from hub.runtime.network_addresses import split_address
from hub.runtime.settings import Settings


async def run(arguments: argparse.Namespace) -> None:
    """Run the demo until a signal arrives. Raises HubError with a message for the user."""
    with _data(arguments.data) as data:
        host, port = split_address(arguments.mqtt)
        broker = await DemoBroker.start(host, port)
        mqtt = f"{host}:{broker.port}"
        if broker.moved:
            announce(f"{arguments.mqtt} is in use. The broker listens on {mqtt} instead.")
        try:
            http = _free(arguments.http)  # only now: the broker may have moved to the next port
            if http != arguments.http:
                announce(f"{arguments.http} is in use. The dashboard is at {http} instead.")
            async with contextlib.AsyncExitStack() as companions:

                async def greet() -> None:
                    announce(f"\n  Watchkeeper is at http://{http}\n")
                    if arguments.data is None:
                        announce("  Its data is deleted when you stop it. To keep it, start it with --data FOLDER.\n")
                    announce(f"ready http={http} mqtt={mqtt}")
                    simulators = await _simulate(mqtt, arguments.devices, arguments.seed, show=arguments.show_faults)
                    companions.push_async_callback(_end, simulators)
                    if not arguments.no_open:
                        await asyncio.to_thread(webbrowser.open, f"http://{http}/")

                # The demo's broker does not keep sessions, so a missing session is not a gap to warn about.
                await serve(
                    _settings(arguments, http, mqtt, data),
                    on_ready=greet,
                    lasting_broker=False,
                    hangup=arguments.hangup,
                    reread=lambda: _settings(arguments, http, mqtt, data),
                )
        finally:
            await broker.stop()


def _settings(arguments: argparse.Namespace, http: str, mqtt: str, data: Path) -> Settings:
    overrides: dict[str, dict[str, object]] = {
        "http": {"listen": http},
        "mqtt": {"broker": mqtt},
        "store": {"data": data},
    }
    if arguments.ai is not None:
        overrides["ai"] = {"mode": arguments.ai}
    return load_settings(overrides=overrides)


@contextlib.contextmanager
def _data(folder: Path | None) -> Iterator[Path]:
    """Yield the folder for the demo's data: the given folder, or a temporary one, which is deleted at the end."""
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="watchkeeper-", ignore_cleanup_errors=True) as temporary:
        yield Path(temporary)


def _free(address: str) -> str:
    """Return ``address``, or the same host with the next free port if the port is in use. Port 0 means any free port.

    Raises InUse if none of a hundred ports is free.
    """
    host, port = split_address(address)
    for candidate in range(port, min(port + 100, 65_536)) if port else (0,):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, candidate))
            except OSError:
                continue
            return f"{host}:{candidate or probe.getsockname()[1]}"
    raise InUse(f"No port from {port} to {port + 99} is free on {host}.", "Pass another one with --http.")


async def _simulate(mqtt: str, devices: int, seed: int, *, show: bool) -> asyncio.subprocess.Process | None:
    """Start the simulated devices in a process of their own; None if ``devices`` is 0.

    With ``show``, the process prints which faults it simulates.
    """
    if devices == 0:
        return None
    options = ["--mqtt", mqtt, "--devices", str(devices), "--seed", str(seed), "--demo-faults"]
    command = command_line("run", sys.executable, "-m", "simulators", *options)
    return await asyncio.create_subprocess_exec(*command, stdout=None if show else asyncio.subprocess.DEVNULL)


async def _end(process: asyncio.subprocess.Process | None) -> None:
    if process is None or process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), 3)
    except TimeoutError:
        process.kill()
        await process.wait()
