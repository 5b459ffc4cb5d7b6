"""Find readings of one metric beyond its recent extremes, and score them relative to its range.

Five features of the series are watched: the value, its difference from the value before, the mean of 24 readings, the
logarithm of the standard deviation of 48 readings, and the difference between the mean of 24 readings and the mean of
the 120 before them. The lowest and the highest value of each feature in the last 8,000 readings are known. They are
stored for 64 blocks of 125 readings, so that the oldest block can be dropped at no cost.

The score of a reading beyond an extreme is its distance from the extreme, divided by the range: Dixon's ratio of gap
and range ("Analysis of extreme values", 1950), which needs no distribution and no unit. Among n exchangeable values the
newest is an extreme with a probability of 2/n, whatever their distribution (Rényi 1962). So an extreme proves little
after few readings, and the score is multiplied by n / (n + 800). The scores of the five features are added, since each
of them is a separate sign of the same event.

A new extreme widens the range at once. So an event is reported once, and again only if the metric goes still further. A
new level that lasts is soon normal.

The state has the last 143 readings, the extremes of 64 full blocks and of the block that is being filled, and the
scores of the last 24 readings. Its size is constant: 7 kB per metric.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from hub.insight.anomalies.state_bytes import StateReader, pack
from hub.insight.anomalies.windows import windows
from hub.insight.series import LARGEST, Floats

UNUSUAL_SCORE = 0.05
"""A reading with at least this score is unusual. A healthy device has fewer than one such reading per day."""
ALERT_SCORE = 0.15
"""A reading with at least this score is worth an alert. A healthy device has one such reading in two weeks."""

Feature = Literal["value", "step", "level", "noise", "shift"]
FEATURES: tuple[Feature, ...] = ("value", "step", "level", "noise", "shift")
_SHORT, _NOISE, _LONG = 24, 48, 120
_TAIL = _SHORT + _LONG - 1
_NEEDED = (0, 1, _SHORT - 1, _NOISE - 1, _TAIL)
"""How many earlier readings each feature needs to be computed, in the order of :data:`FEATURES`."""
_BLOCK, _BLOCKS = 125, 64
_HALF_TRUST = 800
"""After this many readings, the score of a new extreme is multiplied by 1/2; with more readings, the factor nears 1."""
_MIN_VARIED = 4
"""A metric that changed in fewer blocks than this, such as a set point, is not scored: its range means nothing."""
_HOLD = _SHORT
"""For this many readings after an unusual reading, only a higher score counts as a new event.

