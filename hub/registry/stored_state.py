"""Which devices have to be stored, and their states as they are stored. Pure.

A state that records alone have changed may be stored late: after a restart, the records of the history are applied to
it again. ``lagging`` knows from which record on; the oldest one of all devices is the checkpoint. A state that anything
else has changed is stored with the next commit.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping

import msgspec

from hub.bounds import check
from hub.model import Device

STATES = 5_000
"""Lagging states stored with one batch; it bounds how long that keeps the event loop (some 20 ms)."""


class StoredStates:
    """The devices whose stored state is older than their state."""

    def __init__(self) -> None:
        self.changed: set[str] = set()  # by anything but records
        self.lagging: dict[str, int] = {}  # by device, the last record that its stored state knows; oldest first
        self.cursor = 0  # number of the last record that was committed
        self.faults: dict[str, str] = {}  # by device, why its state could not be encoded
        self._encode = msgspec.msgpack.Encoder().encode

    def forget(self, device: str) -> None:
        """Forget a device that was deleted."""
        self.changed.discard(device)
        self.lagging.pop(device, None)

    def take_faults(self) -> dict[str, str]:
        """Return why the states of devices could not be encoded since the last call, by device."""
        faults, self.faults = self.faults, {}
        return faults

    def take(
        self, cursor: int, requested_checkpoint: int, find: Callable[[str], Device]
    ) -> tuple[dict[str, bytes], int]:
        """Return the encoded states to store with a batch, and the checkpoint that they make.

        Args:
            cursor: Number of the last record of the batch.
            requested_checkpoint: Lagging states that know less than this record are stored, too, oldest first.
            find: Returns a device, up to date.
        """
        names = self.changed
        for name, since in itertools.islice(self.lagging.items(), STATES):
            if since >= requested_checkpoint:
                break
            names.add(name)
        states: dict[str, bytes] = {}
        for name in sorted(names):  # in order, so that neighbours share the pages that a database has to write
            self.lagging.pop(name, None)
            try:
                device = find(name)
                device.last_applied_record = cursor
                states[name] = self._encode(device)
            except Exception as error:  # one device must not keep the others from being stored
                self.faults[name] = f"{type(error).__name__}: {error}"
        self.changed, self.cursor = set(), cursor
        return states, next(iter(self.lagging.values()), cursor)


def read_states(states: Mapping[str, bytes], faults: dict[str, str]) -> Iterator[Device]:
    """Yield the devices that :meth:`StoredStates.take` once encoded. ``faults`` gets what is wrong with the others."""
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
