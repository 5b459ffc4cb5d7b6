"""What telemetry alone changes in devices, as columns: one entry a device, by its place."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from hub.dedupe import Window
from hub.model import NO_KEY, SEQ_SHIFT, Bools, Device, FleetLimits, Floats, Ints

Column = TypeVar("Column", Ints, Floats, Bools)


class Heard:
    """When each device was last heard, and what follows from it. Times in epoch ms.

    ``newest`` is the greatest time of any of its readings, ``rhythm`` is NaN while it is not known, ``ahead`` says that
    the device object does not know yet what stands here, ``looks`` when its silence will be looked at; ``quicker``
    gathers the devices for which that is too late, since their rhythm has turned out faster, and when would not be.
    """

    def __init__(self, window: Window, limits: FleetLimits) -> None:
        self._window = window
        self._limits = limits
        self.last_seen: Ints = np.zeros(0, np.int64)
        self.last_ts, self.newest = self.last_seen, self.last_seen
        self.rhythm: Floats = np.zeros(0)
        self.ahead: Bools = np.zeros(0, np.bool_)
        self.looks: Ints = self.last_seen
        self.quicker: list[tuple[str, int]] = []

    def place(self, device: Device, due: int) -> int:
        """Its place, at which stands what the device knows."""
        place = self._window.place(device.id)
        if place >= len(self.ahead):
            size = max(64, 2 * place)
            self.last_seen, self.last_ts = grown(self.last_seen, size), grown(self.last_ts, size)
            self.newest, self.rhythm = grown(self.newest, size), grown(self.rhythm, size)
            self.ahead, self.looks = grown(self.ahead, size), grown(self.looks, size)
        self.looks[place] = due
        self.last_seen[place] = device.last_seen or 0
        self.last_ts[place] = device.last_ts
        self.newest[place] = max((latest.ts for latest in device.metrics.values()), default=0)
        self.rhythm[place] = np.nan if device.rhythm is None else device.rhythm
        return place

    def rhythm_at(self, place: int) -> float | None:
        rhythm = float(self.rhythm[place])
        return None if rhythm != rhythm else rhythm

    def fits(self, places: Ints, ts: Ints, keys: Ints, fit: Bools) -> Bools:
        """Which of these records, sorted by device, can be taken up: all of a device or none. What they say must be
        newer than what came before, and so must the ``seq`` of their keys be: then they cannot have come before."""
        first = _first(places)
        keyed = keys != NO_KEY
        fit = fit & (ts >= np.where(first, self.newest[places], _before(ts)))
        before = np.where(first, self._window.greatest[places], _before(keys))
        fit &= ~keyed | (keys >> SEQ_SHIFT > before >> SEQ_SHIFT)
        fit &= first | (keyed == _before(keyed))
        starts = np.flatnonzero(first)
        whole = np.logical_and.reduceat(fit, starts)
        return np.repeat(whole, np.diff(np.append(starts, len(places))))

    def take_up(self, places: Ints, ts: Ints, received: Ints, keys: Ints) -> None:
        """Take in records that fit, sorted by device. See :meth:`hub.fleet.Fleet.observe`, which does the same one by
        one; here a device that said several things at once is taken to have said them at even intervals."""
        first = _first(places)
        starts = np.flatnonzero(first)
        ends = np.append(starts[1:], len(places)) - 1
        who = places[starts]
        said = np.minimum(ts, received)
        interval = np.maximum(
            received - np.where(first, self.last_seen[places], _before(received)),
            ts - np.where(first, self.last_ts[places], _before(said)),
        )
        counted = interval > 0
        count = np.add.reduceat(counted.astype(np.int64), starts)
        mean = np.add.reduceat(np.where(counted, interval, 0), starts) / np.maximum(count, 1)
        before = self.rhythm[who]
        after = before + (1 - 0.8**count) * (np.minimum(mean, 4 * before) - before)
        after = np.where(np.isnan(before) & (count > 0), mean, after)
        self.rhythm[who] = after
        due = received[ends] + np.maximum(self._limits.stale_minimum_ms, self._limits.stale_factor * after)
        for found in np.flatnonzero((due < self.looks[who]) & ~(mean >= before)).tolist():
            self.quicker.append((self._window.owners[who[found]], int(due[found])))
        self.last_seen[who] = received[ends]
        self.last_ts[who] = np.maximum(self.last_ts[who], said[ends])
        self.newest[who] = ts[ends]
        self.ahead[who] = True
        if (keyed := keys != NO_KEY).any():
            self._window.note(places[keyed], keys[keyed])


def grown(column: Column, size: int) -> Column:
    """The same column with room for ``size`` entries."""
    larger = np.zeros((size, *column.shape[1:]), column.dtype)
    larger[: len(column)] = column
    return larger


def _first(places: Ints) -> Bools:
    """Where another device begins."""
    first = np.ones(len(places), np.bool_)
    first[1:] = places[1:] != places[:-1]
    return first


def _before(column: Column) -> Column:
    """The entry before each; the first has itself."""
    return np.concatenate([column[:1], column[:-1]])
