"""``kind = "anomaly"``: a value beyond all recent values of the metric, without a limit that a person sets.

For each block of three hours in the last four days, the lowest and the highest value are kept. The known range is the
range from the lowest to the highest kept value. If a new value is beyond the known range, its distance from the range
is divided by the width of the range. This is Dixon's ratio of gap and range ("Analysis of extreme values", 1950), which
needs no unit and no distribution.

- No value is unusual before a day has been learned, or if the metric hardly ever changes.
- Unusual values are not learned from, so a fault that returns is unusual again. If all values are unusual for a day,
  they are the new normal, and the metric is learned again.

``points`` has two entries for each block: its begin with the lowest value, and its begin with the highest value. While
values are unusual, two more entries follow, with the lowest and with the highest unusual value. Their time is the
negative time of the first unusual value.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, ClassVar

import msgspec

from hub.model import Limit, Severity, Value
from hub.rules.fields import InvalidField
from hub.rules.kinds.base import MetricCondition, Points, Rest

BLOCK_MS = 3 * 3_600_000
BLOCKS = 32
"""Maximum blocks that are kept: four days. They take 8 kB for each metric."""
LEARN_BLOCKS = 8
"""Complete blocks (one day) that are needed before a value can be unusual."""
MIN_VARIED = 4
"""Minimum changes within or between blocks. A metric that changes less often, such as a set point, is not judged."""
ACCEPT_MS = 24 * 3_600_000
"""If all values are unusual for this time in ms, they are the new normal."""
MOST = 1e4
"""Maximum distance of a value from the known range, in widths of that range. It limits the distance for tiny ranges."""
ALMOST = 0.999
"""Factor by which the calm range is made smaller, so that rounding cannot put an unusual value into it."""
SENSITIVITIES = {"low": 1.0, "medium": 0.5, "high": 0.2}
"""For each sensitivity, the distance from the known range, in widths of that range, above which a value is unusual."""


class Anomaly(MetricCondition, frozen=True):
    """Holds while the value is far outside the range of the values of the last four days.

    The value must be outside by more than a fraction of the range's width; ``sensitivity`` selects the fraction.
    ``beyond`` is the fraction by which the value that raised an alert was outside. It is None in a rule.
    """

    kind: ClassVar[str] = "anomaly"
    keys: ClassVar[frozenset[str]] = frozenset({"metric", "for", "clear_for", "sensitivity"})
    hints: ClassVar[dict[str, str]] = {
        "above": 'nothing: the hub learns what is usual. A limit is a rule of the kind "threshold"'
    }
    windowed: ClassVar[bool] = True
    derived: ClassVar[bool] = True
    follows: ClassVar[bool] = True
    found: ClassVar[frozenset[str]] = frozenset({"beyond"})
    learns_ms: ClassVar[int] = BLOCKS * BLOCK_MS

    sensitivity: str = "medium"
    beyond: float | None = None

    @classmethod
    def parse(cls, table: dict[str, Any]) -> Anomaly:
        sensitivity = table.get("sensitivity", "medium")
        if not isinstance(sensitivity, str) or sensitivity not in SENSITIVITIES:
            raise InvalidField("sensitivity", sensitivity, ", ".join(SENSITIVITIES))
        return cls(sensitivity)

    @property
    def limit(self) -> float:
        return SENSITIVITIES[self.sensitivity]

    def measure(self, points: Points, value: Value, ts: int) -> float | None:
        if isinstance(value, str | bool):
            return None
        number, block = float(value), ts // BLOCK_MS * BLOCK_MS
        if points and points[-1][0] == block and points[-2][1] <= number <= points[-1][1]:
            return 0.0  # within the extremes of this block, as nearly all values are
        unusual = points[-2:] if points and points[-1][0] < 0 else []
        known = [each for each in points[: len(points) - len(unusual)] if each[0] > block - BLOCKS * BLOCK_MS]
        amount = _distance(known, block, number)
        if amount > self.limit or (unusual and amount > 0):
            since = -unusual[0][0] if unusual else ts
            low, high = _extremes([*unusual, (0, number)])
            if ts - since < ACCEPT_MS:
                points[:] = [*known, (-since, low), (-since, high)]
                return amount
            known = [(block, low), (block, high)]
        points[:] = _with(known, block, number)
        return 0.0

    def calm(self, metric: str, rest: Rest) -> Limit | None:
        if not rest.points or not _is_learned(rest.points, rest.points[-1][0]):
            return Limit()  # nothing is unusual in this block
        low, high = _extremes(rest.points)
        room = (high - low) * self.limit * ALMOST
        return Limit(min=low - room, max=high + room)

    def calm_until(self, rest: Rest) -> int | None:
        latest = rest.latest.get(rest.metric)
        if latest is None or isinstance(latest.value, str | bool):
            return None  # only numbers are learned from
        return rest.points[-1][0] + BLOCK_MS if rest.points else 0

    def at_rest(self, points: Points) -> bool:
        return not points or points[-1][0] >= 0

    def follow(self, points: Points, readings: Points) -> Points:
        if points and readings:
            block = readings[0][0] // BLOCK_MS * BLOCK_MS  # all are in the same block: see calm_until
            for number in _extremes(readings):
                points[:] = _with(points, block, number)
        return []

    def exceeded(self, amount: float, *, raised: bool) -> bool:
        return amount > (0.0 if raised else self.limit)

    def at(self, amount: float, severity: Severity | None) -> tuple[Severity | None, Anomaly]:
        return None, msgspec.structs.replace(self, beyond=round(amount, 2))

    def signature(self) -> str:
        return "anomaly"

    def describe(self, metric: str, unit: str | None) -> str:
        if self.beyond is None:
            return f"{metric} unusual ({self.sensitivity} sensitivity)"
        return f"{metric} beyond its values of the last 4 days by {self.beyond:.0%} of their range".replace("%", " %")


def _is_learned(known: Points, block: int) -> bool:
    """Return whether enough three-hour blocks before ``block`` are known to tell which values are usual.

    ``known`` has two points for each block, with its lowest and its highest value. ``block`` is the time in ms at which
    the present block begins.
    """
    pairs = [(low, high) for (ts, low), (_, high) in zip(known[::2], known[1::2], strict=True) if ts < block]
    varied = sum(low < high for low, high in pairs) + sum(one != next_one for one, next_one in pairwise(pairs))
    return len(pairs) >= LEARN_BLOCKS and varied >= MIN_VARIED


def _distance(known: Points, block: int, number: float) -> float:
    """Return how far ``number`` is outside the range of the learned values, divided by the width of this range.

    Return 0 if the number is within the range, or if too little has been learned. ``known`` has the lowest and the
    highest value of each block of three hours. ``block`` is when the block that contains ``number`` begins, in ms.
    """
    if not _is_learned(known, block):
        return 0.0
    low, high = _extremes(known)
    return min(max(number - high, low - number, 0.0) / (high - low), MOST) if high > low else 0.0


def _extremes(points: Points) -> tuple[float, float]:
    values = [value for _, value in points]
    return min(values), max(values)


def _with(known: Points, block: int, number: float) -> Points:
    """Return the learned values, updated with ``number`` in the block of time that begins at ``block`` (ms).

    ``known`` has two points for each block, both with the time of its begin: its lowest and its highest number.
    """
    if known and known[-1][0] >= block:
        last = known[-1][0]
        return [*known[:-2], (last, min(known[-2][1], number)), (last, max(known[-1][1], number))]
    return [*known, (block, number), (block, number)]
