"""Which deliveries have come before: a repeated one has the same key among the device's last ones.

Two windows: the last ``overall`` keys of all devices cover what a link has in flight when it breaks, and the last
``each`` of every device cover its own retries, whatever its neighbours send. Both travel with the commits, so a
restart reloads them. Only hashes of 64 bits are kept, a kilobyte a device: a fleet of 100,000 has to fit.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

OVERALL = 20_000
EACH = 128
_HASH = 8
"""Bytes of a hash. It is Python's own, which nobody outside this process can foresee."""
_packed = struct.Struct("q").pack


class Window:
    """Remembers keys; forgets the oldest beyond its bounds (of all devices between one and two times ``overall``)."""

    def __init__(self, overall: int = OVERALL, each: int = EACH) -> None:
        self._new: set[int] = set()
        self._old: set[int] = set()
        self._max_overall = overall
        self._each: dict[str, bytes] = {}
        self._kept = (each - 1) * _HASH
        self._lives: dict[str, int] = {}

    def __len__(self) -> int:
        """How many hashes are kept."""
        return len(self._new) + len(self._old) + sum(map(len, self._each.values())) // _HASH

    def seen(self, device: str, key: str) -> bool:
        """True if this key of this device came before; remembers it if not."""
        own = self._each.get(device, b"")
        digest = _packed(hash(key))
        mark = hash((device, key, self._lives.get(device)) if self._lives else (device, key))
        if digest in own or mark in self._new or mark in self._old:
            return True
        self._each[device] = own[-self._kept :] + digest
        self._new.add(mark)
        if len(self._new) >= self._max_overall:
            self._old, self._new = self._new, set()
        return False

    def forget(self, device: str) -> None:
        """A deleted device starts anew."""
        self._each.pop(device, None)
        self._lives[device] = self._lives.get(device, 0) + 1

    def restore(self, keys: Iterable[tuple[str, str]]) -> None:
        for device, key in keys:
            self.seen(device, key)
