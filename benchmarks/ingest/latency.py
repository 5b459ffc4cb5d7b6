"""Latency from a reading to the browser, and the effect of a flood on it and on the hub's memory.

    python -m benchmarks.ingest.latency [--seconds 20]

Runs ``hub serve``, Mosquitto, and the dashboard in a real Chromium. Fifty quiet devices publish the current time; the
page records when it received and when it had painted each value. The frame interval adds up to 250 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import shutil
import statistics
import sys
import threading
import time
import urllib.request
from collections.abc import AsyncIterator
from typing import NamedTuple

import paho.mqtt.client as paho
from playwright.async_api import Page, async_playwright

from benchmarks.ingest.peers import Hub, hub
from hub.mqtt.demo_broker import DemoBroker

PROBES = 50
LISTEN = """() => {
  window.waits = [];
  const Plain = window.WebSocket;
  window.WebSocket = class extends Plain {
    constructor(...words) {
      super(...words);
      this.addEventListener('message', (event) => {
        const message = JSON.parse(event.data);
        const sent = message.type === 'delta' && message.m && message.m.sent;
        if (!sent) return;
        const now = Date.now();
        requestAnimationFrame(() => setTimeout(() => {
          for (const value of sent[1]) window.waits.push([now - value, Date.now() - value]);
        }));
      });
    }
  };
}"""


class BackgroundLoad(NamedTuple):
    """Load in addition to the probes: ``rate`` messages a second; 0: as fast as possible, None: no load."""

    name: str
    devices: int
    rate: int | None


LOADS = (
    BackgroundLoad("nothing else", 0, None),
    BackgroundLoad("5,000 messages a second from 1,000 devices", 1_000, 5_000),
    BackgroundLoad("one device that floods", 1, 0),
    BackgroundLoad("1,000 devices that flood", 1_000, 0),
)


@contextlib.asynccontextmanager
async def apply_load(load: BackgroundLoad, port: int) -> AsyncIterator[None]:
    if load.rate is None:
        yield
        return
    words = [sys.executable, "-m", "benchmarks.ingest.steady", str(port), str(load.devices), str(load.rate)]
    child = await asyncio.create_subprocess_exec(*words)
    try:
        yield
    finally:
        assert child.returncode is None, "the load generator has failed"
        child.terminate()
        await child.wait()


class Probes(threading.Thread):
    """Quiet devices that publish at QoS 1 every 1 to 2 s, so that no frame has two readings of the same device."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._finished = threading.Event()

    def run(self) -> None:
        turn = 0
        while not self._finished.wait(random.uniform(1.0, 2.0) / PROBES):
            body = json.dumps({"sent": time.time_ns() // 1_000_000})
            self._client.publish(f"devices/probe-{turn % PROBES:02d}/telemetry", body, qos=1)
            turn += 1

    def finish(self) -> None:
        self._finished.set()
        self.join()
        self._client.disconnect()
        self._client.loop_stop()


def p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


def counters(served: Hub) -> dict[str, int]:
    with urllib.request.urlopen(f"http://{served.http}/api/status") as answer:
        found: dict[str, int] = json.load(answer)["counters"]
    return found


async def measure(load: BackgroundLoad, served: Hub, page: Page, port: int, seconds: float) -> None:
    async with apply_load(load, port):
        await asyncio.sleep(3)
        await page.evaluate("window.waits.length = 0")
        before, sizes = await asyncio.to_thread(counters, served), list[float]()
        for _ in range(int(2 * seconds)):
            await asyncio.sleep(0.5)
            sizes.append(served.process.memory_info().rss / 1e6)
        after = await asyncio.to_thread(counters, served)
        waits = await page.evaluate("window.waits")
    received, shed = (after[name] - before[name] for name in ("received", "shed"))
    print(f"\n{load.name}: {received / seconds:,.0f} messages a second, {shed:,} of {received:,} shed")
    assert len(waits) > 50, f"only {len(waits)} readings reached the page"
    for what, values in (("in the page", [w[0] for w in waits]), ("painted", [w[1] for w in waits])):
        middle, worst = statistics.median(values), p99(values)
        print(f"  {what:12} median {middle:,.0f} ms, p99 {worst:,.0f} ms ({len(values)} readings)")
    half = len(sizes) // 2
    print(
        f"  memory       at most {max(sizes[:half]):,.0f} MB in the first half, {max(sizes[half:]):,.0f} in the second"
    )
    await asyncio.sleep(3)  # drain the queues before the next load


async def main(seconds: float) -> None:
    broker = await DemoBroker.start("127.0.0.1", 0, kind="mosquitto")
    words = ["--no-sandbox"] if os.geteuid() == 0 else []
    try:
        async with hub(broker.port, 10_000) as served, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=words)
            page = await browser.new_page()
            await page.add_init_script(f"({LISTEN})()")
            probes = Probes(broker.port)
            probes.start()
            await page.goto(f"http://{served.http}/")
            await page.get_by_test_id("device-row").first.wait_for()
            for load in LOADS:
                await measure(load, served, page, broker.port, seconds)
            probes.finish()
            await browser.close()
    finally:
        await broker.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest.latency", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20, help="duration of each load in seconds (%(default)s)")
    asyncio.run(main(parser.parse_args().seconds))
