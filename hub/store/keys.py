"""Dedupe keys: one row a commit, so that they cost next to nothing, and a row a device for what is older.

A restart needs the newest keys of all, which cover what a link had in flight, and the newest of each device. Those
beyond the newest of all are folded into their devices' rows, many at a time and in slices, and their rows deleted
after it. A fold that breaks off is begun again: what has been folded is not folded twice.

(A row a key, as it was first, wrote a page of the database for nearly every message: half of what a message cost.)
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable

import msgspec

from hub.store.base import Delta
from hub.store.connection import insert, transaction

RECENT = 20_000
PER_DEVICE = 128
"""The newest keys of all devices, and of each, that a restart needs."""
FOLDED_AT = 50_000
"""So many keys, and :data:`EACH` for each device, wait before they are folded: a device's row is read and written once
for several of its keys."""
EACH = 4
SLICE = 1_000
"""Devices folded in one transaction."""

Row = tuple[list[str], list[str], list[str]]
"""Devices that were deleted with this commit, and then the device and the key of each record that has one."""
_encode = msgspec.json.encode
_decode = msgspec.json.Decoder(Row).decode
_decode_devices = msgspec.json.Decoder(dict[str, list[str]]).decode

_OF_DEVICES = """SELECT json_group_object(device, json(keys)) FROM device_keys
    WHERE device IN (SELECT value FROM json_each(?))"""


class Keys:
    """Owned by the writer; its thread alone calls it. ``devices`` says how many there are, ``waiting`` how many keys
    are not folded yet."""

    def __init__(self, connection: sqlite3.Connection, devices: Callable[[], int]) -> None:
        self._connection = connection
        self._folding: dict[str, list[str]] = {}
        self._upto = 0
        self._devices = devices
        self.waiting = self._count()

    def _count(self) -> int:
        return int(self._connection.execute("SELECT coalesce(sum(count), 0) FROM key_log").fetchone()[0])

    def write(self, delta: Delta) -> None:
        """In the transaction of the commit."""
        for device in delta.deleted:
            self._connection.execute("DELETE FROM device_keys WHERE device = ?", (device,))
            self._folding.pop(device, None)
        keyed = [(record.device, record.key) for record in delta.records if record.key is not None]
        if keyed or delta.deleted:
            devices, keys = zip(*keyed, strict=True) if keyed else ((), ())
            row = (delta.cursor, len(keys), _encode((delta.deleted, devices, keys)))
            self._connection.execute("INSERT INTO key_log (cursor, count, body) VALUES (?, ?, ?)", row)
            self.waiting += len(keys)

    @property
    def due(self) -> bool:
        return bool(self._folding) or self.waiting >= RECENT + FOLDED_AT + EACH * self._devices()

    def fold_slice(self) -> bool:
        """Fold the keys of some devices; True while there are more."""
        if not self._folding and not self._begin():
            return False
        names = list(self._folding)[:SLICE]
        with transaction(self._connection):
            kept = _decode_devices(self._connection.execute(_OF_DEVICES, (_encode(names),)).fetchone()[0])
            rows = [(name, _encode(_merged(kept.get(name, []), self._folding[name])).decode()) for name in names]
            insert(self._connection, "INSERT OR REPLACE INTO device_keys VALUES", rows)
            if len(names) == len(self._folding):
                self._connection.execute("DELETE FROM key_log WHERE id <= ?", (self._upto,))
        for name in names:
            del self._folding[name]
        if not self._folding:
            self.waiting = self._count()
        return bool(self._folding)

    def _begin(self) -> bool:
        """Read what is to be folded: all but the newest of all."""
        rows = self._connection.execute(
            "SELECT id, body FROM key_log WHERE cursor <= (SELECT cursor FROM progress) - ? ORDER BY id", (RECENT,)
        )
        for number, body in rows:
            self._upto = number
            deleted, devices, keys = _decode(body)
            for device in deleted:
                self._folding.pop(device, None)
            for device, key in zip(devices, keys, strict=True):
                self._folding.setdefault(device, []).append(key)
        return bool(self._folding)


def _merged(kept: list[str], fresh: list[str]) -> list[str]:
    """A device's newest keys, oldest first. Some of ``fresh`` are there already where a fold broke off."""
    known = set(fresh)
    return [*(key for key in kept if key not in known), *fresh][-PER_DEVICE:]


def load_keys(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """What a restart needs, oldest first: ``(device, key)``, each once, also while a fold is half done."""
    found: list[tuple[str, str]] = []
    for device, kept in connection.execute("SELECT device, keys FROM device_keys"):
        found += [(device, key) for key in msgspec.json.decode(kept, type=list[str])]
    begins: dict[str, int] = {}
    for (body,) in connection.execute("SELECT body FROM key_log ORDER BY id"):
        deleted, devices, keys = _decode(body)
        begins.update(dict.fromkeys(deleted, len(found)))
        found += zip(devices, keys, strict=True)
    newest = len(found) - RECENT
    needed: list[tuple[str, str]] = []
    seen: Counter[str] = Counter()
    told: set[tuple[str, str]] = set()
    for at in range(len(found) - 1, -1, -1):
        device = found[at][0]
        if found[at] in told:
            continue  # folded already, and its row not deleted yet
        told.add(found[at])
        seen[device] += 1
        if at >= begins.get(device, 0) and (at >= newest or seen[device] <= PER_DEVICE):
            needed.append(found[at])
    needed.reverse()
    return needed
