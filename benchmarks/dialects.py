"""What decoding costs: microseconds a message that holds readings, for each dialect, over its vectors.

    .venv/bin/python -m benchmarks.dialects

Each message is decoded again and again, and what it teaches is applied, as the pipeline does it with a device that is
known; of the rounds the fastest counts, so that other work on the machine does not. Median and slowest message.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import Any

from hub.errors import Rejected

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from conformance import MAKE, RECEIVED, Registry, message, vectors

ROUNDS, TIMES = 20, 100


def main() -> None:
    for name, make in MAKE.items():
        costs = [cost for vector in vectors(name) if (cost := _cost(vector, make())) is not None]
        print(f"{name:14} {len(costs):4} messages: {statistics.median(costs):5.1f} µs, slowest {max(costs):5.1f} µs")


def _cost(vector: dict[str, Any], dialect: Any) -> float | None:
    """Microseconds; None for a message without readings."""
    registry, heard = Registry(), message(vector, RECEIVED)
    try:
        for given in vector.get("given", ()):
            registry.hear(dialect, message(given, RECEIVED))
        if not any(record.values for record in registry.hear(dialect, heard).records):
            return None
    except Rejected:
        return None
    rounds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for _ in range(TIMES):
            for change in dialect.decode(heard, registry).changes:
                dialect.apply(change)
        rounds.append((time.perf_counter() - started) / TIMES)
    return min(rounds) * 1e6


if __name__ == "__main__":
    main()
