"""Deduplication keys on disk, by which a restarted hub recognizes messages that are delivered again.

A restart needs the newest :data:`RECENT` keys of all devices, which cover what a broker had in flight, and the newest
:data:`PER_DEVICE` of each device.

::

    commit ──▶ key_log      one row per commit: next to no cost
                  │
                  │ compaction, when enough keys wait: all but the newest RECENT, SLICE devices per transaction;
                  ▼ with the last slice the rows of key_log are deleted
               device_keys  one row per device: its newest PER_DEVICE keys

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

import sqlite3
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from hub.store.base import Delta
from hub.store.connection import insert, transaction
from hub.store.points import Ints
from hub.store.rows import read_json, to_json

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

_LOG = """SELECT json_group_array(json_array(id, hex(series), hex(keys))) FROM key_log
    WHERE cursor <= (SELECT cursor FROM progress) - ?"""
_GONE = "SELECT json_group_array(json_array(id, hex(gone))) FROM key_log WHERE gone IS NOT NULL"
_SERIES = """SELECT json_group_array(json_array(id, device)) FROM series
    WHERE id IN (SELECT value FROM json_each(?))"""
_OF_DEVICES = """SELECT json_group_object(device, hex(keys)) FROM device_keys
    WHERE device IN (SELECT value FROM json_each(?))"""


class LoggedKeys(NamedTuple):
    """Valid keys of ``key_log``, oldest first."""

    names: list[str]
    """Ids of the devices that have keys."""
    owner: Ints
    """The index of each key's device in ``names``."""
    keys: Ints
    upto: int
    """The number of the last row of ``key_log`` that was read; 0 if none was."""

    def by_device(self) -> tuple[Ints, Ints]:
        """Return the keys device by device, and where the keys of each device begin, followed by the number of keys."""
        counts = np.bincount(self.owner, minlength=len(self.names))
        return self.keys[np.argsort(self.owner, kind="stable")], np.append(0, np.cumsum(counts))


class KeyCompaction(msgspec.Struct):
    """A compaction under way.

    Attributes:
        names: the ids of the devices whose keys are moved.
        keys: the keys of these devices, device by device.
        starts: the index at which each device's keys begin, followed by the number of keys.
        upto: the last row of ``key_log`` that the compaction moves.
        done: the number of devices whose keys are moved already.
        deleted: devices that were deleted since the compaction began.
    """

    names: list[str]
    keys: Ints
    starts: Ints
    upto: int
    done: int = 0
    deleted: set[str] = msgspec.field(default_factory=set)


