"""Deduplication: a message is a duplicate if its key is among the last keys of its device. Pure.

There are two windows. The last ``overall`` keys of all devices cover the messages that are in flight when a connection
breaks. The last ``per_device`` keys of every device cover its own retries, whatever other devices send. Both are stored
with each commit and loaded at start. A key has 64 bits, so a device uses a kilobyte: 100,000 devices have to fit.

- A device with a counter (``seq``) sends a greater number each time. A key that is greater than all keys since the
  counter started is new without a search. When the device restarts or the counter wraps, the counter starts again. Then
  its keys are new even if they equal earlier keys (:func:`counter_restarted`).
- An ``id`` that stays the same while the values differ does not identify a message, so it is ignored for this device
  from then on (:func:`is_duplicate`). The same applies to a ``seq``, but only until the ``seq`` changes again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from hub.model import ID_SHIFT, MANY_IDS, SEQ_SHIFT, Device, Ints, stem_of

OVERALL = 20_000
PER_DEVICE = 128
MAX_IN_FLIGHT = 64
"""Maximum number of messages of one device in flight to its broker. Clients and brokers allow 20 by default."""
RESENT_WITHIN_MS = 120_000
"""Time (ms) after which a client does not resend a message any more.

A client notices a broken connection within 1.5 keep-alives (90 s with the usual 60 s) and then resends.
"""
_NO_KEY = -(2**63)
"""Stands for a missing key. It is smaller than any key."""


class DedupWindow:
    """The keys by which duplicate messages are recognized: the last keys of each device, and the last of all devices.

    Each device has a slot, which is its index in all columns.
    """

    def __init__(self, overall: int = OVERALL, per_device: int = PER_DEVICE) -> None:
        self._per_device, self._overall = per_device, overall
        self._slots: dict[str, int] = {}  # by device, its slot
        self.owners: list[str] = []  # by slot, the device's id
        self.greatest: Ints = np.full(0, _NO_KEY)  # by slot, the greatest key since the device's counter started
        self.first: Ints = self.greatest  # by slot, the key with which the counter started
        self._counts: Ints = np.zeros(0, np.int64)  # by slot, number of keys ever added
        self._rings: Ints = np.zeros((0, per_device), np.int64)  # by slot, the last keys as a ring buffer
        self._recent: Ints = np.zeros((2, overall), np.int64)  # slots and keys of all devices, as a ring buffer
        self._recent_slots, self._recent_keys = self._recent[0].data, self._recent[1].data
        self._make_views()
        self._written = 0  # number of keys ever added to _recent
        self._restored = 0  # slots below this one were loaded at start

    def __len__(self) -> int:
        """Return the number of all remembered keys: those of each device, and those of all devices together."""
        return min(self._written, self._overall) + int(np.minimum(self._counts, self._per_device).sum())

    def slot(self, device: str) -> int:
        """Return the device's slot: its index in all columns of this window. A device that has no slot gets one.

        The slot stays the same until the device is forgotten.
        """
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
        self._counts, self._rings = np.zeros(size, np.int64), np.zeros((size, self._per_device), np.int64)
        first, self.greatest, self.first = self.first, np.full(size, _NO_KEY), np.full(size, _NO_KEY)
        self._counts[:old], self._rings[:old], self.greatest[:old], self.first[:old] = counts, rings, greatest, first
        self._make_views()

    def _make_views(self) -> None:
        """Create memory views of the columns, which read a single number three times as fast as numpy."""
        # The views share the memory of the columns, so they must be made again whenever a column is replaced.
        self._each_greatest, self._each_count = self.greatest.data, self._counts.data
        self._each_key = self._rings.reshape(-1).data

    def check_and_add(self, device: str, key: int) -> bool:
        """Return True if the device has sent this key before. If not, add the key."""
        slot = self.slot(device)
        if key > self._each_greatest[slot]:
            self._each_greatest[slot] = key
        elif self._found(slot, key):
            return True
        self._add(slot, key)
        return False

    def restart_counter(self, device: str, key: int) -> None:
        """Start the device's counter (``seq``) again at ``key``, and add this key to the window.

        From then on, any greater key of the device is new, even if it equals a key from before the restart.
        """
        slot = self.slot(device)
        self.greatest[slot] = self.first[slot] = key
        self._add(slot, key)

    def _add(self, slot: int, key: int) -> None:
        count, index = self._each_count[slot], self._written % self._overall
        if not count:
            self.first[slot] = key
        self._each_key[slot * self._per_device + count % self._per_device] = key
        self._each_count[slot] = count + 1
        self._recent_slots[index], self._recent_keys[index] = slot, key
        self._written += 1

    def _found(self, slot: int, key: int) -> bool:
        count = int(self._counts[slot])
        ring = self._rings[slot, : min(count, self._per_device)]
        if (ring == key).any():
            return True
        recent = self._recent[:, : min(self._written, self._overall)]
        # The window of all devices can know more than the ring only if the ring has dropped keys, or was loaded at
        # start.
        beyond = count >= self._per_device or slot < self._restored
        return beyond and bool(((recent[1] == key) & (recent[0] == slot)).any())

    def ago(self, device: str, key: int) -> int | None:
        """Return how many keys of the device were added after ``key``, or None if ``key`` is in neither window."""
        slot = self.slot(device)
        found = np.flatnonzero(self._newest(slot) == key)
        if len(found):
            return int(found[0])
        recent = np.roll(self._recent, -(self._written % self._overall), axis=1)  # oldest first
        own = recent[1][(recent[0] == slot) & (np.arange(self._overall) >= self._overall - self._written)]
        found = np.flatnonzero(own[::-1] == key)
        return int(found[0]) if len(found) else None

    def seq_ago(self, device: str, seq: int) -> int | None:
        """Return how many keys the device has sent after the last one with the message number ``seq``.

        Only the last keys of this device are searched. If none of them has this number, return -1 if ``seq`` is smaller
        than all their numbers, else None.
        """
        numbers = self._newest(self.slot(device)) >> SEQ_SHIFT
        found = np.flatnonzero(numbers == seq)
        if len(found):
            return int(found[0])
        return -1 if (seq < numbers[numbers >= 0]).all() else None

    def _newest(self, slot: int) -> Ints:
        """Return the last keys of one device, newest first. ``slot`` is the device's index in the columns."""
        count = int(self._counts[slot])
        newest: Ints = self._rings[slot, (count - 1 - np.arange(min(count, self._per_device))) % self._per_device]
        return newest

    def is_reused(self, device: str, key: int) -> bool:
        """Return True if the device sent an earlier message with the same ``id`` or ``seq``, but with other content.

        ``key`` is the key of the newest message: its ``id`` or ``seq``, with a checksum of its content. An ``id`` is
        compared with the last keys of the device, a ``seq`` only with the key before it.
        """
        slot = self.slot(device)
        count = self._each_count[slot]
        if key >= 0:
            return count > 1 and stem_of(
                self._each_key[slot * self._per_device + (count - 2) % self._per_device]
            ) == stem_of(key)
        ring = self._rings[slot, : min(count, self._per_device)]
        return bool(((ring >> ID_SHIFT == key >> ID_SHIFT) & (ring != key)).any())

    def add_batch(self, slots: Ints, keys: Ints) -> None:
        """Add the keys of many messages at once.

        ``slots`` has for each message the index of its device, in ascending order. Each key must be greater than all
        earlier keys of its device.
        """
        starts = np.flatnonzero(np.append(True, slots[1:] != slots[:-1]))
        counts = np.diff(np.append(starts, len(slots)))
        unique_slots, offsets = slots[starts], np.arange(len(slots)) - np.repeat(starts, counts)
        self._rings[slots, (self._counts[slots] + offsets) % self._per_device] = keys
        self._counts[unique_slots] += counts
        self.greatest[unique_slots] = keys[starts + counts - 1]
        last = slice(-self._overall, None)
        index = (self._written + np.arange(len(keys))[last]) % self._overall
        self._recent[0, index], self._recent[1, index] = slots[last], keys[last]
        self._written += len(keys)

    def forget(self, device: str) -> None:
        """Forget a deleted device and its keys. If it appears again, it gets a new slot."""
        self._slots.pop(device, None)

    def restore(self, by_device: Mapping[str, bytes], recent: Iterable[tuple[str, int]]) -> None:
        """Load stored keys into this window, which must be new.

        ``by_device`` has the last keys of each device by its id, packed as little-endian int64. ``recent`` has the last
        keys of all devices together, as pairs of device id and key. Both are in order, oldest first.
        """
        for device, packed in by_device.items():
            slot = self.slot(device)
            keys = np.frombuffer(packed, "<i8")[-self._per_device :]
            self._rings[slot, : len(keys)], self._counts[slot] = keys, len(keys)
            self.first[slot], self.greatest[slot] = _current_counter(keys)
        for device, key in recent:
            slot = self.slot(device)
            if device not in by_device:
                self.greatest[slot] = max(int(self.greatest[slot]), key)
            self._recent[:, self._written % self._overall] = slot, key
            self._written += 1
        self._restored = len(self.owners)


