"""NAB, the Numenta Anomaly Benchmark: its files, and its score as the paper defines it.

Lavin and Ahmad, "Evaluating real-time anomaly detection algorithms", ICMLA 2015, arXiv 1510.03336. ``DIR`` is a
checkout of NAB (AGPL-3, so not part of this repository): ``data/*/*.csv`` and ``labels/combined_windows.json``.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.truth.case import Floats

PROBATION, LONGEST_PROBATION = 0.15, 750
"""The beginning of a file, in which a detector learns and is not scored: its share of the file, and its maximum."""
STEEPNESS, FARTHEST = 5.0, 3.0
"""Steepness of the sigmoid, and how far behind a window (in window lengths) a false alarm counts in full."""


class Profile(NamedTuple):
    """Weights of an application profile of NAB: for a detected window, a false alarm, and a missed window."""

    hit: float
    false_alarm: float
    miss: float


STANDARD = Profile(1.0, 0.11, 1.0)
LOW_FALSE_ALARMS = Profile(1.0, 0.22, 1.0)
LOW_MISSES = Profile(1.0, 0.11, 2.0)


@dataclass(frozen=True)
class Labelled:
    """A file of NAB: the readings, and the windows of the anomalies as index ranges that include both ends."""

    name: str
    times: Floats
    values: Floats
    windows: tuple[tuple[int, int], ...]

    @property
    def probation(self) -> int:
        """Return how many readings at the beginning are not scored."""
        return min(int(PROBATION * len(self.values)), LONGEST_PROBATION)


def read(folder: Path) -> Iterator[Labelled]:
    """Yield the files of the corpus."""
    labels = json.loads((folder / "labels" / "combined_windows.json").read_text("utf-8"))
    for name, ranges in sorted(labels.items()):
        with (folder / "data" / name).open(encoding="utf-8", newline="") as stream:
            rows = [(_time(row["timestamp"]), float(row["value"])) for row in csv.DictReader(stream)]
        times = np.array([time for time, _ in rows])
        windows = tuple(
            (int(np.searchsorted(times, _time(first))), int(np.searchsorted(times, _time(last), side="right")) - 1)
            for first, last in ranges
        )
        yield Labelled(name, times, np.array([value for _, value in rows]), windows)


def _time(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def sigmoid(position: float) -> float:
    """Return the value of a detection at a position relative to a window: -1 its left edge, 0 its right edge.

    It falls from nearly 1 at the left edge through 0 at the right edge to -1 far behind it.
    """
    return -1.0 if position > FARTHEST else 2.0 / (1.0 + float(np.exp(STEEPNESS * position))) - 1.0


def raw_score(file: Labelled, detections: Sequence[int], profile: Profile) -> float:
    """Return the sum over a file: the first detection in each window, every false alarm, every missed window."""
    total, found = 0.0, set[int]()
    for at in sorted({int(index) for index in detections if index >= file.probation}):
        inside = next((n for n, (first, last) in enumerate(file.windows) if first <= at <= last), None)
        if inside is None:
            total += profile.false_alarm * _behind(file.windows, at)
        elif inside not in found:
            found.add(inside)
            first, last = file.windows[inside]
            position = -(last - at + 1) / (last - first + 1)
            total += profile.hit * sigmoid(position) / sigmoid(-1.0)
    return total - profile.miss * (len(file.windows) - len(found))


def _behind(windows: Sequence[tuple[int, int]], at: int) -> float:
    """Return the value of a false alarm: -1, or slightly more if it follows a window closely."""
    before = [(first, last) for first, last in windows if last < at]
    if not before:
        return -1.0
    first, last = max(before, key=lambda window: window[1])
    return sigmoid((at - last) / max(last - first, 1))


def normalized(raw: float, windows: int, profile: Profile) -> float:
    """Return the score in percent: 0 for a detector that reports nothing, 100 for one that is always right at once."""
    null = -profile.miss * windows
    return 100.0 * (raw - null) / (profile.hit * windows - null)


def corpus_score(
    files: Sequence[Labelled], scores: Sequence[Floats], threshold: float, profile: Profile = STANDARD
) -> float:
    """Return the normalized score of the corpus. Anomaly scores of at least ``threshold`` count as detections."""
    raw = sum(
        raw_score(file, np.flatnonzero(score >= threshold).tolist(), profile)
        for file, score in zip(files, scores, strict=True)
    )
    return normalized(raw, sum(len(file.windows) for file in files), profile)


def best_threshold(
    files: Sequence[Labelled], scores: Sequence[Floats], profile: Profile = STANDARD
) -> tuple[float, float]:
    """Return the best single threshold for the corpus and its score, as NAB's own optimizer chooses it.

    Every anomaly score of the corpus is tried.
    """
    changes = [_changes(file, score, profile) for file, score in zip(files, scores, strict=True)]
    threshold, gain = _best(changes)
    windows = sum(len(file.windows) for file in files)
    return threshold, normalized(gain - profile.miss * windows, windows, profile)


def score_with_threshold_of_others(
    files: Sequence[Labelled], scores: Sequence[Floats], profile: Profile = STANDARD
) -> float:
    """Return the score of the corpus if each file gets the threshold that is best for all other files."""
    changes = [_changes(file, score, profile) for file, score in zip(files, scores, strict=True)]
    raw = 0.0
    for number, (file, score) in enumerate(zip(files, scores, strict=True)):
        threshold, _ = _best([*changes[:number], *changes[number + 1 :]])
        raw += raw_score(file, np.flatnonzero(score >= threshold).tolist(), profile)
    return normalized(raw, sum(len(file.windows) for file in files), profile)


def _best(changes: Sequence[tuple[Floats, Floats]]) -> tuple[float, float]:
    """Return the threshold at which the sum of the changes down to it is the highest, and that sum."""
    thresholds = np.concatenate([at for at, _ in changes])
    order = np.argsort(-thresholds, kind="stable")
    thresholds = thresholds[order]
    gains = np.cumsum(np.concatenate([by for _, by in changes])[order])
    # Readings with equal scores are detected together: the sum counts behind the last of them.
    last = np.append(thresholds[1:] != thresholds[:-1], True)
    best = int(np.argmax(gains[last]))
    return float(thresholds[last][best]), float(gains[last][best])


def _changes(file: Labelled, score: Floats, profile: Profile) -> tuple[Floats, Floats]:
    """Return, for a threshold that falls past each reading's score, by how much the raw score of the file changes."""
    outside = np.arange(len(score)) >= file.probation
    false_alarms = np.full(len(score), -1.0)
    levels, changes = [], []
    for first, last in file.windows:
        outside[first : last + 1] = False
        behind = np.arange(1, len(score) - last) / max(last - first, 1)
        false_alarms[last + 1 :] = [sigmoid(float(position)) for position in behind]
        inside = np.arange(max(first, file.probation), last + 1)
        values = [profile.hit * sigmoid(-(last - each + 1) / (last - first + 1)) / sigmoid(-1.0) for each in inside]
        order = np.argsort(-score[inside], kind="stable")
        # Only the earliest detection counts, and it is worth the most.
        reached = np.maximum.accumulate(np.concatenate([[-profile.miss], np.array(values)[order]]))
        levels.append(score[inside][order])
        changes.append(np.diff(reached))
    levels.append(score[outside])
    changes.append(profile.false_alarm * false_alarms[outside])
    return np.concatenate(levels), np.concatenate(changes)
