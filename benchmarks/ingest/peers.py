"""The programs that receive the flood: the hub and ``mosquitto_sub``, each as a process whose progress is measured."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import socket
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Protocol

import psutil


class FloodResult(NamedTuple):
    """Result of a flood: ``messages`` were processed by ``until`` (epoch seconds), ``shed`` of them dropped.

    ``cpu_s`` is the CPU time of all threads of the process during the flood.
    """

    messages: int
    shed: int
    until: float
    cpu_s: float


class Peer(Protocol):
    """A process that has subscribed to the messages of the flood.

    ``count`` returns the number of messages processed so far, the number of those that were dropped, and the time of
    the last one. ``poured`` is called with the number of messages when the broker has received all of them. After
    ``quiet_s`` without progress, the remaining messages count as lost.
    """

    process: psutil.Process
    quiet_s: float

    def poured(self, messages: int) -> None: ...

    def count(self) -> tuple[int, int, float]: ...


async def run_flood(peer: Peer, messages: int, flood: Callable[[], object]) -> FloodResult:
    """Start the flood of ``messages``, and wait until all are processed or there is no more progress."""
    before, shed, _ = peer.count()
    cpu = sum(peer.process.cpu_times()[:2])

    def pour() -> None:
        flood()
        peer.poured(messages)

    flooding = asyncio.create_task(asyncio.to_thread(pour), name="flood")
    last, since = (before, shed, 0.0), time.monotonic()
    while not (flooding.done() and (last[0] - before >= messages or time.monotonic() - since > peer.quiet_s)):
        await asyncio.sleep(0.2)
        now = await asyncio.to_thread(peer.count)
        if now[0] != last[0]:
            since = time.monotonic()
        last = now
    await flooding
    spent = sum(peer.process.cpu_times()[:2]) - cpu
    return FloodResult(last[0] - before, last[1] - shed, last[2], spent)


class Hub:
    """``hub serve`` with a temporary data folder, the default rules and history."""

    quiet_s = 1.0

    def __init__(self, process: psutil.Process, http: str) -> None:
        self.process = process
        self.http = http

    def poured(self, messages: int) -> None: ...

    def count(self) -> tuple[int, int, float]:
        with urllib.request.urlopen(f"http://{self.http}/api/status") as answer:
            status = json.load(answer)
        counters = status["counters"]
        processed = counters["stored"] + counters["duplicates"] + counters["rejected"] + counters["shed"]
        return processed, counters["shed"], (status["store"]["last_commit"] or 0) / 1_000


@contextlib.asynccontextmanager
async def hub(
    port: int,
    window: int,
    rules: str | None = None,
    calculated: str = "",
    reactions: str = "",
    settings: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[Hub]:
    """Run ``hub serve``. It acknowledges after the commit; ``window`` messages may be unacknowledged.

    ``rules`` is the text of ``rules.toml``, None for the default rules; ``calculated`` and ``reactions`` are those of
    their files. ``settings`` are further ones, as environment variables.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        http = f"127.0.0.1:{probe.getsockname()[1]}"
    with tempfile.TemporaryDirectory(prefix="ingest-") as data:
        (Path(data) / "calculated.toml").write_text(calculated)
        (Path(data) / "reactions.toml").write_text(reactions)
        if rules is not None:
            (Path(data) / "rules.toml").write_text(rules)
        environ = {**os.environ, "HUB_MQTT_WINDOW": str(window), "HUB_AI_MODE": "builtin", **settings}
        command = ("-m", "hub", "serve", "--mqtt", f"127.0.0.1:{port}", "--http", http, "--data", data)
        child = await asyncio.create_subprocess_exec(
            sys.executable, *command, env=environ, stdout=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.DEVNULL
        )
        assert child.stdout is not None
        try:
            line = await asyncio.wait_for(child.stdout.readline(), 60)
            assert line.startswith(b"ready"), line
            yield Hub(psutil.Process(child.pid), http)
        finally:
            child.terminate()
            await child.wait()


class MosquittoSub:
    """``mosquitto_sub`` that writes each payload to a file, so that its progress can be measured from outside."""

    quiet_s = 1.0

    def __init__(self, process: psutil.Process, output: Path, size: int) -> None:
        self.process = process
        self._output = output
        self._line = size + 1

    def poured(self, messages: int) -> None: ...

    def count(self) -> tuple[int, int, float]:
        kept = self._output.stat()
        return kept.st_size // self._line, 0, kept.st_mtime


@contextlib.asynccontextmanager
async def mosquitto_sub(port: int, qos: int, window: int, size: int) -> AsyncIterator[MosquittoSub]:
    """Run ``mosquitto_sub``. ``size`` is the length of each payload in bytes."""
    program = shutil.which("mosquitto_sub")
    assert program, "this benchmark needs mosquitto_sub: apt install mosquitto-clients"
    with tempfile.TemporaryDirectory(prefix="ingest-") as folder:
        output = Path(folder) / "taken"
        words = ["-p", str(port), "-q", str(qos), "-t", "devices/#", "-V", "5", "-D", "connect", "receive-maximum"]
        with output.open("wb") as file:
            child = await asyncio.create_subprocess_exec(program, *words, str(window), stdout=file)
        try:
            await asyncio.sleep(0.5)  # it does not report when it is subscribed
            yield MosquittoSub(psutil.Process(child.pid), output, size)
        finally:
            child.terminate()
            await child.wait()