def _current_counter(keys: Ints) -> tuple[int, int]:
    """Return the key with which the device's counter ``seq`` last started, and the greatest key since then.

    ``keys`` are the last keys of the device in order of arrival. If there are too few of them, or some were made from
    an ``id``, return the first key and the greatest of all. Without keys, return ``_NO_KEY`` twice.
    """
    numbers = keys[keys >= 0] >> SEQ_SHIFT
    if len(numbers) < 2 or len(numbers) < len(keys):
        return int(keys[0]) if len(keys) else _NO_KEY, int(keys.max(initial=_NO_KEY))
    restarts = np.flatnonzero(numbers[1:] <= np.minimum.accumulate(numbers)[:-1])
    start = int(restarts[-1]) + 1 if len(restarts) else 0
    return int(keys[start]), int(keys[start:].max())


def counter_restarted(window: DedupWindow, device: Device, key: int, items: int, received: int) -> bool:
    """Return True if the device's counter ``seq`` has started again with the message that has this key.

    The alternative is that the client has sent an old message once more: after a lost connection, a client resends the
    last messages, those that were not acknowledged. If the window has the same key already, it is a restart in these
    cases:

    - The device has sent so many messages since then that the message cannot be one of the last.
    - The counter started with this key before, and has gone on to other numbers.
    - The counter has had no other number yet, and the device's last reading was more than :data:`RESENT_WITHIN_MS` ago.

    If the window does not have the key, it is a restart if its ``seq`` is known with other content, or is smaller than
    all in the window.

    Args:
        window: The last keys.
        device: The device.
        key: The key of the message.
        items: The number of records in the message.
        received: When the message arrived, in epoch ms.
    """
    name = device.id
    slot = window.slot(name)
    greatest, first = int(window.greatest[slot]), int(window.first[slot])
    if not 0 <= key <= greatest:
        return False
    ago = window.ago(name, key)
    if ago is None:
        ago = window.seq_ago(name, stem_of(key))
        return ago is not None and (ago < 0 or ago >= items)
    if ago >= MAX_IN_FLIGHT * items:
        return True
    if stem_of(key) != stem_of(first):
        return False
    if ago >= items and stem_of(first) != stem_of(greatest):
        return True
    return device.last_reading is not None and received - device.last_reading > RESENT_WITHIN_MS


