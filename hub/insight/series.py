"""One metric's series as arrays, cleaned so that nothing after this has to ask whether a value is a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from hub.model import Point, Value

Floats = npt.NDArray[np.float64]
Kind = Literal["number", "boolean", "text"]

LARGEST = 1e15
"""Values are held within this: far above any physical quantity, far below where squares overflow."""


@dataclass(frozen=True, slots=True)
class MetricSeries:
    """``times`` in seconds after ``origin`` (ms), strictly rising; ``values`` finite, of the same length.

    Booleans are 0 and 1; texts are numbered in ``words`` by first appearance.
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
        """From history points (a bucket counts as its mean). The kind is taken from the newest value; points of another
        kind are left out, and so are values that are not a finite number; of two at one time the later given wins."""
        kind = _kind(points[-1][1] if points and len(points[-1]) == 2 else 0.0)
        kept: dict[int, Value] = {}
        for point in points:
            value = point[1] if len(point) == 2 else point[2]
            if _kind(value) == kind:
                kept[point[0]] = value
        words: dict[str, int] = {}
        if kind == "text":
            numbers = [float(words.setdefault(str(value), len(words))) for value in kept.values()]
        else:
            numbers = [float(value) for value in kept.values()]
        stamps = np.fromiter(kept, dtype=np.int64, count=len(kept))
        values = np.array(numbers, dtype=np.float64)
        finite = np.isfinite(values)
        stamps, values = stamps[finite], np.clip(values[finite], -LARGEST, LARGEST)
        order = np.argsort(stamps, kind="stable")
        stamps, values = stamps[order], values[order]
        origin = int(stamps[0]) if len(stamps) else 0
        return cls(metric, unit, kind, origin, (stamps - origin) / 1000.0, values, tuple(words))

    def at(self, index: int) -> int:
        """The time of one point, in epoch ms."""
        return self.origin + round(float(self.times[index]) * 1000)

    def stamp(self, seconds: float) -> int:
        """Track seconds as epoch ms."""
        return self.origin + round(seconds * 1000)

    def seconds(self, stamp: int) -> float:
        """Epoch ms as track seconds."""
        return (stamp - self.origin) / 1000.0

    def until(self, stamp: int) -> MetricSeries:
        """The part up to and including ``stamp``."""
        return self.part(0, int(np.searchsorted(self.times, self.seconds(stamp), side="right")))

    def since(self, stamp: int) -> MetricSeries:
        """The part from ``stamp`` on."""
        return self.part(int(np.searchsorted(self.times, self.seconds(stamp), side="left")), len(self))

    def part(self, first: int, last: int) -> MetricSeries:
        times, values = self.times[first:last], self.values[first:last]
        return MetricSeries(self.metric, self.unit, self.kind, self.origin, times, values, self.words)


def _kind(value: Value) -> Kind:
    if isinstance(value, bool):
        return "boolean"
    return "text" if isinstance(value, str) else "number"
