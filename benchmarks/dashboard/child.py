"""The hub's web server in its own process, fed 5,000 readings a second; ``feed.py`` connects to it.

    python -m benchmarks.dashboard.child DEVICES RATE      # prints its port

The readings are published on the event bus, as the pipeline does after a commit, so that this process costs little more
than feeding the pages. Registry, bus, broadcaster and web server are the hub's own.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
from itertools import cycle, islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

import uvloop

from api_hub import ApiHub, now_ms, running_hub
from hub.events import DeviceDiscovered, ReadingsStored
from hub.model import Identity, Info, Record

EVERY_S = 0.05


async def feed(hub: ApiHub, devices: int, rate: int) -> None:
    """Publish readings of the devices in turn, without end."""
    registry, bus = hub.services.registry, hub.services.bus
    names = [f"machine-{number:05d}" for number in range(devices)]
    now = now_ms()
    for name in names:
        info = Info(name=name.title(), area=f"Hall {hash(name) % 24}", units={"temperature": "°C", "flow": "m³/h"})
        registry.identify(Identity(name, name, "native", info), now)
    bus.publish([DeviceDiscovered(name, now) for name in names])
    names_in_turn, rng = cycle(names), random.Random(1)
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        now = now_ms()
        records = [
            Record(
                name,
                now,
                now,
                {"temperature": round(rng.gauss(60, 1), 2), "flow": round(rng.random(), 3)},
            )
            for name in islice(names_in_turn, int(rate * EVERY_S))
        ]
        for record in records:
            registry.observe(record)
        bus.publish([ReadingsStored(records, now)])
        due += EVERY_S
        await asyncio.sleep(max(0.0, due - loop.time()))


async def main(devices: int, rate: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with running_hub(Path(folder), live_clients=128) as hub:
            feeding = asyncio.create_task(feed(hub, devices, rate), name="feed")
            print(hub.port, flush=True)
            await asyncio.to_thread(sys.stdin.read)  # until the parent process exits
            feeding.cancel()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2])))
