"""Encode points of one series into the body of a chunk, and decode them.

- A column of integers is stored in the fewest bytes that hold them (0, 1, 2, 4 or 8), minus their minimum. A column
  whose numbers are all equal takes no bytes.
- Times are stored as the gaps between neighbours (delta encoding).
- Values become integers by a power of ten if that restores every double exactly (``71.3`` is 713 tenths), and then
  differences between neighbours if those are shorter. Otherwise they stay doubles, or singles if nothing is lost.

An additional entropy coder would save a fifth of the bytes, but make reading three times slower. Encoding and decoding
work on many chunks at once, because a call of numpy costs more than the points of one chunk.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from hub.store.points import TEXT, Bytes, Floats, Ints, Mask, Points, empty

POINTS = 416
"""Points in a full chunk. A SQLite page of 4,096 bytes just holds one full chunk of doubles, or three of shorter
numbers. With 256 points, a third of every page was free."""

_DECIMALS = range(10)
_EXACT = 2.0**53
DOUBLES, SINGLES = -1, -2
"""Codes in place of a number of decimals: values are floating-point numbers of 64 bits, or of 32 bits."""


class ChunkBody(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The body of a chunk, as msgpack. Columns are little-endian; the time of the first point is in the row.

    Attributes:
        count: the number of points.
        gap: the shortest gap between two neighbouring points in ms.
        gaps: ``count - 1`` unsigned integers; the gap between two points is ``gap`` plus the integer.
        decimals: a value is an integer divided by 10**decimals. With ``DOUBLES`` or ``SINGLES``, values are floats.
        first: the first value as an integer, if ``values`` are differences between neighbours; else None.
        base: the smallest integer, or the smallest difference.
        values: ``count`` unsigned integers to add to ``base`` (``count - 1`` for differences), or floats.
        kinds, qualities: one code per point; a single byte if all codes are equal, no byte if all are 0.
    """

    count: int
    gap: int
    gaps: bytes
    decimals: int
    first: int | None
    base: int
    values: bytes
    kinds: bytes = b""
    qualities: bytes = b""
    texts: tuple[str, ...] = ()


class ChunkSummary(msgspec.Struct, frozen=True):
    """Summaries of chunks, as arrays with one entry per chunk: first and last time, and figures of its numbers."""

    first: Ints
    last: Ints
    numbers: Ints
    minimum: Floats
    maximum: Floats
    total: Floats


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(ChunkBody).decode


def summarise(points: Points, starts: Ints) -> ChunkSummary:
    """Return a summary of each part of ``points``. ``starts`` has the index of the first point of each part."""
    numeric: Mask = points.kind != TEXT
    value = points.value
    all_numeric = bool(numeric.all())
    with np.errstate(over="ignore"):
        total = np.add.reduceat(value if all_numeric else np.where(numeric, value, 0.0), starts)
    ends = np.append(starts[1:], len(points)) - 1
    return ChunkSummary(
        points.ts[starts],
        points.ts[ends],
        np.add.reduceat(numeric, starts, dtype=np.int64),
        np.minimum.reduceat(value if all_numeric else np.where(numeric, value, np.inf), starts),
        np.maximum.reduceat(value if all_numeric else np.where(numeric, value, -np.inf), starts),
        total,
    )


def encode(points: Points, starts: Ints) -> list[bytes]:
    """Encode each part of ``points`` (one series, by time) as the body of a chunk. Parts begin at the ``starts``."""
    counts = np.diff(np.append(starts, len(points)))
    value, texts = _own_texts(points, starts, counts)
    gaps = _Numbers(np.diff(points.ts, prepend=points.ts[:1]), starts, counts, skip_first=True)
    packed_gaps = _Pool(starts)
    gaps.put(packed_gaps)
    # One row has the fields of one body: Python code for each chunk would cost more than the points of small ones.
    columns = (counts.tolist(), gaps.bases.tolist(), packed_gaps.cut(), *_packed_values(value, starts, counts))
    marks = (_packed_codes(points.kind, starts, counts), _packed_codes(points.quality, starts, counts))
    return list(map(_pack, zip(*columns, *marks, texts, strict=True)))


