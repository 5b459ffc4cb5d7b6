"""Duration of a backtest by kind of rule: one rule on one series of 7 days with a reading every 10 s.

``python -m benchmarks.backtest [--days 7] [--data DIR]``

The readings are committed to a store and compacted, then read and replayed through the service behind
``POST /api/rules/backtest``. The values are a daily course with noise. Each rule raises alerts, except ``no_data``.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import random
import tempfile
import time
from pathlib import Path

from hub.model import Identity, Record
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine, parse
from hub.services.backtests import Backtests
from hub.store.base import Delta
from hub.store.sqlite import SqliteStore

START = 1_795_046_400_000
INTERVAL_MS = 10_000
DAY_MS = 86_400_000
RULES = {
    "threshold": 'metric = "t"\nabove = 66\nclear = 60\nfor = "30s"',
    "range": 'kind = "range"\nmetric = "t"\noutside = [30, 70]',
    "rate": 'kind = "rate"\nmetric = "t"\nby = 8\nwithin = "1m"',
    "stuck": 'kind = "stuck"\nmetric = "t"\nfor = "5m"\ntolerance = 4',
    "no_data": 'kind = "no_data"\nsilence = "5m"',
}


def records(days: float) -> list[Record]:
    draw = random.Random(1)
    found = []
    for number in range(int(days * DAY_MS / INTERVAL_MS)):
        ts = START + number * INTERVAL_MS
        value = 50 + 18 * math.sin(2 * math.pi * ts / DAY_MS) + draw.gauss(0, 2)
        found.append(Record("sensor", ts, ts, {"t": round(value, 2)}))
    return found


async def measure(data: Path, days: float) -> None:
    store, registry = SqliteStore.open(data), DeviceRegistry()
    registry.identify(Identity("sensor", "sensor", "native"), START)
    stored = records(days)
    for first in range(0, len(stored), 5_000):
        batch = stored[first : first + 5_000]
        await store.commit(1, Delta(first + len(batch), batch))
    await store.tidy()
    registry.observe(stored[-1])
    backtests = Backtests(Engine([]).applies, registry, store)
    print(f"{len(stored):,} readings in {days:g} days")
    for name, keys in RULES.items():
        (rule,) = parse(f'[[rule]]\nid = "{name}"\n{keys}\n')
        wall, cpu = time.perf_counter(), time.process_time()
        found = await backtests.run(rule, None, START, stored[-1].ts)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(f"{name:10} {wall:6.2f} s, CPU {cpu:6.2f} s, fired {found.rule.count} times")
    await store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=float, default=7)
    parser.add_argument("--data", type=Path, help="folder for the store; default: a temporary one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(options.data or Path(folder), options.days))


if __name__ == "__main__":
    main()
