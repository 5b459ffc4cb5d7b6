"""What moves at an upgrade from format 13 and older, in steps: dedupe keys out of texts into numbers.

A key was ``i`` and the ``id``, or ``s``, the ``seq``, the item's place in its list and the payload's CRC-32, with dots
between. Its number is the one that the same message has today; that of an ``id`` is a number of its own, since the
text does not hold what the message said.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable

import msgspec
import numpy as np

from hub.store.connection import insert, transaction

ROWS = 500
"""Commits in one transaction."""
DEVICES = 1_000
"""Devices in one transaction."""
KEPT = 128
"""The newest keys of a device: an earlier migration kept more."""

_LOG = """SELECT json_group_array(json_array(id, cursor, json(CAST(body AS TEXT))))
    FROM (SELECT id, cursor, body FROM text_key_log ORDER BY id LIMIT ?)"""
_SERIES = """SELECT json_group_array(json_array(device, id)) FROM series
    WHERE device IN (SELECT value FROM json_each(?)) ORDER BY id"""
_DEVICES = """SELECT json_group_object(device, json(keys))
    FROM (SELECT device, keys FROM text_device_keys ORDER BY device LIMIT ?)"""

_encode = msgspec.json.encode
_decode_log = msgspec.json.Decoder(list[tuple[int, int, tuple[list[str], list[str], list[str]]]]).decode
_decode_series = msgspec.json.Decoder(list[tuple[str, int]]).decode
_decode_devices = msgspec.json.Decoder(dict[str, list[str]]).decode


def move_keys(connection: sqlite3.Connection) -> bool:
    """Move the keys of up to :data:`ROWS` commits, or of up to :data:`DEVICES` devices; False when none are left."""
    with transaction(connection):
        return _move_log(connection) or _move_devices(connection)


def _move_log(connection: sqlite3.Connection) -> bool:
    """A row becomes a row of the same number. A device's keys go with its first series as it is now, and so what it
    said before it was deleted is void by that series' number in the row that deleted it."""
    rows = sorted(_decode_log(connection.execute(_LOG, (ROWS,)).fetchone()[0]))
    if not rows:
        return False
    named = {name for _, _, (deleted, devices, _) in rows for name in (*deleted, *devices)}
    series = _first_series(connection, named)
    moved = []
    for row, cursor, (deleted, devices, keys) in rows:
        pairs = [(series[device], key) for device, text in zip(devices, keys, strict=True)
                 if device in series and (key := number_of(text)) is not None]  # fmt: skip
        gone = [series[device] for device in deleted if device in series]
        packed = np.array([number for number, _ in pairs], "<u4").tobytes()
        said = np.array([key for _, key in pairs], "<i8").tobytes()
        moved.append((row, cursor, len(pairs), np.array(gone, "<u4").tobytes() if gone else None, packed, said))
    insert(connection, "INSERT INTO key_log (id, cursor, count, gone, series, keys) VALUES", moved)
    connection.execute("DELETE FROM text_key_log WHERE id <= ?", (rows[-1][0],))
    return True


def _first_series(connection: sqlite3.Connection, devices: Iterable[str]) -> dict[str, int]:
    wanted = _encode(sorted(devices)).decode()
    found: dict[str, int] = {}
    for device, number in _decode_series(connection.execute(_SERIES, (wanted,)).fetchone()[0]):
        found[device] = min(number, found.get(device, number))
    return found


def _move_devices(connection: sqlite3.Connection) -> bool:
    found = _decode_devices(connection.execute(_DEVICES, (DEVICES,)).fetchone()[0])
    rows = [
        (device, np.array([key for text in keys[-KEPT:] if (key := number_of(text)) is not None], "<i8").tobytes())
        for device, keys in found.items()
    ]
    insert(connection, "INSERT INTO device_keys (device, keys) VALUES", rows)
    names = _encode(list(found)).decode()
    connection.execute("DELETE FROM text_device_keys WHERE device IN (SELECT value FROM json_each(?))", (names,))
    return bool(found)


def number_of(text: str) -> int | None:
    """The number of a key that was a text; None for a text that is none of ours."""
    kind, rest = text[:1], text[1:]
    if kind == "i":
        return -1 - (int.from_bytes(hashlib.blake2b(rest.encode(), digest_size=8).digest()) >> 1)
    parts = rest.split(".")
    if kind != "s" or len(parts) != 3:
        return None
    try:
        seq, place, check = map(int, parts)
    except ValueError:
        return None
    return (seq & 0x7FFF_FFFF) << 32 | (check + place) & 0xFFFF_FFFF