The mean of 24 readings includes the unusual reading for this long.
"""
_PIECE = 8_192
"""Readings processed together, to bound the memory for a long history."""
_VERSION = 1


class Scores(NamedTuple):
    """Scores that say how far each reading is beyond earlier extremes. Each array has one entry per reading.

    Attributes:
        score: the score; 0 if the reading is within the extremes, or belongs to an event that was scored already.
        feature: the index in :data:`FEATURES` of the feature that contributes most to the score.
        reached: the value of this feature.
        low: the lowest value that this feature had before.
        high: the highest value that this feature had before.
    """

    score: Floats
    feature: npt.NDArray[np.int64]
    reached: Floats
    low: Floats
    high: Floats


@dataclass(slots=True)
class ExtremesDetector:
    """Detector for one metric.

    Its results do not depend on how the readings are divided among calls of :meth:`update`.
    """

    seen: int = 0
    tail: Floats = field(default_factory=lambda: np.empty(0))
    """The last readings, oldest first."""
    highest: Floats = field(default_factory=lambda: np.full((_BLOCKS + 1, 2 * len(FEATURES)), -np.inf))
    """The highest value of each feature, and of its negative, in each block.

    Rows are blocks, oldest first; the last block is still being filled.
    """
    recent: Floats = field(default_factory=lambda: np.zeros(_HOLD))
    """The scores of the last 24 readings, also where :meth:`update` returned 0 because the event was known already."""

    def update(self, values: Floats) -> Scores:
        """Return how unusual each of ``values`` is, as a score, and learn from the values.

        NaN and infinite values score 0 and are not learned. The detector uses the order of the values, not their times.
        """
        values = np.asarray(values, dtype=np.float64)
        finite = np.isfinite(values)
        usable = np.clip(values[finite], -LARGEST, LARGEST)
        pieces = [self._piece(usable[at : at + _PIECE]) for at in range(0, len(usable), _PIECE)]
        found = Scores(np.zeros(len(values)), np.zeros(len(values), dtype=np.int64), *np.full((3, len(values)), np.nan))
        for column, parts in zip(found, zip(*pieces, strict=True), strict=False):
            column[finite] = np.concatenate(parts)
        return found

    def _piece(self, values: Floats) -> Scores:
        features = _features(self.tail, values)
        signed = np.concatenate([features, -features], axis=1)
        age = self.seen + np.arange(len(values))
        known, varied = self._extend(signed, age)
        highest, lowest = known[:, : len(FEATURES)], -known[:, len(FEATURES) :]
        with np.errstate(all="ignore"):
            beyond = np.maximum(features - highest, lowest - features) / (highest - lowest)
        # A feature counts only after one block of values, because the range of a few values means nothing. If the range
        # is 0, no value scores.
        ready = age[:, np.newaxis] >= np.array(_NEEDED) + _BLOCK
        beyond = np.where(ready & np.isfinite(beyond), np.clip(beyond, 0.0, 1.0), 0.0)
        total = beyond[:, 0].copy()
        for column in range(1, len(FEATURES)):
            total += beyond[:, column]
        raw = np.where(varied, total * (age / (age + _HALF_TRUST)), 0.0)
        before = np.concatenate([self.recent, raw])
        score = np.where(raw > sliding_window_view(before, _HOLD)[:-1].max(axis=1), raw, 0.0)
        feature = np.argmax(beyond, axis=1)
        chosen = np.arange(len(values)), feature
        self.recent = before[-_HOLD:]
        self.tail = np.concatenate([self.tail, values])[-_TAIL:]
        self.seen += len(values)
        return Scores(score, feature, features[chosen], lowest[chosen], highest[chosen])

    def _extend(self, signed: Floats, age: npt.NDArray[np.int64]) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """Add readings to the recent extremes, which are stored for blocks of 125 readings.

        Args:
            signed: The features of each reading, and their negatives: the lowest value of a feature is the highest of
                its negative.
            age: The number of readings before each reading.

        Returns:
            The highest value of each feature before each reading, and for each reading whether it can be scored. It
            cannot be scored until the metric has varied in enough blocks.
        """
        offset = self.seen % _BLOCK
        rows = (offset + len(signed)) // _BLOCK + 1
        grid = np.full((rows * _BLOCK, signed.shape[1]), -np.inf)
        grid[offset : offset + len(signed)] = np.where(np.isnan(signed), -np.inf, signed)
        # The first block may have readings already: their highest values are added to its first row.
        grid[0] = np.maximum(grid[0], self.highest[-1])
        within = grid.reshape(rows, _BLOCK, -1)
        within = np.maximum.accumulate(within, axis=1)
        blocks = np.concatenate([self.highest[:-1], within[:, -1]])
        past = sliding_window_view(blocks[:-1], _BLOCKS, axis=0).max(axis=-1)
        # The extremes before a reading are those of the full blocks, and of its own block up to the reading before it.
        earlier = np.concatenate([np.full((rows, 1, signed.shape[1]), -np.inf), within[:, :-1]], axis=1)
        known = np.maximum(earlier, past[:, np.newaxis]).reshape(rows * _BLOCK, -1)[offset : offset + len(signed)]
        changed = blocks[:-1, 0] + blocks[:-1, len(FEATURES)] > 0
        count = sliding_window_view(changed, _BLOCKS).sum(axis=-1)[(offset + np.arange(len(signed))) // _BLOCK]
        self.highest = blocks[-_BLOCKS - 1 :]
        return known, (count > 0) & (count >= np.minimum(age // _BLOCK, _MIN_VARIED))

    def to_bytes(self) -> bytes:
        """Return the state as at most 8 kB, which :meth:`from_bytes` reads."""
        return pack(_VERSION, self.seen, self.tail, self.highest, self.recent)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the state that :meth:`to_bytes` wrote.

        Raises:
            Invalid: the bytes are not a state of this detector, or have another version.
        """
        reader = StateReader(data, _VERSION)
        seen = reader.count()
        tail = reader.floats(min(seen, _TAIL))
        highest = reader.floats((_BLOCKS + 1) * 2 * len(FEATURES)).reshape(_BLOCKS + 1, -1)
        recent = reader.floats(_HOLD)
        reader.end()
        return cls(seen, tail, highest, recent)


def _features(tail: Floats, values: Floats) -> Floats:
    """Return the features of each reading in ``values``, one row per reading and one column per feature.

    ``tail`` are the readings before ``values``. A feature is NaN if there are too few earlier readings.
    """
    series = np.concatenate([tail, values])
    short, noise, long = windows(series, _SHORT, _NOISE, _LONG)
    found = np.full((len(values), len(FEATURES)), np.nan)
    deviation = np.log(noise.deviation() + 1e-9 * (1.0 + np.abs(noise.mean)))
    shift = short.mean[_LONG:] - long.mean[: len(short.mean[_LONG:])]
    for column, feature in enumerate((values, np.diff(series), short.mean, deviation, shift)):
        last = feature[-len(values) :]
        found[len(values) - len(last) :, column] = last
    return found
