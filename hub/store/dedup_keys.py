"""Deduplication keys on disk, by which a restarted hub recognizes messages that are delivered again.

A restart needs the newest :data:`RECENT` keys of all devices together, which cover the messages that a broker had in
flight, and the newest :data:`PER_DEVICE` keys of each device.

::

    commit ──▶ key_log      one row per commit: costs almost nothing
                  │
                  │ compaction moves all keys except the newest ones (RECENT), a thousand devices per transaction;
                  ▼ the last of these transactions deletes the rows of key_log
               device_keys  one row per device: its newest keys (PER_DEVICE)

Deletion: compaction deletes rows of ``key_log``; deleting a device deletes its row of ``device_keys``.
A compaction that is interrupted begins again: keys that are in both tables count once.

A row of ``key_log`` has columns of little-endian numbers:

- ``series`` (uint32): for each record that has a key, the id of its first series, which identifies its device;
- ``keys`` (int64): the keys;
- ``gone`` (uint32): the ids of the series of the devices that the commit deleted.

The keys of a deleted device are void, because its series no longer exist. Ids of series may be reused when their
readings are deleted, so ``gone`` voids the keys of these ids in all earlier rows. A device that is deleted and comes
back has other ids, also within one commit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from hub.store.base import Delta
from hub.store.connection import SqlConnection, insert, to_json
from hub.store.points import Ints

RECENT = 20_000
"""How many of the newest keys, of all devices together, a restart needs."""
PER_DEVICE = 128
"""How many of the newest keys of each device a restart needs."""
COMPACT_AT = 50_000
COMPACT_AT_PER_DEVICE = 8
"""A compaction begins at :data:`RECENT` + ``COMPACT_AT`` keys in ``key_log``, and this many more for each device.

So a device's row is read and written once for several keys of the device.
"""
SLICE = 1_000
"""Maximum number of devices in one transaction of a compaction."""
_BYTES = 8

_LOG = "SELECT id, series, keys FROM key_log WHERE cursor <= (SELECT cursor FROM progress) - ?"
_GONE = "SELECT id, gone FROM key_log WHERE gone IS NOT NULL"
_SERIES = "SELECT id, device FROM series WHERE id IN (SELECT value FROM json_each(?))"
_OF_DEVICES = "SELECT device, keys FROM device_keys WHERE device IN (SELECT value FROM json_each(?))"


class LoggedKeys(NamedTuple):
    """The deduplication keys in the table ``key_log`` that have not been deleted with their devices, oldest first."""

    names: list[str]
    """Ids of the devices that have keys."""
    owner: Ints
    """The index of each key's device in ``names``."""
    keys: Ints
    last_row: int
    """The number of the last row of ``key_log`` that was read; 0 if none was."""

    def by_device(self) -> tuple[Ints, Ints]:
        """Return the keys, grouped by device in the order of ``names``, and the indices at which the groups begin.

        The last index is the number of keys, where the last group ends.
        """
        counts = np.bincount(self.owner, minlength=len(self.names))
        return self.keys[np.argsort(self.owner, kind="stable")], np.append(0, np.cumsum(counts))


class KeyCompaction(msgspec.Struct):
    """A compaction of deduplication keys that is under way.

    Attributes:
        names: the ids of the devices whose keys are moved.
        keys: the keys of these devices, device by device.
        starts: the index at which each device's keys begin, followed by the number of keys.
        last_row: the number of the last row of ``key_log`` that the compaction moves.
        done: the number of devices whose keys are moved already.
        deleted: devices that were deleted since the compaction began.
    """

    names: list[str]
    keys: Ints
    starts: Ints
    last_row: int
    done: int = 0
    deleted: set[str] = msgspec.field(default_factory=set)


