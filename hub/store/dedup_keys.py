"""Dedupe keys: one row a commit, so that they cost next to nothing, and a row a device for what is older.

A restart needs the newest keys of all, which cover what a link had in flight, and the newest of each device. Those
beyond the newest of all are folded into their devices' rows, many at a time and in slices, and their rows deleted
after it. A fold that breaks off is begun again: what has been folded is not folded twice.

A row of the log has columns of little-endian numbers: for each record that has a key, the number of its first series
(uint32), which says of which device it is, and its key (int64). A deleted device's series are gone, and so its keys
are void; since their numbers may be given again once their readings are gone, too, a row also has the numbers of the
series that went with its commit (uint32): they void the keys of the rows before it. A device that is deleted and
comes back has other numbers, also within one commit.
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
PER_DEVICE = 128
"""The newest keys of all devices, and of each, that a restart needs."""
FOLDED_AT = 50_000
"""So many keys, and :data:`EACH` for each device, wait before they are folded: a device's row is read and written once
for several of its keys."""
EACH = 8
SLICE = 1_000
"""Devices folded in one transaction."""
_BYTES = 8

# In one step, whatever there is of it: at every step sqlite3 gives up the interpreter lock.
_LOG = """SELECT json_group_array(json_array(id, hex(series), hex(keys))) FROM key_log
    WHERE cursor <= (SELECT cursor FROM progress) - ?"""
_GONE = "SELECT json_group_array(json_array(id, hex(gone))) FROM key_log WHERE gone IS NOT NULL"
_SERIES = """SELECT json_group_array(json_array(id, device)) FROM series
    WHERE id IN (SELECT value FROM json_each(?))"""
_OF_DEVICES = """SELECT json_group_object(device, hex(keys)) FROM device_keys
    WHERE device IN (SELECT value FROM json_each(?))"""


class LoggedKeys(NamedTuple):
    """Keys of the log, oldest first, up to its row ``upto``; ``owner`` is the place of a key's device in ``names``.
    What is void is left out."""

    names: list[str]
    owner: Ints
    keys: Ints
    upto: int

    def by_device(self) -> tuple[Ints, Ints]:
        """The keys of the first name, then those of the next; and where each begins, and the last ends."""
        counts = np.bincount(self.owner, minlength=len(self.names))
        return self.keys[np.argsort(self.owner, kind="stable")], np.append(0, np.cumsum(counts))


class KeyCompaction(msgspec.Struct):
    """A fold under way: the devices from ``done`` on have to be folded. ``deleted`` ones are not any more."""

    names: list[str]
    keys: Ints
    starts: Ints
    upto: int
    done: int = 0
    deleted: set[str] = msgspec.field(default_factory=set)


class DedupKeyStore:
    """Owned by the writer; its thread alone calls it. ``devices`` says how many there are, ``waiting`` how many keys
    are not folded yet."""

    def __init__(self, connection: sqlite3.Connection, devices: Callable[[], int]) -> None:
        self._connection = connection
        self._fold: KeyCompaction | None = None
        self._devices = devices
        self.waiting = self._count()

    def _count(self) -> int:
        return int(self._connection.execute("SELECT coalesce(sum(count), 0) FROM key_log").fetchone()[0])

    def write(self, delta: Delta, firsts: Ints, keys: Ints, gone: Sequence[int]) -> None:
        """In the transaction of the commit. ``firsts`` has the number of the first series of each record that has a
        key, ``gone`` those of the series that the deleted devices had."""
        for device in delta.deleted:
            self._connection.execute("DELETE FROM device_keys WHERE device = ?", (device,))
            if self._fold is not None:
                self._fold.deleted.add(device)
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
        return self._fold is not None or self.waiting >= RECENT + FOLDED_AT + EACH * self._devices()

    def compact_slice(self) -> bool:
        """Fold the keys of some devices; True while there are more."""
        fold = self._fold = self._fold or self._begin()
        if fold is None:
            return False
        end = min(fold.done + SLICE, len(fold.names))
        names, starts = fold.names[fold.done : end], fold.starts[fold.done : end + 1]
        with transaction(self._connection):
            found = read_json(self._connection, dict[str, str], _OF_DEVICES, to_json(names))
            kept = [bytes.fromhex(found.get(name, "")) for name in names]
            merged = _merged(kept, fold.keys[starts[0] : starts[-1]], np.diff(starts))
            insert(
                self._connection,
                "INSERT INTO device_keys (device, keys) VALUES",
                [row for row in zip(names, merged, strict=True) if row[0] not in fold.deleted],
                "ON CONFLICT (device) DO UPDATE SET keys = excluded.keys",
            )
            if end == len(fold.names):
                self._connection.execute("DELETE FROM key_log WHERE id <= ?", (fold.upto,))
        fold.done = end
        if end == len(fold.names):
            self._fold = None
            self.waiting = self._count()
        return self._fold is not None

    def _begin(self) -> KeyCompaction | None:
        """Read what is to be folded: all but the newest of all."""
        said = _said(self._connection, RECENT)
        return KeyCompaction(said.names, *said.by_device(), said.upto) if said.upto else None


def packed_numbers(series: Sequence[int] | Ints) -> bytes:
    """Numbers of series as a row of the log has them."""
    return np.asarray(series, "<u4").tobytes()


def packed_keys(keys: Sequence[int] | Ints) -> bytes:
    """Keys as the rows have them."""
    return np.asarray(keys, "<i8").tobytes()


def _said(connection: sqlite3.Connection, but: int) -> LoggedKeys:
    """What the log has, without the rows of the newest ``but`` records."""
    rows = sorted(read_json(connection, list[tuple[int, str, str]], _LOG, but))
    series = np.frombuffer(bytes.fromhex("".join([row[1] for row in rows])), "<u4")
    keys = np.frombuffer(bytes.fromhex("".join([row[2] for row in rows])), "<i8")
    owners, names = _owners(connection, np.flatnonzero(np.bincount(series)))
    owner = owners[series]
    valid = owner >= 0
    if gone := _gone(connection):
        since = np.zeros(len(owners), np.int64)
        for number, row in gone.items():
            since[number : number + 1] = row  # of a number beyond all of these the log has no keys
        valid &= np.repeat([row[0] for row in rows], [len(row[1]) // 8 for row in rows]) >= since[series]
    return LoggedKeys(names, owner[valid], keys[valid], rows[-1][0] if rows else 0)


def _gone(connection: sqlite3.Connection) -> dict[int, int]:
    """Of the series that were deleted, by number, the row of the log that says so: the last one."""
    found: dict[int, int] = {}
    for row, some in sorted(read_json(connection, list[tuple[int, str]], _GONE)):
        found.update(dict.fromkeys(np.frombuffer(bytes.fromhex(some), "<u4").tolist(), row))
    return found


def _owners(connection: sqlite3.Connection, numbers: Ints) -> tuple[Ints, list[str]]:
    """The devices of these series, and by the number of a series the place of its device among them; -1 where there is
    no such series any more."""
    found = read_json(connection, list[tuple[int, str]], _SERIES, to_json(numbers.tolist()))
    names: dict[str, int] = {}
    owners = np.full(numbers[-1] + 1 if len(numbers) else 0, -1)
    for number, device in found:
        owners[number] = names.setdefault(device, len(names))
    return owners, list(names)


def _merged(kept: Sequence[bytes], fresh: Ints, counts: Ints) -> list[bytes]:
    """Of each device its newest keys, each once, oldest first: those that were ``kept``, and so many ``fresh`` ones
    behind them. Some of these are there already where a fold broke off."""
    places = np.arange(len(kept))
    before = np.array([len(some) // _BYTES for some in kept], np.int64)
    owner = np.append(np.repeat(places, before), np.repeat(places, counts))
    keys = np.append(np.frombuffer(b"".join(kept), "<i8"), fresh)
    last = _last_ones(owner, keys)
    last = last[np.argsort(owner[last], kind="stable")]
    ends = np.searchsorted(owner[last], places, "right")
    starts = np.maximum(np.append(0, ends[:-1]), ends - PER_DEVICE)
    body = packed_keys(keys[last])
    return [body[_BYTES * a : _BYTES * b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]


def _last_ones(owner: Ints, keys: Ints) -> Ints:
    """The places of all keys, in their order; where a device's key is there several times, only the last."""
    order = np.lexsort((keys, owner))
    following = order[1:]
    repeated = (owner[order[:-1]] == owner[following]) & (keys[order[:-1]] == keys[following])
    return np.sort(order[np.append(~repeated, True)[: len(order)]])


def load_dedup_keys(connection: sqlite3.Connection) -> tuple[list[tuple[str, int]], dict[str, bytes]]:
    """What a restart needs, each key once, also while a fold is half done: the newest of all, oldest first, and those
    of each device (int64, oldest first)."""
    said = _said(connection, 0)
    newest = _last_ones(said.owner[-RECENT:], said.keys[-RECENT:]) + max(len(said.keys) - RECENT, 0)
    names = said.names
    of_all = [(names[i], key) for i, key in zip(said.owner[newest].tolist(), said.keys[newest].tolist(), strict=True)]
    of_each: dict[str, bytes] = dict(connection.execute("SELECT device, keys FROM device_keys"))
    keys, starts = said.by_device()
    for a in range(0, len(names), SLICE):
        some, bounds = names[a : a + SLICE], starts[a : a + SLICE + 1]
        kept = [of_each.get(name, b"") for name in some]
        fresh = keys[bounds[0] : bounds[-1]]
        of_each.update(zip(some, _merged(kept, fresh, np.diff(bounds)), strict=True))
    return of_all, of_each
