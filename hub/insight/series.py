"""The readings of one metric as NumPy arrays of finite numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from hub.model import Point, Value

Floats = npt.NDArray[np.float64]
Kind = Literal["number", "boolean", "text"]

LARGEST = 1e15
"""Values are clipped to this number, which is far above any physical quantity and small enough to be squared."""
_TYPES: dict[Kind, set[type]] = {"number": {float, int}, "boolean": {bool}, "text": {str}}


@dataclass(frozen=True, slots=True)
class MetricSeries:
    """The readings of one metric.

    ``times`` are seconds after ``origin`` (epoch ms), strictly rising; other modules call these *track seconds*.
    ``values`` are finite. A boolean is 0 or 1. A text is its index in ``words``, which has the texts in the order of
    appearance.
    """

    metric: str
    unit: str | None
    kind: Kind
    origin: int
    times: Floats
    values: Floats
    words: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.times)

    @classmethod
    def of(cls, metric: str, unit: str | None, points: Sequence[Point]) -> MetricSeries:
        """Make a series from points of the history. A point is a reading or a bucket of readings.

        For a bucket, its mean is used. The kind of the series (number, boolean or text) is that of the newest value.
        Points of another kind, and numbers that are not finite, are left out. Of several points with the same time, the
        last one in ``points`` is used.
        """
        kind = _kind(points[-1][1] if points and len(points[-1]) == 2 else 0.0)
        words: dict[str, int] = {}
        plain = [(point[0], point[1] if len(point) == 2 else point[2]) for point in points]
        if not set(map(type, (value for _, value in plain))) <= _TYPES[kind]:
            plain = [(stamp, value) for stamp, value in plain if _kind(value) == kind]
        if kind == "text":
            plain = [(stamp, float(words.setdefault(str(value), len(words)))) for stamp, value in plain]
        stamps = np.array([stamp for stamp, _ in plain], dtype=np.int64)
        values = np.array([value for _, value in plain], dtype=np.float64)
        finite = np.isfinite(values)
        stamps, values = stamps[finite], np.clip(values[finite], -LARGEST, LARGEST)
        if np.any(np.diff(stamps) <= 0):
            stamps, newest = np.unique(stamps[::-1], return_index=True)
            values = values[::-1][newest]
        origin = int(stamps[0]) if len(stamps) else 0
        return cls(metric, unit, kind, origin, (stamps - origin) / 1000.0, values, tuple(words))

    @classmethod
    def of_means(
        cls, metric: str, unit: str | None, parts: Iterable[tuple[Sequence[Point], int]], end: int
    ) -> MetricSeries:
        """Make a series from the means of buckets. Booleans become numbers.

        ``parts`` are pairs of a list of buckets and the width of these buckets in ms, oldest first. The time of a mean
        is the middle of its bucket, but not after ``end`` (epoch ms).
        """
        found = {
            min(bucket[0] + width // 2, end): float(bucket[2])
            for points, width in parts
            for bucket in points
            if len(bucket) > 2
        }
        return cls.of(metric, unit, list(found.items()))

    def averaged(self, count: int) -> MetricSeries:
        """Return a series with the mean of each group of ``count`` readings, at the time of the group's last reading.

        Groups are counted from the newest reading. The oldest readings that do not fill a group are dropped.
        """
        rest = len(self) % count
        times = self.times[rest:].reshape(-1, count)[:, -1]
        values = self.values[rest:].reshape(-1, count).mean(axis=1)
        return MetricSeries(self.metric, self.unit, self.kind, self.origin, times, values, self.words)

    def at(self, index: int) -> int:
        """Return the time of the point with this index, in epoch ms."""
        return self.origin + round(float(self.times[index]) * 1000)

    def stamp(self, seconds: float) -> int:
        """Convert seconds after ``origin`` (track seconds) to epoch ms."""
        return self.origin + round(seconds * 1000)

    def seconds(self, stamp: int) -> float:
        """Convert epoch ms to seconds after ``origin`` (track seconds)."""
        return (stamp - self.origin) / 1000.0

    def until(self, stamp: int) -> MetricSeries:
        """Return the readings up to and including ``stamp`` (epoch ms)."""
        return self.part(0, int(np.searchsorted(self.times, self.seconds(stamp), side="right")))

    def since(self, stamp: int) -> MetricSeries:
        """Return the readings from ``stamp`` (epoch ms) on."""
        return self.part(int(np.searchsorted(self.times, self.seconds(stamp), side="left")), len(self))

    def part(self, first: int, last: int) -> MetricSeries:
        """Return the readings from index ``first`` up to, but not including, index ``last``."""
        times, values = self.times[first:last], self.values[first:last]
        return MetricSeries(self.metric, self.unit, self.kind, self.origin, times, values, self.words)


def _kind(value: Value) -> Kind:
    if isinstance(value, bool):
        return "boolean"
    return "text" if isinstance(value, str) else "number"
