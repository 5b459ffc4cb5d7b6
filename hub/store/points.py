"""Points as columns: one numpy array each for series, time, value, kind and quality.

A value is a double whatever its kind: a boolean is 0 or 1, a text is its index in ``texts``. Doubles and integers below
2**53 are exact.
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
"""A quality is stored as its index here: the order never changes, and new ones are added at the end."""
QUALITY_CODES = {quality: code for code, quality in enumerate(QUALITIES)}


class Points(msgspec.Struct, frozen=True):
    """Points as five arrays of equal length: index ``i`` of each array is about point ``i``. ``ts`` is in epoch ms."""

    series: Ints
    ts: Ints
    value: Floats
    kind: Bytes
    quality: Bytes
    texts: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.ts)

    def take(self, which: Any) -> Points:
        """Return the points that ``which`` (a slice, a mask or indices) selects; they use the same list of texts."""
        return Points(
            self.series[which], self.ts[which], self.value[which], self.kind[which], self.quality[which], self.texts
        )

    def numeric(self) -> Points:
        """Return the points that are not texts."""
        return self.take(self.kind != TEXT) if self.kind.any() else self

    def values(self) -> list[Value]:
        """Return the values as Python objects."""
        found: list[Value] = self.value.tolist()
        for i in np.flatnonzero(self.kind):
            found[i] = bool(found[i]) if self.kind[i] == BOOLEAN else self.texts[int(found[i])]
        return found

    def own_texts(self) -> Points:
        """Return the same points, with only those ``texts`` that are values of these points."""
        textual = self.kind == TEXT
        if not textual.any():
            return msgspec.structs.replace(self, texts=())
        places, own = np.unique(self.value[textual], return_inverse=True)
        value = self.value.copy()
        value[textual] = own
        return msgspec.structs.replace(self, value=value, texts=[self.texts[int(place)] for place in places])

    def by_series(self) -> Points:
        """Return the points sorted by series. Points of one series keep their order."""
        if (self.series[1:] >= self.series[:-1]).all():
            return self
        return self.take(np.argsort(self.series, kind="stable"))

    def in_order(self) -> Points:
        """Return the points sorted by series, then by time. Points of one series and time keep their order."""
        points = self.by_series()
        if ((points.ts[1:] >= points.ts[:-1]) | (points.series[1:] > points.series[:-1])).all():
            return points
        return points.take(np.lexsort((points.ts, points.series)))


def empty(size: int = 0) -> Points:
    """Return points with arrays of length ``size``, whose contents are undefined."""
    ints, codes = (np.empty((2, size), np.int64), np.empty((2, size), np.uint8))
    return Points(ints[0], ints[1], np.empty(size, np.float64), codes[0], codes[1])


def join(parts: Sequence[Points]) -> Points:
    """Concatenate points."""
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


def encode_values(values: Sequence[Value]) -> tuple[Floats, Bytes | None, list[str]]:
    """Encode values as the columns of :class:`Points`: ``(value, kind, texts)``.

    ``kind`` is None if all values are numbers.

    Raises OverflowError for an integer that no double can hold.
    """
    if set(map(type, values)) <= {float, int}:
        return np.array(values, np.float64), None, []
    kind = np.array([_KINDS.get(type(v), NUMBER) for v in values], np.uint8)
    texts = list(dict.fromkeys(v for v in values if isinstance(v, str)))
    places = {text: place for place, text in enumerate(texts)}
    return np.array([places[v] if isinstance(v, str) else v for v in values], np.float64), kind, texts
