"""Accuracy of the anomaly detectors on labelled data, their false alarms on healthy machines, and their cost.

    python -m benchmarks.anomalies                       cost, and false alarms on healthy independent machines
    python -m benchmarks.anomalies --nab DIR --skab DIR  public data that you have downloaded

NAB (Numenta Anomaly Benchmark) is scored in its three profiles, with three thresholds: the best one for all files, as
in its leaderboard; for each file the best one for the other 57 files; and the fixed levels of the hub, which were
chosen on healthy machines. SKAB (Skoltech Anomaly Benchmark) is scored like its leaderboard for outliers. The
parameters of the bands were chosen on its even experiments, so the odd ones are also scored alone. Healthy machines run
for two weeks, of which the second counts. As in the hub, the detectors get five-minute means, or the readings if these
are less frequent.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.independent import MACHINES
from benchmarks.independent.machine import DAY_S, Injection
from benchmarks.truth import nab, skab
from hub.insight.anomalies import ALERT_SCORE, UNUSUAL_SCORE, BandDetector, ExtremesDetector
from hub.rules.kinds.anomaly import SENSITIVITIES, Anomaly

Reading = tuple[int, float]

SEEDS = range(2_000, 2_003)
"""Seeds of the healthy machines. The levels of the detectors were chosen on other seeds."""
FAULT_SEED = 3_000
HELD_MS = 600_000
READING_S, PART_S = 60.0, 300.0
"""Interval of the simulated readings (at least a minute, to save time), and the period of a mean, in seconds."""


def extremes_of_nab(folder: Path) -> Iterator[str]:
    """Yield the scores of the extremes detector on NAB."""
    files = list(nab.read(folder))
    scores = [ExtremesDetector().update(file.values).score for file in files]
    profiles = {"standard": nab.STANDARD, "low FP": nab.LOW_FALSE_ALARMS, "low FN": nab.LOW_MISSES}
    yield f"{len(files)} files, {sum(len(file.windows) for file in files)} windows"
    for name, profile in profiles.items():
        threshold, best = nab.best_threshold(files, scores, profile)
        yield (
            f"{name}: {best:.1f} with the best threshold ({threshold:.3f}), "
            f"{nab.score_with_threshold_of_others(files, scores, profile):.1f} with that of the other files, "
            f"{nab.corpus_score(files, scores, UNUSUAL_SCORE, profile):.1f} with UNUSUAL_SCORE ({UNUSUAL_SCORE}), "
            f"{nab.corpus_score(files, scores, ALERT_SCORE, profile):.1f} with ALERT_SCORE ({ALERT_SCORE})"
        )


def bands_of_skab(folder: Path) -> Iterator[str]:
    """Yield the scores of the bands on SKAB."""
    labels, flagged = [], []
    for _, path in skab.files(folder):
        _, values, label = skab.read(path)
        columns = np.stack(list(values.values()), axis=1)
        labels.append(label)
        flagged.append(BandDetector(columns.shape[1]).update(columns).anomalous.any(axis=1).astype(np.float64))
    for name, part in (("all", slice(None)), ("even", slice(0, None, 2)), ("odd", slice(1, None, 2))):
        f1, false_alarms, missed = skab.outlier_score(labels[part], flagged[part])
        count = len(labels[part])
        yield f"{name} {count} experiments: F1 {f1:.3f}, false alarms {false_alarms:.1%}, missed {missed:.1%}"


def healthy() -> Iterator[str]:
    """Yield the number of marks and alerts on healthy machines, per device and day: all of them are false alarms."""
    found = []
    for kind, machine in MACHINES.items():
        for seed in SEEDS:
            draw = np.random.default_rng([seed, *map(ord, kind)])
            low, high = machine.period_s
            interval = max(READING_S, float(np.exp(draw.uniform(np.log(low), np.log(high)))))
            made = machine(np.random.default_rng(draw.integers(2**63)))
            times = np.arange(0.0, 14 * DAY_S, interval)
            values = made.simulate(times, None)
            numbers = [role for role, metric in made.metrics.items() if metric.kind == "number"]
            _, starts = np.unique(times // PART_S, return_index=True)
            sizes = np.diff(starts, append=len(times))
            sums = [np.add.reduceat(np.asarray(values[role], dtype=np.float64), starts) for role in numbers]
            columns = np.stack([column / sizes for column in sums], axis=1)
            second = times[starts] >= 7 * DAY_S
            scores = np.stack([ExtremesDetector().update(column).score for column in columns.T], axis=1)[second]
            outside = BandDetector(columns.shape[1]).update(columns).anomalous.any(axis=1)[second]
            highest = scores.max(axis=1)
            counts = [np.count_nonzero(highest >= level) / 7 for level in (UNUSUAL_SCORE, ALERT_SCORE)]
            found.append((*counts, float(outside.mean())))
            yield f"{kind}, every {max(interval, PART_S):.0f} s: {counts[0]:.2f} marks, {counts[1]:.2f} alerts a day"
    mark, alert, outside = np.mean(found, axis=0)
    yield f"all {len(found)}: {mark:.2f} marks and {alert:.2f} alerts a device and day"
    yield f"outside a band: {outside:.0%} of the time, so a band alone raises nothing (daily cycles leave it)"


def simulated(kind: str, seed: int, days: int, injection: Injection | None) -> Iterator[list[Reading]]:
    """Yield the readings of each numeric metric of a machine: (ms, value)."""
    draw, machine = np.random.default_rng([seed, *map(ord, kind)]), MACHINES[kind]
    low, high = machine.period_s
    interval = max(READING_S, float(np.exp(draw.uniform(np.log(low), np.log(high)))))
    made = machine(np.random.default_rng(draw.integers(2**63)))
    times = np.arange(0.0, days * DAY_S, interval)
    values = made.simulate(times, injection)
    for role, metric in made.metrics.items():
        if metric.kind == "number":
            yield list(zip((times * 1000).astype(np.int64).tolist(), values[role].tolist(), strict=True))


def alerts(sensitivity: str, readings: Sequence[Reading], since: float) -> int:
    """Return the number of alerts that an ``anomaly`` rule with ``for = "10m"`` raises from ``since`` (seconds) on."""
    rule, points, begun, raised, count = Anomaly(sensitivity), list[Reading](), None, False, 0
    for ts, value in readings:
        amount = rule.measure(points, value, ts)
        if amount is None or not rule.exceeded(amount, raised=raised):
            begun, raised = None, False
            continue
        begun = ts if begun is None else begun
        if not raised and ts - begun >= HELD_MS:
            raised = True
            count += ts >= since * 1000
    return count


def rules() -> Iterator[str]:
    """Yield how many alerts rules of the kind ``anomaly`` raise on healthy machines, and how many faults they find."""
    days, false = 0, Counter[str]()
    found, faults = Counter[str](), 0
    for kind, machine in MACHINES.items():
        for seed in SEEDS[:2]:
            days += 7
            for readings in simulated(kind, seed, 14, None):
                false.update({each: alerts(each, readings, 7 * DAY_S) for each in SENSITIVITIES})
        for fault in machine.faults:
            faults += 1
            begin = 4 * DAY_S + 3_600
            injection = Injection(fault.id, begin, min(fault.seconds[1], 6 * 3_600.0))
            series = list(simulated(kind, FAULT_SEED, 6, injection))
            found.update({each: any(alerts(each, one, begin) for one in series) for each in SENSITIVITIES})
    for each in SENSITIVITIES:
        yield f"{each}: {false[each] / days:.2f} alerts a healthy device and day, {found[each]} of {faults} faults"


def cost() -> Iterator[str]:
    """Yield the CPU time per reading, and the size of the state per metric, of both detectors."""
    values = np.random.default_rng(1).normal(size=100_000)
    for batch in (10, 100, 1_000, 10_000):
        extremes, count = ExtremesDetector(), min(len(values), 1_000 * batch)
        spent = time.process_time()
        for at in range(0, count, batch):
            extremes.update(values[at : at + batch])
        spent = time.process_time() - spent
        yield f"extremes, {batch} readings at a time: {spent / count * 1e6:.2f} µs a reading"
    columns = values.reshape(-1, 10)
    bands = BandDetector(10)
    spent = time.process_time()
    bands.update(columns)
    yield f"bands, 10 metrics: {(time.process_time() - spent) / len(values) * 1e6:.2f} µs a reading"
    yield f"state: extremes {len(extremes.to_bytes()):,} bytes, bands {len(bands.to_bytes()) // 10:,} bytes a metric"


def main() -> int:
    """Print the figures. Return 0, the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.anomalies", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    for name in ("nab", "skab"):
        parser.add_argument(f"--{name}", type=Path, help="folder of the downloaded data")
    arguments = parser.parse_args()
    sections = (
        ("NAB, extremes", extremes_of_nab(arguments.nab) if arguments.nab else None),
        ("SKAB, bands", bands_of_skab(arguments.skab) if arguments.skab else None),
        ("Healthy independent machines", healthy()),
        ("Rules of the kind anomaly", rules()),
        ("Cost", cost()),
    )
    for title, lines in sections:
        print(f"## {title}\n", flush=True)
        for line in lines if lines is not None else ["not run: the folder of its data is not given"]:
            print(f"- {line}", flush=True)
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
