"""Speed of queries on the history, and its size on disk.

``python -m benchmarks.history [--points 5000000] [--digits 2] [--data DIR]``

The benchmark fills a store through its public interface, as the pipeline does. Devices with four metrics report once a
second for a day, 1,000 messages a commit. All values differ (a random walk with noise), and times have a jitter of some
ms. Then it queries the day of random series as 500 buckets and in other shapes; with random series, caches help no more
than in normal use. CPU time is that of all threads. Bytes per point are the size of the whole file after compaction,
divided by the number of points.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from hub.model import Record, SeriesQuery
from hub.store.base import Delta, Retention
from hub.store.sqlite import SqliteStore

DAY = 86_400
METRICS = ("temperature", "vibration", "current", "speed")
START = 1_795_046_400_000
COMMIT = 1_000
ROUNDS = 60


def messages(devices: int, digits: int, seed: int = 1) -> Iterator[list[Record]]:
    """Yield a day of all devices, commit by commit."""
    draw = np.random.default_rng(seed)
    level = draw.uniform(20, 90, (devices, len(METRICS)))
    batch: list[Record] = []
    for second in range(DAY):
        level += draw.normal(0, 0.05, level.shape)
        values = np.round(level + draw.normal(0, 0.4, level.shape), digits).tolist()
        jitter = draw.integers(0, 25, devices).tolist()
        for device in range(devices):
            ts = START + second * 1_000 + jitter[device]
            batch.append(Record(f"machine-{device:04}", ts, ts, dict(zip(METRICS, values[device], strict=True))))
            if len(batch) == COMMIT:
                yield batch
                batch = []
    yield batch


async def fill(store: SqliteStore, points: int, digits: int) -> int:
    devices = -(-points // (DAY * len(METRICS)))
    cursor, started = 0, time.process_time()
    for batch in messages(devices, digits):
        cursor += len(batch)
        await store.commit(1, Delta(cursor, batch))
    await store.tidy()
    spent = time.process_time() - started
    stored = cursor * len(METRICS)
    print(f"{stored:,} points of {devices * len(METRICS)} series, {COMMIT} messages a commit")
    print(f"CPU time of all threads, including the generation of points: {spent / stored * 1e6:.2f} µs a point")
    return devices


async def timed(store: SqliteStore, name: str, devices: int, start: int, end: int, *shape: object) -> None:
    draw, took, spent, found = random.Random(7), list[float](), list[float](), 0
    for _ in range(ROUNDS):
        device, metric = f"machine-{draw.randrange(devices):04}", draw.choice(METRICS)
        query = SeriesQuery(device, metric, start, end, *shape)
        began, cpu = time.perf_counter(), time.process_time()
        [series] = await store.history([query])
        took.append((time.perf_counter() - began) * 1000)
        spent.append((time.process_time() - cpu) * 1000)
        found = len(series.points)
    took.sort()
    median, high = statistics.median(took), took[int(ROUNDS * 0.95)]
    wall = f"{median:5.1f} ms median, {high:5.1f} p95, {took[0]:4.1f} to {took[-1]:5.1f}"
    print(f"{name:<40} {wall}; CPU {statistics.median(spent):4.1f}; {found} points")


async def run_queries(store: SqliteStore, devices: int) -> None:
    end = START + DAY * 1_000 - 1
    await timed(store, "a day (86,400 points) as 500 buckets", devices, START, end, 500)
    await timed(store, "a day as 2,000 buckets", devices, START, end, 2_000)
    await timed(store, "a day as 100 buckets (by the minutes)", devices, START, end, 100)
    await timed(store, "an hour as 500 buckets", devices, end - 3_600_000, end, 500)
    await timed(store, "a day thinned to 500 points (lttb)", devices, START, end, 500, 0, "lttb")
    await timed(store, "a day thinned to 500 points (minmax)", devices, START, end, 500, 0, "minmax")
    await timed(store, "a day, every point", devices, START, end, None, 100_000)


async def run(points: int, digits: int, data: Path) -> None:
    store = SqliteStore.open(data)
    if (await store.load()).cursor:
        sys.exit(f"{data} has a history already. Pass an empty folder.")
    devices = await fill(store, points, digits)
    await store.close()
    store = SqliteStore.open(data)  # which truncates SQLite's write-ahead log
    stored = devices * len(METRICS) * DAY
    size = store.path.stat().st_size
    print(f"{size / stored:.2f} bytes a point on disk ({size / 1e6:.0f} MB), rollups included")
    await run_queries(store, devices)
    # Query the minutes after the readings have expired.
    cut = START + 2 * DAY * 1_000
    while await store.expire([Retention(cut, 0, 0)]):
        pass
    await timed(store, "the same once only minutes are left: 500", devices, START, cut, 500)
    await store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=5_000_000)
    parser.add_argument(
        "--digits", type=int, default=2, help="decimals of a reading; 17 for the full precision of a double"
    )
    parser.add_argument("--data", type=Path, help="an empty folder (default: a temporary one)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(arguments.points, arguments.digits, arguments.data or Path(folder)))


if __name__ == "__main__":
    main()
