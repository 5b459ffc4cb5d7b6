"""Cost of open dashboard pages for the hub: of 50 at once, of one that reads slowly, and of a hidden one.

The hub runs in its own process (``child.py``), so its CPU time is measured alone. The pages here only receive frames
and acknowledge them.
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
"""Matches the beginning of a frame, which is enough to acknowledge it. Parsing the rest is no cost of the hub."""
SLOW_S = 1.0
"""The slow page waits this long after each message."""


@contextmanager
def hub(devices: int, rate: int) -> Iterator[tuple[int, psutil.Process]]:
    """Start a fed hub. Yield its port and its process."""
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
    """The WebSocket client of a page, without a browser.

    ``frames`` has one entry per frame: when it was read, the time of the hub in the frame, and its length.
    """

    pause: float = 0.0
    frames: list[tuple[float, float, int]] = field(default_factory=list)
    socket: Any = None

    async def run(self, port: int) -> None:
        options = {"origin": f"http://127.0.0.1:{port}", "max_size": None, "compression": None, "proxy": None}
        # A small buffer, like that of a browser whose page does not read: frames in flight are old when they are read.
        async with websockets.connect(f"ws://127.0.0.1:{port}/api/live", max_queue=1, **options) as self.socket:
            await self.send(type="hello")
            async for text in self.socket:
                if self.pause:
                    await asyncio.sleep(self.pause)
                match = FRAME.match(text)
                if match:
                    self.frames.append((time.time(), int(match[3]) / 1000, len(text)))
                    await self.send(type="ack", seq=int(match[2]))

    async def send(self, **message: object) -> None:
        await self.socket.send(json.dumps(message))

    def staleness(self) -> float:
        """Return the largest age in seconds that a frame had when it was read."""
        return max((read - stamped for read, stamped, _ in self.frames), default=0.0)


@asynccontextmanager
async def open_pages(port: int, pages: list[Page]) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(page.run(port), name=f"page-{k}") for k, page in enumerate(pages)]
        await asyncio.sleep(4)  # snapshots
        yield
        for task in tasks:
            task.cancel()


async def cpu(process: psutil.Process, seconds: float) -> float:
    """Return the milliseconds of CPU that the process uses in a second."""
    before, started = process.cpu_times(), time.monotonic()
    await asyncio.sleep(seconds)
    after, took = process.cpu_times(), time.monotonic() - started
    return (after.user + after.system - before.user - before.system) * 1000 / took


async def cost_of_pages(port: int, process: psutil.Process, count: int, seconds: float) -> tuple[float, float, float]:
    """Return the hub's CPU without and with ``count`` pages (ms/s), and the frames a second of each page."""
    alone = await cpu(process, seconds)
    pages = [Page() for _ in range(count)]
    async with open_pages(port, pages):
        before = sum(len(page.frames) for page in pages)
        together = await cpu(process, seconds)
        frames = (sum(len(page.frames) for page in pages) - before) / count / seconds
    await asyncio.sleep(1)
    return alone, together, frames


async def staleness_of_slow_page(port: int, seconds: float) -> tuple[float, float, float]:
    """Return the staleness of a slow page and of another page, and the other page's frames a second."""
    slow_page, neighbour = Page(pause=SLOW_S), Page()
    async with open_pages(port, [slow_page, neighbour]):
        slow_page.frames.clear()
        neighbour.frames.clear()
        await asyncio.sleep(seconds)
    return slow_page.staleness(), neighbour.staleness(), len(neighbour.frames) / seconds


async def frames_of_hidden_page(port: int, seconds: float) -> tuple[int, int, float]:
    """Hide a page, show it again, and count its frames.

    Returns:
        The number of frames while the page was hidden, their number in the 0.1 s after, and the length of the first of
        those relative to a usual frame.
    """
    page = Page()
    async with open_pages(port, [page]):
        usual_length = page.frames[-1][2]
        await page.send(type="hidden", hidden=True)
        await asyncio.sleep(1)
        page.frames.clear()
        await asyncio.sleep(seconds)
        silent = len(page.frames)
        await page.send(type="hidden", hidden=False)
        while not page.frames:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        return silent, len(page.frames), page.frames[0][2] / usual_length
