"""Points as columns: one numpy array for each of series, time, value, kind and quality. It knows no table.

A value is kept as a double whatever its kind: a boolean as 0 or 1, a text as its place in ``texts``. Integers below
2**53 and all doubles pass through unchanged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from hub.model import Quality, Value

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]

NUMBER, BOOLEAN, TEXT = range(3)
_KINDS = {float: NUMBER, int: NUMBER, bool: BOOLEAN, str: TEXT}

QUALITIES: tuple[Quality, ...] = ("good", "clock", "retained", "late")
"""A quality is kept as its place here: the order is for good, new ones are added at the end."""
QUALITY_CODES = {quality: code for code, quality in enumerate(QUALITIES)}


class Points(msgspec.Struct, frozen=True):
    """Points, one index a point in all five arrays, in the order in which they were stored. ``ts`` in epoch ms."""

    series: Ints
    ts: Ints
    value: Floats
    kind: Bytes
    quality: Bytes
    texts: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.ts)

    def take(self, which: Any) -> Points:
        """The points that ``which`` (a slice, a mask or indices) selects; the texts are shared."""
        return Points(
            self.series[which], self.ts[which], self.value[which], self.kind[which], self.quality[which], self.texts
        )

    def numeric(self) -> Points:
        """Without the texts: what has a minimum and a mean."""
        return self.take(self.kind != TEXT) if self.kind.any() else self

    def values(self) -> list[Value]:
        """The values as they were given."""
        found: list[Value] = self.value.tolist()
        for i in np.flatnonzero(self.kind):
            found[i] = bool(found[i]) if self.kind[i] == BOOLEAN else self.texts[int(found[i])]
        return found

    def own_texts(self) -> Points:
        """With no texts but those that stand in it."""
        textual = self.kind == TEXT
        if not textual.any():
            return msgspec.structs.replace(self, texts=())
        places, own = np.unique(self.value[textual], return_inverse=True)
        value = self.value.copy()
        value[textual] = own
        return msgspec.structs.replace(self, value=value, texts=[self.texts[int(place)] for place in places])

    def by_series(self) -> Points:
        """By series; points of one stay in the order in which they were stored."""
        if (self.series[1:] >= self.series[:-1]).all():
            return self
        return self.take(np.argsort(self.series, kind="stable"))

    def in_order(self) -> Points:
        """By series, then time; points of one series at one time stay in the order in which they were stored."""
        points = self.by_series()
        if ((points.ts[1:] >= points.ts[:-1]) | (points.series[1:] > points.series[:-1])).all():
            return points
        return points.take(np.lexsort((points.ts, points.series)))


def empty(size: int = 0) -> Points:
    """Room for so many points, not filled."""
    ints, codes = (np.empty((2, size), np.int64), np.empty((2, size), np.uint8))
    return Points(ints[0], ints[1], np.empty(size, np.float64), codes[0], codes[1])


def join(parts: Sequence[Points]) -> Points:
    """One after the other."""
    if len(parts) == 1:
        return parts[0]
    texts: list[str] = []
    values = []
    for part in parts:
        value = part.value
        if part.texts:
            if texts:
                value = np.where(part.kind == TEXT, value + len(texts), value)
            texts += part.texts
        values.append(value)
    return Points(
        np.concatenate([p.series for p in parts]),
        np.concatenate([p.ts for p in parts]),
        np.concatenate(values),
        np.concatenate([p.kind for p in parts]),
        np.concatenate([p.quality for p in parts]),
        texts,
    )


def coded(given: Sequence[Value]) -> tuple[Floats, Bytes | None, list[str]]:
    """Values as ``(value, kind, texts)``; ``kind`` is None where all are numbers. Raises OverflowError."""
    if set(map(type, given)) <= {float, int}:
        return np.array(given, np.float64), None, []
    kind = np.array([_KINDS.get(type(v), NUMBER) for v in given], np.uint8)
    texts = list(dict.fromkeys(v for v in given if isinstance(v, str)))
    places = {text: place for place, text in enumerate(texts)}
    return np.array([places[v] if isinstance(v, str) else v for v in given], np.float64), kind, texts