class DedupKeyStore:
    """Writes deduplication keys, and compacts the table ``key_log``. Only the thread that writes the store calls it."""

    def __init__(self, connection: SqlConnection, devices: Callable[[], int]) -> None:
        self._connection = connection
        # Kept in memory only: an interrupted compaction begins again.
        self._compaction: KeyCompaction | None = None
        self._devices = devices  # returns how many devices there are
        self.waiting = self._count()  # keys in key_log

    def _count(self) -> int:
        return int(self._connection.execute("SELECT coalesce(sum(count), 0) FROM key_log").fetchone()[0])

    def write(self, delta: Delta, firsts: Ints, keys: Ints, gone: Sequence[int]) -> None:
        """Append the deduplication keys of a commit to ``key_log``, in the transaction of the commit.

        Args:
            delta: What is committed.
            firsts: For each record that has a key, the id of one of its series, which shows the record's device.
            keys: The keys of these records, in the same order.
            gone: The ids of all series of the devices that the commit deletes. The keys of these devices become
                invalid.
        """
        for device in delta.deleted:
            self._connection.execute("DELETE FROM device_keys WHERE device = ?", (device,))
            if self._compaction is not None:
                # The compaction has read the device's keys before and must not write them back.
                self._compaction.deleted.add(device)
        if not len(keys) and not gone:
            return
        void = packed_numbers(gone) if gone else None
        self._connection.execute(
            "INSERT INTO key_log (cursor, count, gone, series, keys) VALUES (?, ?, ?, ?, ?)",
            (delta.cursor, len(keys), void, packed_numbers(firsts), packed_keys(keys)),
        )
        self.waiting += len(keys)

    @property
    def due(self) -> bool:
        """Return True if a compaction is under way or should begin."""
        if self._compaction is not None:
            return True
        return self.waiting >= RECENT + COMPACT_AT + COMPACT_AT_PER_DEVICE * self._devices()

    def compact_slice(self) -> bool:
        """Move the keys of the next :data:`SLICE` devices from ``key_log`` to ``device_keys``.

        Begin a compaction if none is under way. Return True while the compaction has more devices left.
        """
        compaction = self._compaction = self._compaction or self._begin()
        if compaction is None:
            return False
        end = min(compaction.done + SLICE, len(compaction.names))
        names, starts = compaction.names[compaction.done : end], compaction.starts[compaction.done : end + 1]
        with self._connection.transaction():
            found = dict(self._connection.rows(list[tuple[str, bytes]], _OF_DEVICES, to_json(names)))
            kept = [found.get(name, b"") for name in names]
            merged = _merged(kept, compaction.keys[starts[0] : starts[-1]], np.diff(starts))
            insert(
                self._connection,
                "INSERT INTO device_keys (device, keys) VALUES",
                [row for row in zip(names, merged, strict=True) if row[0] not in compaction.deleted],
                "ON CONFLICT (device) DO UPDATE SET keys = excluded.keys",
            )
            if end == len(compaction.names):
                self._connection.execute("DELETE FROM key_log WHERE id <= ?", (compaction.last_row,))
        # Only after the commit: a slice that failed is done again.
        compaction.done = end
        if end == len(compaction.names):
            self._compaction = None
            self.waiting = self._count()
        return self._compaction is not None

    def _begin(self) -> KeyCompaction | None:
        """Read the keys that the compaction moves: the keys of all records except the newest :data:`RECENT`.

        Return None if there are no such keys.
        """
        logged = _logged_keys(self._connection, RECENT)
        return KeyCompaction(logged.names, *logged.by_device(), logged.last_row) if logged.last_row else None


def packed_numbers(series: Sequence[int] | Ints) -> bytes:
    """Pack ids of series as little-endian uint32."""
    return np.asarray(series, "<u4").tobytes()


def packed_keys(keys: Sequence[int] | Ints) -> bytes:
    """Return deduplication keys as bytes: eight bytes for each key, little-endian."""
    return np.asarray(keys, "<i8").tobytes()