def is_duplicate(
    window: DedupWindow, device: Device, key: int, items: int, received: int, *, redelivered: bool = False
) -> bool:
    """Return True if the message with this key is a duplicate. If it is not, add the key.

    If the device repeats an ``id`` or ``seq`` in different messages, it does not identify a message. It is then stored
    in ``device.constant_id`` and ignored. The items of one list may share a ``seq``, so this is concluded from a
    ``seq`` only if the message has a single item.

    Args:
        window: The recent keys.
        device: The sender.
        key: The key of the message, or of one of its items.
        items: Number of records in the message.
        received: When the message arrived, in epoch ms.
        redelivered: Whether the broker has set the DUP flag, which marks a message that it delivers again.
    """
    stem, constant = stem_of(key), device.constant_id
    if constant is not None:
        # The key says nothing about this device, so it must not cost a message.
        if constant == stem or (constant == MANY_IDS and stem < 0):
            return False
        if stem >= 0:
            device.constant_id = constant = None
    if redelivered:
        if window.ago(device.id, key) is not None:
            return True
    elif counter_restarted(window, device, key, items, received):
        window.restart_counter(device.id, key)
        return False
    if window.check_and_add(device.id, key):
        return True
    if (items == 1 or stem < 0) and window.is_reused(device.id, key):
        device.constant_id = stem if constant is None else MANY_IDS
    return False
