"""Which deliveries have come before: a repeated one has the same key among the device's last ones.

An ``id`` that comes with different values, or a ``seq`` that stays the same while they differ, names no message: from
then on it tells no repeated delivery of this device (:func:`is_duplicate`). A ``seq`` does again once it moves.

Two windows: the last ``overall`` keys of all devices cover what a link has in flight when it breaks, and the last
``each`` of every device cover its own retries, whatever its neighbours send. Both travel with the commits, so a
restart reloads them. A key is a number of 64 bits, a kilobyte a device: a fleet of 100,000 has to fit.

A device that counts says a greater number each time, and one greater than all of its present count needs no search. A
count begins anew when the device restarts or its counter wraps: what it says then is new, also where it equals what
it said before (:func:`begins_anew`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from hub.model import ID_SHIFT, MANY_IDS, SEQ_SHIFT, Device, Ints, stem_of

OVERALL = 20_000
EACH = 128
REACH = 64
"""Messages of one device that may be in flight between it and its broker, with room to spare: clients and brokers allow
20 unless they are set otherwise."""
RESENT_WITHIN_MS = 120_000
"""A client notices a broken connection within 1.5 keep-alives (90 s with the usual 60 s), and then sends again."""
_LEAST = -(2**63)
"""No key; less than any."""


class DedupWindow:
    """Remembers keys; forgets the oldest beyond its bounds. Each device has a place, ``owners`` are their ids by place.

    ``greatest`` is, by place, no less than any of the device's keys since its count began, with the key ``first``.
    """

    def __init__(self, overall: int = OVERALL, each: int = EACH) -> None:
        self._each, self._overall = each, overall
        self._places: dict[str, int] = {}
        self.owners: list[str] = []
        self.greatest: Ints = np.full(0, _LEAST)
        self.first: Ints = self.greatest
        self._counts: Ints = np.zeros(0, np.int64)
        self._rings: Ints = np.zeros((0, each), np.int64)
        self._recent: Ints = np.zeros((2, overall), np.int64)  # places and keys
        self._recent_places, self._recent_keys = self._recent[0].data, self._recent[1].data
        self._view()
        self._written = 0
        self._restored = 0

    def __len__(self) -> int:
        """How many keys are kept, counting one twice that is in both windows."""
        return min(self._written, self._overall) + int(np.minimum(self._counts, self._each).sum())

    def place(self, device: str) -> int:
        """The device's place, its own until it is forgotten."""
        place = self._places.get(device)
        if place is None:
            place = self._places[device] = len(self.owners)
            self.owners.append(device)
            if place >= len(self._counts):
                self._grow(max(64, 2 * place))
        return place

    def _grow(self, size: int) -> None:
        old = len(self._counts)
        counts, rings, greatest = self._counts, self._rings, self.greatest
        self._counts, self._rings = np.zeros(size, np.int64), np.zeros((size, self._each), np.int64)
        first, self.greatest, self.first = self.first, np.full(size, _LEAST), np.full(size, _LEAST)
        self._counts[:old], self._rings[:old], self.greatest[:old], self.first[:old] = counts, rings, greatest, first
        self._view()

    def _view(self) -> None:
        """One number is read and written through these in a third of the time."""
        self._each_greatest, self._each_count = self.greatest.data, self._counts.data
        self._each_key = self._rings.reshape(-1).data

    def check_and_add(self, device: str, key: int) -> bool:
        """True if this key of this device came before; remembers it if not."""
        place = self.place(device)
        if key > self._each_greatest[place]:
            self._each_greatest[place] = key
        elif self._found(place, key):
            return True
        self._add(place, key)
        return False

    def begin(self, device: str, key: int) -> None:
        """Remember the key with which the device begins to count anew."""
        place = self.place(device)
        self.greatest[place] = self.first[place] = key
        self._add(place, key)

    def _add(self, place: int, key: int) -> None:
        count, at = self._each_count[place], self._written % self._overall
        if not count:
            self.first[place] = key
        self._each_key[place * self._each + count % self._each] = key
        self._each_count[place] = count + 1
        self._recent_places[at], self._recent_keys[at] = place, key
        self._written += 1

    def _found(self, place: int, key: int) -> bool:
        count = int(self._counts[place])
        ring = self._rings[place, : min(count, self._each)]
        if (ring == key).any():
            return True
        recent = self._recent[:, : min(self._written, self._overall)]
        beyond = count >= self._each or place < self._restored
        return beyond and bool(((recent[1] == key) & (recent[0] == place)).any())

    def ago(self, device: str, key: int) -> int | None:
        """Return how many keys of the device have been remembered since this one; None where it is not known."""
        place = self.place(device)
        found = np.flatnonzero(self._newest(place) == key)
        if len(found):
            return int(found[0])
        recent = np.roll(self._recent, -(self._written % self._overall), axis=1)  # oldest first
        own = recent[1][(recent[0] == place) & (np.arange(self._overall) >= self._overall - self._written)]
        found = np.flatnonzero(own[::-1] == key)
        return int(found[0]) if len(found) else None

    def number_ago(self, device: str, number: int) -> int | None:
        """Return how many keys of the device have been remembered since one with this ``seq``: -1 where it is less than
        any of its last ones, None where it is not among them."""
        numbers = self._newest(self.place(device)) >> SEQ_SHIFT
        found = np.flatnonzero(numbers == number)
        if len(found):
            return int(found[0])
        return -1 if (number < numbers[numbers >= 0]).all() else None

    def _newest(self, place: int) -> Ints:
        """The keys in the device's own window, the newest first."""
        count = int(self._counts[place])
        newest: Ints = self._rings[place, (count - 1 - np.arange(min(count, self._each))) % self._each]
        return newest

    def recurs(self, device: str, key: int) -> bool:
        """Return True if the ``id`` of the newest key came before with a message that says something else, or its
        ``seq`` with the message just before it."""
        place = self.place(device)
        count = self._each_count[place]
        if key >= 0:
            return count > 1 and stem_of(self._each_key[place * self._each + (count - 2) % self._each]) == stem_of(key)
        ring = self._rings[place, : min(count, self._each)]
        return bool(((ring >> ID_SHIFT == key >> ID_SHIFT) & (ring != key)).any())

    def note(self, places: Ints, keys: Ints) -> None:
        """Remember keys that are each greater than all of its device before, sorted by place."""
        starts = np.flatnonzero(np.append(True, places[1:] != places[:-1]))
        counts = np.diff(np.append(starts, len(places)))
        who, turn = places[starts], np.arange(len(places)) - np.repeat(starts, counts)
        self._rings[places, (self._counts[places] + turn) % self._each] = keys
        self._counts[who] += counts
        self.greatest[who] = keys[starts + counts - 1]
        last = slice(-self._overall, None)
        at = (self._written + np.arange(len(keys))[last]) % self._overall
        self._recent[0, at], self._recent[1, at] = places[last], keys[last]
        self._written += len(keys)

    def forget(self, device: str) -> None:
        """A deleted device starts anew, at another place."""
        self._places.pop(device, None)

    def restore(self, of_each: Mapping[str, bytes], of_all: Iterable[tuple[str, int]]) -> None:
        """What :class:`hub.store.base.Snapshot` has of them, into a window that is new."""
        for device, packed in of_each.items():
            keys, place = np.frombuffer(packed, "<i8"), self.place(device)
            kept = keys[-self._each :]
            self._rings[place, : len(kept)], self._counts[place] = kept, len(kept)
            self.first[place], self.greatest[place] = _present_count(kept)
        for device, key in of_all:
            place = self.place(device)
            if device not in of_each:
                self.greatest[place] = max(int(self.greatest[place]), key)
            self._recent[:, self._written % self._overall] = place, key
            self._written += 1
        self._restored = len(self.owners)


