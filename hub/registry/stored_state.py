"""Which devices have changed since their states were last stored, and the states as they are stored. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping

import msgspec

from hub.bounds import check
from hub.model import Device

STATES = 5_000
"""States written with one batch because they are wanted: bounds how long that keeps the loop (some 20 ms)."""


class StoredStates:
    """``changed`` are the devices with a change that their records do not tell, ``lagging`` says since which record the
    stored state of a device lacks what its records have told, longest first; ``cursor`` is the last record taken.
    ``faults`` are the devices whose states could not be encoded, and why, until somebody takes note of them."""

    def __init__(self) -> None:
        self.changed: set[str] = set()
        self.lagging: dict[str, int] = {}
        self.cursor = 0
        self.faults: dict[str, str] = {}
        self.encode = msgspec.msgpack.Encoder().encode

    def forget(self, device: str) -> None:
        """Leave out a device that was deleted."""
        self.changed.discard(device)
        self.lagging.pop(device, None)

    def take_faults(self) -> dict[str, str]:
        """Return why the states of devices could not be encoded since the last call, by device."""
        faults, self.faults = self.faults, {}
        return faults

    def take(self, cursor: int, wanted: int, find: Callable[[str], Device]) -> tuple[dict[str, bytes], int]:
        """Return the encoded states to write with the batch that ends with record ``cursor``, and up to which record
        all states are known then.

        Those that changed by anything but their records are among them. What records tell can be told again by the
        history, so it is written only when that is ``wanted`` up to some record, the longest waiting first.
        """
        names = self.changed
        for name, since in itertools.islice(self.lagging.items(), STATES):
            if since >= wanted:
                break
            names.add(name)
        states: dict[str, bytes] = {}
        for name in sorted(names):  # in order, so that neighbours share the pages that a database has to write
            self.lagging.pop(name, None)
            try:
                device = find(name)
                device.last_applied_record = cursor
                states[name] = self.encode(device)
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
