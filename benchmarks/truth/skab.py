"""SKAB, the Skoltech Anomaly Benchmark: a pump test bed at 1 Hz, 34 experiments with one fault each.

Katser and Kozitsin, 2020, doi 10.34740/KAGGLE/DSV/1693952; the repository is under GPL-3, so its data are downloaded by
whoever runs this. ``DIR`` is its folder ``data`` (``valve1/0.csv``) or holds files named ``valve1-0.csv``.

The faults are described in SKAB's documentation of its structure. Its pages disagree whether valve1 is at the inlet or
the outlet, so both answers count as right.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.truth.case import Case, Floats, Series, Truth

UNITS = {
    "Accelerometer1RMS": "g",
    "Accelerometer2RMS": "g",
    "Current": "A",
    "Pressure": "bar",
    "Temperature": "°C",
    "Thermocouple": "°C",
    "Voltage": "V",
    "Volume Flow RateRMS": "l/min",
}
PARTS = (
    r"pump|impeller|bearing|seal|motor|shaft|rotor|imbalance|unbalance|misalign|coupling|loose",
    r"valve|throttl|restrict|block|clog|strainer|suction|discharge|flow|pipe|leak|cavit|air|water|fluid|level|temperature",
    r"sensor|reading|drift|voltage|supply|load|speed|demand|process|operat",
)
_VALVE = (r"valve|throttl|close[ds]?|closing|restrict|block|clog|strainer|obstruct|dead.?head",)
_IMBALANCE = (r"imbalance|unbalance|out of balance",)
_SHAFT = (r"bearing|misalign|loose|coupling|rotor|shaft",)
_WATER = (r"leak|refill|level|fluid|water (added|lost|amount)|amount of water|make.?up|fill",)
_CAVITATION = (r"cavitat|two.?phase|air (in|entrain)|gas|vapou?r|npsh|suction (pressure|starv|restrict)",)
_LOW_WATER = (r"suction|level|low (water|flow)|dry|starv|leak|clog|strainer",)
TRUTHS = {
    "valve1": Truth(right=_VALVE, plausible=(r"suction|discharge|flow|demand|line|pipe",), parts=PARTS),
    "valve2": Truth(right=_VALVE, plausible=(r"suction|discharge|flow|demand|line|pipe",), parts=PARTS),
    **{f"other-{n}": Truth(right=_WATER, plausible=(r"flow|air|suction|pressure",), parts=PARTS) for n in range(1, 5)},
    **{f"other-{n}": Truth(right=_IMBALANCE, plausible=_SHAFT, parts=PARTS) for n in range(5, 10)},
    **{f"other-{n}": Truth(right=_WATER, plausible=(r"flow|pressure",), parts=PARTS) for n in (10, 11)},
    **{f"other-{n}": Truth(right=_CAVITATION, plausible=_LOW_WATER, parts=PARTS) for n in (12, 13)},
    "other-14": Truth(right=(r"(hot|warm)\w* (water|fluid|supply|inlet)|temperature of the (water|supply)|inlet temp",),
                      plausible=(r"heat|cool|temperature",), parts=PARTS),
}  # fmt: skip
ASKED_S = 60.0
"""Seconds from the beginning of the fault to the diagnosis, as after a rule with a hold time."""
_NAME = re.compile(r"(valve1|valve2|other)[-/](\d+)\.csv$")


def files(folder: Path) -> list[tuple[str, Path]]:
    """Return the experiments, as ``("valve1-0", path)``, in order."""
    found = [(match, path) for path in folder.rglob("*.csv") if (match := _NAME.search(path.as_posix()))]
    named = {(match[1], int(match[2])): path for match, path in found}
    return [(f"{kind}-{number}", named[kind, number]) for kind, number in sorted(named)]


def read(path: Path) -> tuple[Floats, dict[str, Floats], Floats]:
    """Return times (epoch seconds, the rig's clock taken as UTC), values by column, and the labels (0 or 1)."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    times = np.array([datetime.fromisoformat(row["datetime"]).replace(tzinfo=UTC).timestamp() for row in rows])
    values = {name: np.array([float(row[name]) for row in rows]) for name in rows[0] if name in UNITS}
    labels = np.array([float(row.get("anomaly") or 0) for row in rows])
    return times, values, labels


def cases(folder: Path) -> Iterator[Case]:
    """Yield one case for each experiment. The diagnosis is requested soon after the first labelled reading."""
    for name, path in files(folder):
        times, values, labels = read(path)
        faulty = np.flatnonzero(labels)
        truth = TRUTHS.get(name.partition("-")[0]) or TRUTHS.get(name)
        if truth is None or not len(faulty):
            continue
        onset = float(times[faulty[0]])
        series = {metric: Series(times, column, UNITS[metric]) for metric, column in values.items()}
        truth = Truth(truth.right, truth.plausible, truth.parts, onset=onset)
        at = min(onset + ASKED_S, float(times[-1]))
        yield Case(f"skab/{name}", "skab", "known", "people", "Pump test bed", series, {}, at, truth, at)


def outlier_score(labels: list[Floats], flagged: list[Floats]) -> tuple[float, float, float]:
    """Return F1, false alarm rate and missed alarm rate over the readings of all experiments together.

    FAR = FP / (FP + TN), MAR = FN / (FN + TP): the form of SKAB's outlier leaderboard.
    """
    truth, found = np.concatenate(labels) > 0, np.concatenate(flagged) > 0
    hit, false = int(np.sum(truth & found)), int(np.sum(~truth & found))
    missed, quiet = int(np.sum(truth & ~found)), int(np.sum(~truth & ~found))
    f1 = 2 * hit / (2 * hit + false + missed) if hit else 0.0
    return f1, false / (false + quiet) if false + quiet else 0.0, missed / (missed + hit) if missed + hit else 0.0