def _present_count(keys: Ints) -> tuple[int, int]:
    """Return the key with which the present count began, and its greatest one, of keys in their order."""
    numbers = keys[keys >= 0] >> SEQ_SHIFT
    if len(numbers) < 2 or len(numbers) < len(keys):
        return int(keys[0]) if len(keys) else _LEAST, int(keys.max(initial=_LEAST))
    begun = np.flatnonzero(numbers[1:] <= np.minimum.accumulate(numbers)[:-1])
    start = int(begun[-1]) + 1 if len(begun) else 0
    return int(keys[start]), int(keys[start:].max())


def begins_anew(window: DedupWindow, device: Device, key: int, items: int, received: int) -> bool:
    """Return True if the device, which counts, has begun to count anew with this key.

    A client sends again what was not confirmed: the last messages it sent, up to the newest. So a message is no
    repeated one if it equals the one with which the count began and others have followed, or one that lies further back
    than can be in flight. A count of one message begins anew after a while. Other content under a number that was
    used before, or a number below all, is a new count as well. ``items`` is how many records the message holds.
    """
    name = device.id
    place = window.place(name)
    greatest, first = int(window.greatest[place]), int(window.first[place])
    if not 0 <= key <= greatest:
        return False
    ago = window.ago(name, key)
    if ago is None:
        ago = window.number_ago(name, stem_of(key))
        return ago is not None and (ago < 0 or ago >= items)
    if ago >= REACH * items:
        return True
    if stem_of(key) != stem_of(first):
        return False
    if ago >= items and stem_of(first) != stem_of(greatest):
        return True
    return device.last_reading is not None and received - device.last_reading > RESENT_WITHIN_MS


def is_duplicate(
    window: DedupWindow, device: Device, key: int, items: int, received: int, *, redelivered: bool = False
) -> bool:
    """Return True if the message with this key came before; remembers it if not.

    Notes in ``device`` that its ``id`` or ``seq`` stays the same. The ``items`` of one list may share a ``seq``: only a
    message that is alone shows that it does not move. ``redelivered`` says that the broker marks it as sent before.
    """
    stem, constant = stem_of(key), device.constant_id
    if constant is not None:
        if constant == stem or (constant == MANY_IDS and stem < 0):
            return False
        if stem >= 0:
            device.constant_id = constant = None
    if redelivered:
        if window.ago(device.id, key) is not None:
            return True
    elif begins_anew(window, device, key, items, received):
        window.begin(device.id, key)
        return False
    if window.check_and_add(device.id, key):
        return True
    if (items == 1 or stem < 0) and window.recurs(device.id, key):
        device.constant_id = stem if constant is None else MANY_IDS
    return False
