"""What the pages cost the hub: 50 at once, one that reads slowly, one that is hidden.

The hub runs in a process of its own (``child.py``), so its CPU time is its own. The pages here only take frames and
acknowledge them.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import websockets

ROOT = Path(__file__).parents[2]
FRAME = re.compile(r'^\{"type":"(snapshot|delta)"(?:,"epoch":"\w+")?,"seq":(\d+),"ts":(\d+)')
"""The beginning of a frame: enough to acknowledge it. A page parses it all, which is not the hub's cost."""
SLOW_S = 1.0
"""The slow page takes this long over each message."""


@contextmanager
def hub(devices: int, rate: int) -> Iterator[tuple[int, psutil.Process]]:
    """A fed hub; its port and its process."""
    words = [sys.executable, "-m", "benchmarks.dashboard.child", str(devices), str(rate)]
    child = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        yield int(child.stdout.readline()), psutil.Process(child.pid)
    finally:
        child.terminate()
        child.wait(10)


@dataclass
class Page:
    """One page: frames it got as (when it had read it, the hub's time in it, its length)."""

    pause: float = 0.0
    frames: list[tuple[float, float, int]] = field(default_factory=list)
    socket: Any = None

    async def run(self, port: int) -> None:
        options = {"origin": f"http://127.0.0.1:{port}", "max_size": None, "compression": None, "proxy": None}
        # A small buffer, as a browser has whose page does not read: what is in flight is old by the time it is read.
        async with websockets.connect(f"ws://127.0.0.1:{port}/api/live", max_queue=1, **options) as self.socket:
            await self.say(type="hello")
            async for text in self.socket:
                if self.pause:
                    await asyncio.sleep(self.pause)
                match = FRAME.match(text)
                if match:
                    self.frames.append((time.time(), int(match[3]) / 1000, len(text)))
                    await self.say(type="ack", seq=int(match[2]))

    async def say(self, **message: object) -> None:
        await self.socket.send(json.dumps(message))

    def staleness(self) -> float:
        """Seconds by which the oldest frame was out of date when it had been read."""
        return max((read - told for read, told, _ in self.frames), default=0.0)


@asynccontextmanager
async def looking(port: int, pages: list[Page]) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(page.run(port), name=f"page-{k}") for k, page in enumerate(pages)]
        await asyncio.sleep(4)  # snapshots
        yield
        for task in tasks:
            task.cancel()


async def cpu(process: psutil.Process, seconds: float) -> float:
    """Milliseconds of CPU a second."""
    before, started = process.cpu_times(), time.monotonic()
    await asyncio.sleep(seconds)
    after, took = process.cpu_times(), time.monotonic() - started
    return (after.user + after.system - before.user - before.system) * 1000 / took


async def many(port: int, process: psutil.Process, count: int, seconds: float) -> tuple[float, float, float]:
    """CPU without a page and with ``count`` (ms/s), and the frames a second that each got."""
    alone = await cpu(process, seconds)
    pages = [Page() for _ in range(count)]
    async with looking(port, pages):
        before = sum(len(page.frames) for page in pages)
        together = await cpu(process, seconds)
        frames = (sum(len(page.frames) for page in pages) - before) / count / seconds
    await asyncio.sleep(1)
    return alone, together, frames


async def slow(port: int, seconds: float) -> tuple[float, float, float]:
    """How stale a page that takes a second a message is; how stale its neighbour is, and its frames a second."""
    dawdler, neighbour = Page(pause=SLOW_S), Page()
    async with looking(port, [dawdler, neighbour]):
        dawdler.frames.clear()
        neighbour.frames.clear()
        await asyncio.sleep(seconds)
    return dawdler.staleness(), neighbour.staleness(), len(neighbour.frames) / seconds


async def hidden(port: int, seconds: float) -> tuple[int, int, float]:
    """Frames while hidden; those in the first 0.1 s after; the first one's length against a usual one's."""
    page = Page()
    async with looking(port, [page]):
        usual = page.frames[-1][2]
        await page.say(type="hidden", hidden=True)
        await asyncio.sleep(1)
        page.frames.clear()
        await asyncio.sleep(seconds)
        silent = len(page.frames)
        await page.say(type="hidden", hidden=False)
        while not page.frames:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        return silent, len(page.frames), page.frames[0][2] / usual
