"""Which deliveries have come before: a repeated one has the same key among the device's last ones.

Two windows: the last ``overall`` keys of all devices cover what a link has in flight when it breaks, and the last
``each`` of every device cover its own retries, whatever its neighbours send. Both travel with the commits, so a
restart reloads them. A key is a number of 64 bits, a kilobyte a device: a fleet of 100,000 has to fit.

A device that counts says a greater number each time, and a number greater than all that are remembered of it needs no
search. Where it begins to count anew, its numbers are searched for until the greater ones have left both windows.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Mapping

OVERALL = 20_000
EACH = 128
_BYTES = 8
_BELOW_ALL = -(1 << 63) - 1
"""Less than any key."""
_packed = struct.Struct("=q").pack


class _Own:
    """A device's last keys, in a ring once there are ``each`` of them; ``at`` is where the oldest stands then.

    ``greatest`` is no less than any of its keys in either window. ``salt`` makes of its keys marks that are no other
    device's, nor its own from before it was deleted: a hash of Python's own, which nobody outside can foresee.
    ``top`` was the greatest at ``turn``, and ``since`` is the greatest of those that were searched for after that.
    """

    __slots__ = ("at", "greatest", "ring", "salt", "since", "top", "turn")

    def __init__(self, salt: int) -> None:
        self.ring = array("q")
        self.at = 0
        self.salt = salt
        self.greatest = self.top = self.since = _BELOW_ALL
        self.turn = 0


class Window:
    """Remembers keys; forgets the oldest beyond its bounds (of all devices between one and two times ``overall``)."""

    def __init__(self, overall: int = OVERALL, each: int = EACH) -> None:
        self._new: set[int] = set()
        self._old: set[int] = set()
        self._turn = 0
        self._max_overall = overall
        self._each: dict[str, _Own] = {}
        self._max_each = each
        self._begun = 0

    def __len__(self) -> int:
        """How many numbers are kept."""
        return len(self._new) + len(self._old) + sum(len(own.ring) for own in self._each.values())

    def seen(self, device: str, key: int) -> bool:
        """True if this key of this device came before; remembers it if not."""
        own = self._each.get(device)
        if own is None:
            own = self._begin(device)
        if key > own.greatest:
            own.greatest = key
        elif self._found(own, key):
            return True
        ring = own.ring
        if len(ring) < self._max_each:
            ring.append(key)
        else:
            at = own.at
            ring[at] = key
            own.at = (at + 1) % self._max_each
        self._new.add(key ^ own.salt)
        if len(self._new) >= self._max_overall:
            self._turn_over()
        return False

    def _begin(self, device: str) -> _Own:
        self._begun += 1
        own = self._each[device] = _Own(hash((device, self._begun)))
        return own

    def _turn_over(self) -> None:
        self._old, self._new = self._new, set()
        self._turn += 1

    def _found(self, own: _Own, key: int) -> bool:
        """Search both windows. The ring is searched as bytes, many times as fast as number by number; what is found
        across two numbers is none."""
        mark = key ^ own.salt
        if mark in self._new or mark in self._old:
            return True
        kept, sought = own.ring.tobytes(), _packed(key)
        at = kept.find(sought)
        while at > 0 and at % _BYTES:
            at = kept.find(sought, at - at % _BYTES + _BYTES)
        if at >= 0:
            return True
        self._settle(own, key)
        return False

    def _settle(self, own: _Own, key: int) -> None:
        """The greatest comes down once none of the keys that are still in a window reaches it."""
        if own.top != own.greatest:  # a greater one has come meanwhile
            own.top, own.turn, own.since = own.greatest, self._turn, key
            return
        own.since = max(own.since, key)
        if self._turn >= own.turn + 2:  # the marks of all that came up to `turn` are forgotten
            own.greatest = own.top = max(own.since, *own.ring)
            own.turn, own.since = self._turn, key

    def forget(self, device: str) -> None:
        """A deleted device starts anew."""
        self._each.pop(device, None)

    def restore(self, of_each: Mapping[str, bytes], of_all: Iterable[tuple[str, int]]) -> None:
        """What :class:`hub.store.base.Snapshot` has of them, into a window that is new."""
        for device, packed in of_each.items():
            own = self._begin(device)
            keys = struct.unpack(f"<{len(packed) // _BYTES}q", packed)
            own.ring = array("q", keys[-self._max_each :])
            own.greatest = max(keys, default=_BELOW_ALL)
        for device, key in of_all:
            own = self._each.get(device) or self._begin(device)
            own.greatest = max(own.greatest, key)
            self._new.add(key ^ own.salt)
            if len(self._new) >= self._max_overall:
                self._turn_over()
