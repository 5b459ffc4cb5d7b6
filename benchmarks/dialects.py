"""Time for decoding a message in microseconds, for the messages with readings in the test vectors of each dialect.

    .venv/bin/python -m benchmarks.dialects

Each message is decoded repeatedly and its state changes are applied, as the pipeline does for a known device. The
fastest round counts, so that other load on the machine has no effect. Prints the median and the slowest message.
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
    """Return the microseconds, or None for a message without readings."""
    registry, raw = Registry(), message(vector, RECEIVED)
    try:
        for given in vector.get("given", ()):
            registry.hear(dialect, message(given, RECEIVED))
        if not any(record.values for record in registry.hear(dialect, raw).records):
            return None
    except Rejected:
        return None
    rounds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for _ in range(TIMES):
            for change in dialect.decode(raw, registry).changes:
                dialect.apply(change)
        rounds.append((time.perf_counter() - started) / TIMES)
    return min(rounds) * 1e6


if __name__ == "__main__":
    main()