class DedupKeyStore:
    """Writes keys and compacts them. Only the writer's thread calls it."""

    def __init__(self, connection: sqlite3.Connection, devices: Callable[[], int]) -> None:
        self._connection = connection
        # Kept in memory only: an interrupted compaction begins again.
        self._compaction: KeyCompaction | None = None
        self._devices = devices  # returns how many devices there are
        self.waiting = self._count()  # keys in key_log

    def _count(self) -> int:
        return int(self._connection.execute("SELECT coalesce(sum(count), 0) FROM key_log").fetchone()[0])

    def write(self, delta: Delta, firsts: Ints, keys: Ints, gone: Sequence[int]) -> None:
        """Write the keys of a commit in the commit's transaction.

        Args:
            delta: what is committed.
            firsts: the id of the first series of each record that has a key.
            keys: the keys of these records.
            gone: the ids of the series of deleted devices.
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
        """Move the keys of some devices to ``device_keys``; return True while more devices are left."""
        compaction = self._compaction = self._compaction or self._begin()
        if compaction is None:
            return False
        end = min(compaction.done + SLICE, len(compaction.names))
        names, starts = compaction.names[compaction.done : end], compaction.starts[compaction.done : end + 1]
        with transaction(self._connection):
            found = read_json(self._connection, dict[str, str], _OF_DEVICES, to_json(names))
            kept = [bytes.fromhex(found.get(name, "")) for name in names]
            merged = _merged(kept, compaction.keys[starts[0] : starts[-1]], np.diff(starts))
            insert(
                self._connection,
                "INSERT INTO device_keys (device, keys) VALUES",
                [row for row in zip(names, merged, strict=True) if row[0] not in compaction.deleted],
                "ON CONFLICT (device) DO UPDATE SET keys = excluded.keys",
            )
            if end == len(compaction.names):
                self._connection.execute("DELETE FROM key_log WHERE id <= ?", (compaction.upto,))
        # Only after the commit: a slice that failed is done again.
        compaction.done = end
        if end == len(compaction.names):
            self._compaction = None
            self.waiting = self._count()
        return self._compaction is not None

    def _begin(self) -> KeyCompaction | None:
        """Read the keys to move, all but those of the newest :data:`RECENT` records. Return None if there are none."""
        logged = _logged_keys(self._connection, RECENT)
        return KeyCompaction(logged.names, *logged.by_device(), logged.upto) if logged.upto else None


def packed_numbers(series: Sequence[int] | Ints) -> bytes:
    """Pack ids of series as little-endian uint32."""
    return np.asarray(series, "<u4").tobytes()


def packed_keys(keys: Sequence[int] | Ints) -> bytes:
    """Pack keys as little-endian int64."""
    return np.asarray(keys, "<i8").tobytes()


def _logged_keys(connection: sqlite3.Connection, but: int) -> LoggedKeys:
    """Read the valid keys of ``key_log``, without the rows that contain any of the newest ``but`` records."""
    rows = sorted(read_json(connection, list[tuple[int, str, str]], _LOG, but))
    series = np.frombuffer(bytes.fromhex("".join([row[1] for row in rows])), "<u4")
    keys = np.frombuffer(bytes.fromhex("".join([row[2] for row in rows])), "<i8")
    # The distinct ids. Counting is faster than np.unique, because ids are small.
    owners, names = _owners(connection, np.flatnonzero(np.bincount(series)))
    owner = owners[series]
    valid = owner >= 0
    if gone := _gone(connection):
        # Keys of an id are valid from the last row on that deleted a device with it.
        since = np.zeros(len(owners), np.int64)
        for number, row in gone.items():
            since[number : number + 1] = row  # a slice: the log may have no keys of an id beyond these
        valid &= np.repeat([row[0] for row in rows], [len(row[1]) // 8 for row in rows]) >= since[series]
    return LoggedKeys(names, owner[valid], keys[valid], rows[-1][0] if rows else 0)


def _gone(connection: sqlite3.Connection) -> dict[int, int]:
    """Return by series id the last row of ``key_log`` that says that the series was deleted."""
    found: dict[int, int] = {}
    for row, some in sorted(read_json(connection, list[tuple[int, str]], _GONE)):
        found.update(dict.fromkeys(np.frombuffer(bytes.fromhex(some), "<u4").tolist(), row))
    return found


def _owners(connection: sqlite3.Connection, numbers: Ints) -> tuple[Ints, list[str]]:
    """Return an array with the index of the device for each series id (-1: no such series), and the devices."""
    found = read_json(connection, list[tuple[int, str]], _SERIES, to_json(numbers.tolist()))
    names: dict[str, int] = {}
    owners = np.full(numbers[-1] + 1 if len(numbers) else 0, -1)
    for number, device in found:
        owners[number] = names.setdefault(device, len(names))
    return owners, list(names)


def _merged(kept: Sequence[bytes], fresh: Ints, counts: Ints) -> list[bytes]:
    """Return the newest keys of each device, packed, oldest first, each key once.

    Args:
        kept: the packed keys in each device's row.
        fresh: newer keys, device by device; after an interrupted compaction some of them are in ``kept`` already.
        counts: how many of the keys in ``fresh`` belong to each device.
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
    """Return the indices of the keys in order. Of equal keys of a device, only the last one is included."""
    order = np.lexsort((keys, owner))
    following = order[1:]
    repeated = (owner[order[:-1]] == owner[following]) & (keys[order[:-1]] == keys[following])
    return np.sort(order[np.append(~repeated, True)[: len(order)]])


def load_dedup_keys(connection: sqlite3.Connection) -> tuple[list[tuple[str, int]], dict[str, bytes]]:
    """Return the keys that a restart needs, oldest first: ``(device, key)`` for all, and packed int64 by device.

    The first part has the newest keys of all devices together, the second part the newest keys of each device. A key
    occurs once in each part, also while a compaction is under way.
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