def _logged_keys(connection: SqlConnection, skip_newest: int) -> LoggedKeys:
    """Read the valid keys of ``key_log``, without the rows that contain any of the newest ``skip_newest`` records."""
    rows = sorted(connection.rows(list[tuple[int, bytes, bytes]], _LOG, skip_newest))
    series = np.frombuffer(b"".join([row[1] for row in rows]), "<u4")
    keys = np.frombuffer(b"".join([row[2] for row in rows]), "<i8")
    # The distinct ids. Counting is faster than np.unique, because ids are small.
    owners, names = _owners(connection, np.flatnonzero(np.bincount(series)))
    owner = owners[series]
    valid = owner >= 0
    if gone := _deletions(connection):
        # The last row that lists an id as deleted, and later rows, have valid keys of this id.
        since = np.zeros(len(owners), np.int64)
        for number, row in gone.items():
            since[number : number + 1] = row  # a slice: the log may have no keys of an id beyond these
        valid &= np.repeat([row[0] for row in rows], [len(row[1]) // 4 for row in rows]) >= since[series]
    return LoggedKeys(names, owner[valid], keys[valid], rows[-1][0] if rows else 0)


def _deletions(connection: SqlConnection) -> dict[int, int]:
    """Return, by the id of each deleted series, the last row of ``key_log`` that records the deletion.

    Keys of this series in earlier rows are invalid.
    """
    found: dict[int, int] = {}
    for row, some in sorted(connection.rows(list[tuple[int, bytes]], _GONE)):
        found.update(dict.fromkeys(np.frombuffer(some, "<u4").tolist(), row))
    return found


def _owners(connection: SqlConnection, numbers: Ints) -> tuple[Ints, list[str]]:
    """Look up the devices to which the series with the ids ``numbers`` belong.

    Returns:
        An array and a list of device ids. At the index of a series id, the array has the index of the device in the
            list, or -1 if there is no such series.
    """
    found = connection.rows(list[tuple[int, str]], _SERIES, to_json(numbers.tolist()))
    names: dict[str, int] = {}
    owners = np.full(numbers[-1] + 1 if len(numbers) else 0, -1)
    for number, device in found:
        owners[number] = names.setdefault(device, len(names))
    return owners, list(names)


def _merged(kept: Sequence[bytes], fresh: Ints, counts: Ints) -> list[bytes]:
    """Add newer keys to the stored keys of some devices, and return the newest keys of each device.

    The result has one entry per device: its keys, packed, oldest first. A key that occurs several times is kept once.

    Args:
        kept: for each device, the stored keys, packed.
        fresh: the newer keys of the first device, then those of the second device, and so on. Some of them may be in
            ``kept`` already, if a compaction was interrupted.
        counts: for each device, the number of its keys in ``fresh``.
    """
    places = np.arange(len(kept))
    before = np.array([len(some) // _BYTES for some in kept], np.int64)
    owner = np.append(np.repeat(places, before), np.repeat(places, counts))
    keys = np.append(np.frombuffer(b"".join(kept), "<i8"), fresh)
    last = _last_ones(owner, keys)
    last = last[np.argsort(owner[last], kind="stable")]  # by device, in the order of arrival
    ends = np.searchsorted(owner[last], places, "right")
    starts = np.maximum(np.append(0, ends[:-1]), ends - PER_DEVICE)
    body = packed_keys(keys[last])
    return [body[_BYTES * a : _BYTES * b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]


def _last_ones(owner: Ints, keys: Ints) -> Ints:
    """Return the indices, in ascending order, that remain when repeated keys are removed.

    ``owner`` has the device of each key. If a device has a key several times, only the last one remains.
    """
    order = np.lexsort((keys, owner))
    following = order[1:]
    repeated = (owner[order[:-1]] == owner[following]) & (keys[order[:-1]] == keys[following])
    return np.sort(order[np.append(~repeated, True)[: len(order)]])


def load_dedup_keys(connection: SqlConnection) -> tuple[list[tuple[str, int]], dict[str, bytes]]:
    """Return the deduplication keys that a restarted hub needs, oldest first.

    Returns:
        The newest keys of all devices together, as pairs ``(device, key)``; and the newest keys of each device, as a
        dict from device id to the keys in bytes (8 for each key). A key occurs only once in each part.
    """
    logged = _logged_keys(connection, 0)
    newest = _last_ones(logged.owner[-RECENT:], logged.keys[-RECENT:]) + max(len(logged.keys) - RECENT, 0)
    names = logged.names
    of_all = [
        (names[i], key) for i, key in zip(logged.owner[newest].tolist(), logged.keys[newest].tolist(), strict=True)
    ]
    of_each: dict[str, bytes] = dict(connection.execute("SELECT device, keys FROM device_keys"))
    keys, starts = logged.by_device()
    for a in range(0, len(names), SLICE):
        some, bounds = names[a : a + SLICE], starts[a : a + SLICE + 1]
        kept = [of_each.get(name, b"") for name in some]
        fresh = keys[bounds[0] : bounds[-1]]
        of_each.update(zip(some, _merged(kept, fresh, np.diff(bounds)), strict=True))
    return of_all, of_each
