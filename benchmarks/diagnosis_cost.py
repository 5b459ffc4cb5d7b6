"""CPU time of one diagnosis over seven days of history: eight metrics at 1 Hz, one of which drifts for three days.

    .venv/bin/python -m benchmarks.diagnosis_cost

It prints two medians: the time for computing the evidence and ranking causes, and the time for converting the points of
the store to series.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

from hub.diagnosis.investigation import WEEK_MS
from hub.insight import InvestigationInput, MetricSeries, evidence, rank
from hub.model import Alert, Point

NOW = 1_795_384_800_000
METRICS, RUNS = 8, 15
HOURS_MS, FINE_MS = 2 * 3_600_000, 8 * 3_600_000
"""A diagnosis reads single readings of 2 hours, 2-minute means up to 8 hours back, and 10-minute means before that."""


def shape(times: np.ndarray, number: int) -> np.ndarray:
    """Return values with a daily course, noise and, for the first metric, a drift over three days."""
    seconds = (times - NOW) / 1000
    noise = np.random.default_rng(number).normal(0, 0.3, len(times))
    drift = np.clip(seconds + 3 * 86_400, 0, None) * 5e-5 if number == 0 else 0.0
    return np.asarray(20 + 4 * np.sin(2 * np.pi * seconds / 86_400 + number) + noise + drift)


def readings(number: int) -> list[Point]:
    """Return the readings of the last two hours."""
    times = np.arange(NOW - HOURS_MS, NOW + 1, 1_000)
    return [*zip(times.tolist(), shape(times, number).tolist(), strict=True)]


def means(number: int, start: int, end: int, width: int) -> list[Point]:
    """Return buckets from ``start`` to ``end`` (ms)."""
    times = np.arange(start, end, width)
    return [(t, v, v, v, width // 1_000) for t, v in zip(times.tolist(), shape(times, number).tolist(), strict=True)]


def median_ms(work: Callable[[], object]) -> float:
    """Return the median CPU time of ``work`` in milliseconds."""
    took = []
    for _ in range(RUNS):
        started = time.process_time()
        work()
        took.append(time.process_time() - started)
    return statistics.median(took) * 1000


def main() -> None:
    """Print the figures."""
    names = [f"m{number}" for number in range(METRICS)]
    points = [readings(number) for number in range(METRICS)]
    parts = [
        (
            (means(number, NOW - WEEK_MS, NOW - FINE_MS, 600_000), 600_000),
            (means(number, NOW - FINE_MS, NOW, 120_000), 120_000),
        )
        for number in range(METRICS)
    ]

    def series() -> tuple[dict[str, MetricSeries], dict[str, MetricSeries]]:
        return (
            {name: MetricSeries.of(name, "u", each) for name, each in zip(names, points, strict=True)},
            {name: MetricSeries.of_means(name, "u", each, NOW) for name, each in zip(names, parts, strict=True)},
        )

    hours, week = series()
    alert = Alert("a", "r", "d", "m0", "critical", "raised", "", 38.0, 37.0, "u", NOW - 5_000, NOW)
    case = InvestigationInput("d", NOW, hours, alert, week=week)
    found = evidence(case)
    print(f"evidence of {METRICS} metrics: {median_ms(lambda: evidence(case)):.0f} ms, {len(found)} findings")
    print(f"ranking of causes: {median_ms(lambda: rank(found, semantics=case.semantics)):.0f} ms")
    print(f"points to series: {median_ms(series):.0f} ms")


if __name__ == "__main__":
    main()
