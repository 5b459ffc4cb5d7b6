"""Where a series is silent, and where its points are not of good quality. It knows no table.

A gap is a silence of more than five times the usual time between two readings, and more than twice of what nine of ten
keep to: a device that is irregular by nature has none. Before the first point and after the last there is none.
"""

from __future__ import annotations

import numpy as np

from hub.model import Gap, Mark
from hub.store.points import QUALITIES, Bytes, Ints

USUAL = 5.0
SELDOM = 2.0
FEW = 12
"""Steps below which it does not make sense to speak of nine of ten."""


def gaps_of(starts: Ints, ends: Ints, counts: Ints) -> list[Gap]:
    """Of points (which end where they start) or filled buckets, in order: the silences between them, ``(from, to)``."""
    if len(starts) < 3:
        return []
    silence = (starts[1:] - ends[:-1]).astype(np.float64)
    rhythm = np.diff(starts) / counts[:-1]
    longest = USUAL * float(np.median(rhythm))
    if len(rhythm) >= FEW:
        longest = max(longest, SELDOM * float(np.quantile(rhythm, 0.9)))
    found = np.flatnonzero(silence > max(longest, 0.0))
    return list(zip(ends[found].tolist(), starts[found + 1].tolist(), strict=True))


def marks_of(starts: Ints, ends: Ints, bits: Bytes) -> list[Mark]:
    """Runs of neighbours that hold a quality other than good: ``(from, to, quality)``, in order of time."""
    if not bits.any():
        return []
    found: list[Mark] = []
    for code, quality in enumerate(QUALITIES):
        has = (bits >> code) & 1 if code else np.zeros(len(bits), np.uint8)
        turns = np.flatnonzero(np.diff(has.astype(np.int8), prepend=0, append=0))
        for first, after in zip(turns[::2].tolist(), turns[1::2].tolist(), strict=True):
            found.append((int(starts[first]), int(ends[after - 1]), quality))
    return sorted(found)
