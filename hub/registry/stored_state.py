"""Device states in their stored form, and which of them have to be written. Pure.

If only records have changed a state, it may be written later: after a restart, the records since then are replayed from
the history. ``lagging`` holds such devices, each with the number of the last record in its stored state. The smallest
of these numbers is the checkpoint. A state that was changed by anything else is written with the next commit.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping

import msgspec

from hub.bounds import check
from hub.model import Device

MAX_STATES = 5_000
"""Maximum number of lagging states written with one batch. Encoding them blocks the event loop (about 20 ms)."""


class StoredStates:
    """Records which devices have changed since their state was last stored, and encodes the states to store."""

    def __init__(self) -> None:
        self.changed: set[str] = set()  # devices changed by anything but records
        self.lagging: dict[str, int] = {}  # by device, the last record in its stored state; oldest first
        self.cursor = 0  # number of the last committed record
        self.faults: dict[str, str] = {}  # by device, the error when its state was encoded
        self._encode = msgspec.msgpack.Encoder().encode

    def forget(self, device: str) -> None:
        """Forget a device that was deleted."""
        self.changed.discard(device)
        self.lagging.pop(device, None)

    def take_faults(self) -> dict[str, str]:
        """Return the devices whose state could not be encoded since the last call: the error of each, by device id."""
        faults, self.faults = self.faults, {}
        return faults

    def take(
        self, cursor: int, requested_checkpoint: int, find: Callable[[str], Device]
    ) -> tuple[dict[str, bytes], int]:
        """Return the device states to store with a batch, by device id, and the number of the checkpoint.

        The stored states include all records up to the checkpoint. After a restart, only the records after it are
        replayed.

        Args:
            cursor: Number of the last record of the batch.
            requested_checkpoint: The store wants a checkpoint at least this high. Therefore states that were last
                stored before it are stored as well, at most :data:`MAX_STATES` of them, oldest first.
            find: Returns a device, up to date.
        """
        names = self.changed
        for name, since in itertools.islice(self.lagging.items(), MAX_STATES):
            if since >= requested_checkpoint:
                break
            names.add(name)
        states: dict[str, bytes] = {}
        for name in sorted(names):  # neighbours share database pages
            self.lagging.pop(name, None)
            try:
                device = find(name)
                # The number is part of the state, so that a replay skips the records that the state includes.
                device.last_applied_record = cursor
                states[name] = self._encode(device)
            except Exception as error:  # one device must not keep the others from being stored
                self.faults[name] = f"{type(error).__name__}: {error}"
        self.changed, self.cursor = set(), cursor
        return states, next(iter(self.lagging.values()), cursor)


def read_states(states: Mapping[str, bytes], faults: dict[str, str]) -> Iterator[Device]:
    """Yield the devices of encoded states. Add errors of undecodable states to ``faults``."""
    decode = msgspec.msgpack.Decoder(Device).decode
    for name, state in states.items():
        try:
            device = decode(state)
            check(device.desired, "A twin")
            check(device.reported, "A twin")
        except Exception as error:
            faults[name] = f"{type(error).__name__}: {error}"
        else:
            yield device