def _packed_values(
    value: Floats, starts: Ints, counts: Ints
) -> tuple[list[int], list[int | None], list[int], list[bytes]]:
    """Return the fields ``decimals``, ``first``, ``base`` and ``values`` of each chunk's body, as four lists."""
    decimals, integers = _scaled(value, starts, counts)
    plain = _Numbers(integers, starts, counts)
    steps = _Numbers(np.diff(integers, prepend=integers[:1]), starts, counts, skip_first=True)
    floating = decimals < 0
    stepwise = (steps.widths < plain.widths) & ~floating
    packed = _Pool(starts)
    plain.put(packed, ~stepwise & ~floating)
    steps.put(packed, stepwise)
    for form, dtype in ((DOUBLES, "<f8"), (SINGLES, "<f4")):
        if (which := decimals == form).any():
            with np.errstate(over="ignore"):  # values that are not singles
                packed.add(value.astype(dtype), which, starts, starts + counts)
    firsts: list[int | None] = [None] * len(starts)
    for i in np.flatnonzero(stepwise).tolist():
        firsts[i] = int(integers[starts[i]])
    bases = np.where(floating, 0, np.where(stepwise, steps.bases, plain.bases))
    return decimals.tolist(), firsts, bases.tolist(), packed.cut()


class _Pool:
    """Joins packed columns, and cuts the bytes that belong to each chunk out of them."""

    def __init__(self, starts: Ints) -> None:
        self._packed: list[bytes] = []  # the columns
        self._size = 0  # their length in bytes
        self._begins, self._ends = np.zeros_like(starts), np.zeros_like(starts)

    def add(self, column: NDArray[Any], which: Mask, begins: Ints, ends: Ints) -> None:
        """Append a column. ``begins`` and ``ends`` say, by chunk, which of its entries the chunks in ``which`` get."""
        self._begins[which] = self._size + begins[which] * column.itemsize
        self._ends[which] = self._size + ends[which] * column.itemsize
        self._packed.append(column.tobytes())
        self._size += column.nbytes

    def cut(self) -> list[bytes]:
        packed = b"".join(self._packed)
        return [packed[a:b] for a, b in zip(self._begins.tolist(), self._ends.tolist(), strict=True)]


_WIDTHS = np.array([0, 1, 2, 4, 8])
_SPANS = np.array([0, (1 << 8) - 1, (1 << 16) - 1, (1 << 32) - 1], np.uint64)
"""The largest differences to the smallest integer that fit into 0, 1, 2 and 4 bytes; larger ones take 8 bytes."""


class _Numbers:
    """Packs the integers of each chunk in as few bytes as possible; with ``skip_first``, without its first integer."""

    def __init__(self, numbers: Ints, starts: Ints, counts: Ints, skip_first: bool = False) -> None:
        if skip_first:  # replace it by its neighbour, which changes neither minimum nor maximum
            followed = starts[counts > 1]
            numbers[starts] = 0
            numbers[followed] = numbers[followed + 1]
        self.bases: Ints = np.minimum.reduceat(numbers, starts)  # by chunk, the smallest integer
        # A negative span has overflowed and takes all eight bytes; decoding overflows back in the same way.
        span = (np.maximum.reduceat(numbers, starts) - self.bases).astype(np.uint64)
        self.widths: Ints = _WIDTHS[np.searchsorted(_SPANS, span)]  # by chunk, bytes of an integer
        self._numbers = numbers - np.repeat(self.bases, counts)
        self._begins, self._ends = starts + int(skip_first), starts + counts

    def put(self, pool: _Pool, which: Mask | bool = True) -> None:
        for width in _WIDTHS[1:].tolist():
            if (chosen := (self.widths == width) & which).any():
                pool.add(self._numbers.astype(f"<u{width}"), chosen, self._begins, self._ends)


def _packed_codes(codes: Bytes, starts: Ints, counts: Ints) -> list[bytes]:
    """Pack the codes of each chunk: no byte if all are 0, a single byte if all are equal, otherwise a byte per code."""
    if not codes.any():
        return [b""] * len(starts)
    lowest, highest = np.minimum.reduceat(codes, starts), np.maximum.reduceat(codes, starts)
    packed = _Pool(starts)
    packed.add(codes, highest > 0, starts, starts + np.where(lowest == highest, 1, counts))
    return packed.cut()


def _own_texts(points: Points, starts: Ints, counts: Ints) -> tuple[Floats, list[tuple[str, ...]]]:
    """Give each chunk its own list of texts. Return all values, with texts as indices into the lists, and the lists."""
    textual: Mask = points.kind == TEXT
    value, texts = points.value, list[tuple[str, ...]]([()]) * len(starts)
    if not textual.any():
        return value, texts
    value = value.copy()
    for i in np.flatnonzero(np.logical_or.reduceat(textual, starts)).tolist():
        part = slice(int(starts[i]), int(starts[i] + counts[i]))
        which = textual[part]
        places, own = np.unique(value[part][which], return_inverse=True)
        value[part][which] = own
        texts[i] = tuple(points.texts[int(place)] for place in places)
    return value, texts


