"""``kind = "stuck"``: a value that no longer changes, for example because a sensor is frozen or a valve is jammed."""

from __future__ import annotations

from typing import Any, ClassVar
from zlib import crc32

from hub.model import Limit, Value
from hub.rules.fields import InvalidField, read_duration, read_number
from hub.rules.kinds.base import MetricCondition, Points, Rest


class Stuck(MetricCondition, frozen=True):
    """Holds while the value differs by at most ``tolerance`` from the first value of a period of equal values.

    A value that differs by more begins a new period. So the rule's ``for`` is how long a value may stay the same.
    """

    kind: ClassVar[str] = "stuck"
    keys: ClassVar[frozenset[str]] = frozenset({"metric", "for", "tolerance"})
    hints: ClassVar[dict[str, str]] = {"clear_for": "nothing: the alert clears with the first value that differs"}
    windowed: ClassVar[bool] = True
    follows: ClassVar[bool] = True
    lasting: ClassVar[bool] = True

    tolerance: float = 0.0

    @classmethod
    def parse(cls, table: dict[str, Any]) -> Stuck:
        if read_duration(table.get("for"), "for") <= 0:
            raise InvalidField("for", table["for"], "more than 0: how long a value may stay unchanged")
        tolerance = read_number(table.get("tolerance", 0), "tolerance")
        if tolerance < 0:
            raise InvalidField("tolerance", tolerance, "0 or more")
        return cls(tolerance)

    @property
    def limit(self) -> float:
        return 0.5

    def measure(self, points: Points, value: Value, ts: int) -> float:
        number = float(crc32(value.encode())) if isinstance(value, str) else float(value)
        if points and abs(number - points[-1][1]) <= self.tolerance:
            points[:] = points[-1:]
            return 1.0
        differs = bool(points)
        points[:] = [(ts, number)]
        return 0.0 if differs else 1.0

    def calm(self, metric: str, rest: Rest) -> Limit | None:
        return Limit()  # a new value only changes when the rule's timer expires, which :meth:`follow` handles

    def at_rest(self, points: Points) -> bool:
        return True

    def follow(self, points: Points, readings: Points) -> Points:
        begins, last = 0, points[-1:]
        for place, reading in enumerate(readings):
            if last and abs(reading[1] - last[0][1]) > self.tolerance:
                begins, points[:] = place, last
                last = [reading]
            last = last or [reading]
        # The first two readings of the latest period of equal values, and its newest reading. Others change nothing.
        return [*readings[begins:][:2], *readings[begins:][2:][-1:]]

    def signature(self) -> str:
        return f"stuck {self.tolerance}"

    def describe(self, metric: str, unit: str | None) -> str:
        return f"{metric} unchanged"
