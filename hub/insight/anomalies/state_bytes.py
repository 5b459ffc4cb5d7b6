"""Serialize the state of an anomaly detector: a version, the number of readings seen, and arrays of known length."""

from __future__ import annotations

import struct

import numpy as np

from hub.errors import Invalid
from hub.insight.series import Floats

_HEAD = struct.Struct("<4sHQ")
_MAGIC = b"WKad"


def pack(version: int, seen: int, *arrays: Floats) -> bytes:
    """Return the state of a detector as bytes, which :class:`StateReader` reads.

    The bytes consist of ``version`` (the version of the format), ``seen`` (the number of readings seen so far), and
    the numbers in ``arrays`` as little-endian doubles.
    """
    return _HEAD.pack(_MAGIC, version, seen) + b"".join(array.astype("<f8").tobytes() for array in arrays)


class StateReader:
    """Reads the parts that :func:`pack` wrote, in the same order.

    Every method raises :class:`Invalid` if the bytes do not have such a part.
    """

    def __init__(self, data: bytes, version: int) -> None:
        if len(data) < _HEAD.size:
            raise _damaged("it is too short")
        magic, found, seen = _HEAD.unpack_from(data)
        self._seen = int(seen)
        if magic != _MAGIC or found != version:
            raise _damaged(f"it is not of version {version}")
        self._data, self._at = data, _HEAD.size

    def count(self) -> int:
        """Return the number of readings that the detector has seen."""
        if self._seen > 2**53:
            raise _damaged("its count is out of range")
        return self._seen

    def floats(self, count: int) -> Floats:
        """Return the next ``count`` numbers. Infinity stands for a value that is not known yet."""
        end = self._at + 8 * count
        if end > len(self._data):
            raise _damaged("it is too short")
        found = np.frombuffer(self._data, dtype="<f8", count=count, offset=self._at).astype(np.float64)
        self._at = end
        return found

    def end(self) -> None:
        """Raise Invalid if there are bytes after the last part."""
        if self._at != len(self._data):
            raise _damaged("it is too long")


def _damaged(why: str) -> Invalid:
    return Invalid(
        f"The state of the anomaly detector cannot be read: {why}.", "Discard it; the detector learns again."
    )
