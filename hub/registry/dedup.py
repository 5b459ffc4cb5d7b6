"""Deduplication: a message is a duplicate if its key is among the last keys of its device. Pure.

There are two windows. The last ``overall`` keys of all devices cover what a connection has in flight when it breaks.
The last ``each`` keys of every device cover its own retries, whatever other devices send. Both are stored with the
commits and loaded at a start. A key has 64 bits, so a device takes a kilobyte: 100,000 devices have to fit.

- A device that counts (``seq``) sends a greater number each time, and a key greater than all of its present count needs
  no search. A count begins anew when the device restarts or its counter wraps: its keys are new then, also if they
  equal earlier ones (:func:`begins_anew`).
- An ``id`` that comes with different values, or a ``seq`` that stays the same while they differ, names no message. From
  then on it is ignored for this device (:func:`is_duplicate`), a ``seq`` until it moves again.
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
    """The last keys of each device and of all devices. Each device has a slot in the columns."""

    def __init__(self, overall: int = OVERALL, each: int = EACH) -> None:
        self._each, self._overall = each, overall
        self._slots: dict[str, int] = {}  # by device, its slot
        self.owners: list[str] = []  # by slot, the device's id
        self.greatest: Ints = np.full(0, _LEAST)  # by slot, no less than any key since the device's count began
        self.first: Ints = self.greatest  # by slot, the key with which that began
        self._counts: Ints = np.zeros(0, np.int64)  # by slot, how many keys were added
        self._rings: Ints = np.zeros((0, each), np.int64)  # by slot, the last keys as a ring
        self._recent: Ints = np.zeros((2, overall), np.int64)  # slots and keys of all devices, as a ring
        self._recent_slots, self._recent_keys = self._recent[0].data, self._recent[1].data
        self._view()
        self._written = 0  # how many keys were added to _recent
        self._restored = 0  # slots below were loaded at the start

    def __len__(self) -> int:
        """Return how many keys are kept, counting those in both windows twice."""
        return min(self._written, self._overall) + int(np.minimum(self._counts, self._each).sum())

    def slot(self, device: str) -> int:
        """Return the device's slot, its own until it is forgotten."""
        slot = self._slots.get(device)
        if slot is None:
            slot = self._slots[device] = len(self.owners)
            self.owners.append(device)
            if slot >= len(self._counts):
                self._grow(max(64, 2 * slot))
        return slot

    def _grow(self, size: int) -> None:
        old = len(self._counts)
        counts, rings, greatest = self._counts, self._rings, self.greatest
        self._counts, self._rings = np.zeros(size, np.int64), np.zeros((size, self._each), np.int64)
        first, self.greatest, self.first = self.first, np.full(size, _LEAST), np.full(size, _LEAST)
        self._counts[:old], self._rings[:old], self.greatest[:old], self.first[:old] = counts, rings, greatest, first
        self._view()

    def _view(self) -> None:
        """Make views of the columns: a single number is read and written through them in a third of the time."""
        self._each_greatest, self._each_count = self.greatest.data, self._counts.data
        self._each_key = self._rings.reshape(-1).data

    def check_and_add(self, device: str, key: int) -> bool:
        """Return True if this key of this device came before; add it if not."""
        slot = self.slot(device)
        if key > self._each_greatest[slot]:
            self._each_greatest[slot] = key
        elif self._found(slot, key):
            return True
        self._add(slot, key)
        return False

    def begin(self, device: str, key: int) -> None:
        """Add the key with which the device begins to count anew."""
        slot = self.slot(device)
        self.greatest[slot] = self.first[slot] = key
        self._add(slot, key)

    def _add(self, slot: int, key: int) -> None:
        count, at = self._each_count[slot], self._written % self._overall
        if not count:
            self.first[slot] = key
        self._each_key[slot * self._each + count % self._each] = key
        self._each_count[slot] = count + 1
        self._recent_slots[at], self._recent_keys[at] = slot, key
        self._written += 1

    def _found(self, slot: int, key: int) -> bool:
        count = int(self._counts[slot])
        ring = self._rings[slot, : min(count, self._each)]
        if (ring == key).any():
            return True
        recent = self._recent[:, : min(self._written, self._overall)]
        beyond = count >= self._each or slot < self._restored
        return beyond and bool(((recent[1] == key) & (recent[0] == slot)).any())

    def ago(self, device: str, key: int) -> int | None:
        """Return how many keys of the device were added after this one; None if it is not known."""
        slot = self.slot(device)
        found = np.flatnonzero(self._newest(slot) == key)
        if len(found):
            return int(found[0])
        recent = np.roll(self._recent, -(self._written % self._overall), axis=1)  # oldest first
        own = recent[1][(recent[0] == slot) & (np.arange(self._overall) >= self._overall - self._written)]
        found = np.flatnonzero(own[::-1] == key)
        return int(found[0]) if len(found) else None

    def number_ago(self, device: str, number: int) -> int | None:
        """Return how many keys of the device were added after one with this ``seq``; -1 if the number is less than all
        of its last ones, None if it is not among them."""
        numbers = self._newest(self.slot(device)) >> SEQ_SHIFT
        found = np.flatnonzero(numbers == number)
        if len(found):
            return int(found[0])
        return -1 if (number < numbers[numbers >= 0]).all() else None

    def _newest(self, slot: int) -> Ints:
        """Return the keys in the device's own window, newest first."""
        count = int(self._counts[slot])
        newest: Ints = self._rings[slot, (count - 1 - np.arange(min(count, self._each))) % self._each]
        return newest

    def recurs(self, device: str, key: int) -> bool:
        """Return True if the ``id`` of the newest key came before with other content, or its ``seq`` with the message
        just before it."""
        slot = self.slot(device)
        count = self._each_count[slot]
        if key >= 0:
            return count > 1 and stem_of(self._each_key[slot * self._each + (count - 2) % self._each]) == stem_of(key)
        ring = self._rings[slot, : min(count, self._each)]
        return bool(((ring >> ID_SHIFT == key >> ID_SHIFT) & (ring != key)).any())

    def note(self, slots: Ints, keys: Ints) -> None:
        """Add keys that are each greater than all of its device before, sorted by slot."""
        starts = np.flatnonzero(np.append(True, slots[1:] != slots[:-1]))
        counts = np.diff(np.append(starts, len(slots)))
        who, turn = slots[starts], np.arange(len(slots)) - np.repeat(starts, counts)
        self._rings[slots, (self._counts[slots] + turn) % self._each] = keys
        self._counts[who] += counts
        self.greatest[who] = keys[starts + counts - 1]
        last = slice(-self._overall, None)
        at = (self._written + np.arange(len(keys))[last]) % self._overall
        self._recent[0, at], self._recent[1, at] = slots[last], keys[last]
        self._written += len(keys)

    def forget(self, device: str) -> None:
        """Forget a deleted device: if it comes again, it gets another slot."""
        self._slots.pop(device, None)

    def restore(self, of_each: Mapping[str, bytes], of_all: Iterable[tuple[str, int]]) -> None:
        """Load the keys of a :class:`hub.store.base.StoredSnapshot` into a new window."""
        for device, packed in of_each.items():
            keys, slot = np.frombuffer(packed, "<i8"), self.slot(device)
            kept = keys[-self._each :]
            self._rings[slot, : len(kept)], self._counts[slot] = kept, len(kept)
            self.first[slot], self.greatest[slot] = _present_count(kept)
        for device, key in of_all:
            slot = self.slot(device)
            if device not in of_each:
                self.greatest[slot] = max(int(self.greatest[slot]), key)
            self._recent[:, self._written % self._overall] = slot, key
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
    slot = window.slot(name)
    greatest, first = int(window.greatest[slot]), int(window.first[slot])
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
    """Return True if the message with this key came before; add the key if not.

    Sets ``constant_id`` of the device if its ``id`` or ``seq`` stays the same. The items of one list may share a
    ``seq``: only a message with one item shows that it does not move.

    Args:
        window: The keys that came before.
        device: The sender.
        key: The key of the message, or of one of its items.
        items: How many records the message holds.
        received: When it arrived, in ms.
        redelivered: The broker marks it as sent before.
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