def _scaled(value: Floats, starts: Ints, counts: Ints) -> tuple[Ints, Ints]:
    """Scale the values of each chunk to integers. Return the decimals (or a float type) by chunk, and the integers."""
    decimals = np.full(len(starts), DOUBLES)
    integers = np.zeros(len(value), np.int64)
    left = np.arange(
        len(starts)
    )  # chunks still to convert, their points, and where each chunk begins among these points
    at, begins = np.arange(len(value)), starts
    with np.errstate(over="ignore", invalid="ignore"):
        for d in _DECIMALS:
            scaled = np.rint(value[at] * 10.0**d)
            exact = (scaled / 10.0**d == value[at]) & (np.abs(scaled) < _EXACT)
            done = np.logical_and.reduceat(exact, begins)
            inside = np.repeat(done, counts[left])
            integers[at[inside]] = scaled[inside]
            decimals[left[done]] = d
            left, at = left[~done], at[~inside]
            if not len(left):
                return decimals, integers
            begins = np.cumsum(counts[left]) - counts[left]
        single = value[at].astype(np.float32) == value[at]
    decimals[left[np.logical_and.reduceat(single, begins)]] = SINGLES
    return decimals, integers


def decode(series: Sequence[int], firsts: Sequence[int], bodies: Sequence[bytes]) -> Points:
    """Return the points of chunks, chunk after chunk, given the series, first time and body of each chunk.

    If chunks of a series overlap in time, the caller sorts (:meth:`Points.in_order`). A damaged body raises ValueError
    or an error of the decoder.
    """
    layouts: dict[tuple[int, int, int, int, bool], list[int]] = defaultdict(list)
    opened = [_unpack(body) for body in bodies]
    for i, body in enumerate(opened):
        layout = (body.count, len(body.gaps), body.decimals, len(body.values), body.first is None)
        layouts[layout].append(i)
    counts = np.array([body.count for body in opened], np.int64)
    if len(counts) and not 1 <= counts.min() <= counts.max() <= POINTS:
        raise ValueError(f"the count of a chunk is not between 1 and {POINTS}")
    starts = np.cumsum(counts) - counts
    found = empty(int(counts.sum()))
    found.series[:] = np.repeat(np.array(series, np.int64), counts)
    texts: list[str] = []
    for members in layouts.values():
        alike = [opened[i] for i in members]
        count = alike[0].count
        value = _values(alike)
        kind, quality = _codes([b.kinds for b in alike], count), _codes([b.qualities for b in alike], count)
        for row, body in enumerate(alike):
            if body.texts:
                value[row][kind[row] == TEXT] += len(texts)
                texts += body.texts
        ts = _times(alike, np.array([firsts[i] for i in members], np.int64))
        places = starts[members][:, None] + np.arange(count)
        found.ts[places], found.value[places] = ts, value
        found.kind[places], found.quality[places] = kind, quality
    return msgspec.structs.replace(found, texts=texts)


def _times(alike: Sequence[ChunkBody], firsts: Ints) -> Ints:
    count = alike[0].count
    ts = np.empty((len(alike), count), np.int64)
    ts[:, 0] = firsts
    ts[:, 1:] = np.array([b.gap for b in alike], np.int64)[:, None]
    if alike[0].gaps:
        ts[:, 1:] += _unpack_integers([b.gaps for b in alike], count - 1)
    return np.cumsum(ts, axis=1)


def _values(alike: Sequence[ChunkBody]) -> Floats:
    count, decimals, first = alike[0].count, alike[0].decimals, alike[0].first
    if decimals < 0:
        joined = b"".join([b.values for b in alike])
        floats = np.frombuffer(joined, "<f8" if decimals == DOUBLES else "<f4").reshape(len(alike), count)
        return floats.astype(np.float64)
    integers = np.empty((len(alike), count), np.int64)
    integers[:] = np.array([b.base for b in alike], np.int64)[:, None]
    if first is None:
        if alike[0].values:
            integers += _unpack_integers([b.values for b in alike], count)
    else:
        integers[:, 0] = [b.first or 0 for b in alike]
        if alike[0].values:
            integers[:, 1:] += _unpack_integers([b.values for b in alike], count - 1)
        integers = np.cumsum(integers, axis=1)
    return integers / 10.0**decimals


def _unpack_integers(packed: Sequence[bytes], count: int) -> Ints:
    width = len(packed[0]) // count
    return np.frombuffer(b"".join(packed), f"<u{width}").reshape(len(packed), count).astype(np.int64)


def _codes(packed: Sequence[bytes], count: int) -> Bytes:
    codes = np.zeros((len(packed), count), np.uint8)
    for row, marks in enumerate(packed):
        if marks:
            codes[row] = np.frombuffer(marks, np.uint8)
    return codes
