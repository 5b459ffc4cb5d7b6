"""What telemetry alone changes in devices, as columns: one entry a device, by its place."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from hub.model import NO_KEY, SEQ_SHIFT, Bools, Device, FleetLimits, Floats, Ints
from hub.registry.dedup import DedupWindow
from hub.registry.expected_interval import (
    IntervalTerms,
    LearnedIntervals,
    interval_many,
    interval_terms,
    learn_intervals,
    stale_after_many,
)

Column = TypeVar("Column", Ints, Floats, Bools)


class LastSeenTable:
    """When each device was last heard, and what follows from it. Times in epoch ms.

    ``last_reading`` is when any reading came, ``newest`` the greatest time of any. ``expected_interval``, ``run`` and
    ``rest`` are those of the device (NaN while not known), ``terms`` the ones by which its silence is measured
    (``hub/registry/expected_interval.py``). ``pending`` says that the device object does not know yet what stands here,
    ``stale_deadlines`` when its silence will be looked at; ``earlier_deadlines`` gathers the devices for which that is
    too late, since their rhythm has turned out faster, and when would not be.
    """

    def __init__(self, window: DedupWindow, limits: FleetLimits) -> None:
        self._window = window
        self._limits = limits
        self.last_reading: Ints = np.zeros(0, np.int64)
        self.last_ts, self.newest = self.last_reading, self.last_reading
        self.expected_interval: Floats = np.zeros(0)
        self.rest, self.run = self.expected_interval, self.last_reading
        self.terms: Floats = np.zeros((0, len(IntervalTerms._fields)))
        self.pending: Bools = np.zeros(0, np.bool_)
        self.stale_deadlines: Ints = self.last_reading
        self.earlier_deadlines: list[tuple[str, int]] = []

    def slot(self, device: Device, due: int) -> int:
        """Its place, at which stands what the device knows."""
        place = self._window.place(device.id)
        if place >= len(self.pending):
            size = max(64, 2 * place)
            self.last_reading, self.last_ts = grown(self.last_reading, size), grown(self.last_ts, size)
            self.newest, self.expected_interval = grown(self.newest, size), grown(self.expected_interval, size)
            self.rest, self.run, self.terms = grown(self.rest, size), grown(self.run, size), grown(self.terms, size)
            self.pending, self.stale_deadlines = grown(self.pending, size), grown(self.stale_deadlines, size)
        self.stale_deadlines[place] = due
        self.last_reading[place] = device.last_reading or 0
        self.last_ts[place] = device.last_ts
        self.newest[place] = max((latest.ts for latest in device.metrics.values()), default=0)
        self.expected_interval[place] = np.nan if device.rhythm is None else device.rhythm
        self.rest[place] = np.nan if device.rest is None else device.rest
        self.run[place] = device.run
        self.terms[place] = interval_terms(device, self._limits)
        return place

    def expected_interval_at(self, place: int) -> float | None:
        return _known(self.expected_interval[place])

    def update_device(self, device: Device, place: int) -> None:
        """Bring the device up to what stands at its place."""
        device.last_reading = int(self.last_reading[place])
        device.last_seen = max(device.last_seen or 0, device.last_reading)  # another sign of life may be newer
        device.last_ts = int(self.last_ts[place])
        device.rhythm, device.rest = _known(self.expected_interval[place]), _known(self.rest[place])
        device.run = int(self.run[place])

    def intervals(self, places: Ints, ts: Ints, previous: Ints, received: Ints) -> Ints:
        """The intervals that end with these records, sorted by device; ``previous`` is when the device reported the
        same before the first of them."""
        first = _first(places)
        before = np.where(first, self.last_reading[places], _before(received))
        return interval_many(ts, received, np.where(first, previous, _before(ts)), before)

    def acceptable(self, places: Ints, ts: Ints, intervals: Ints, keys: Ints, fit: Bools) -> Bools:
        """Which of these records, sorted by device, can be taken up: all of a device or none. What they say must be
        newer than what came before, without a pause between; and so must the ``seq`` of their keys be: then they cannot
        have come before."""
        first = _first(places)
        keyed = keys != NO_KEY
        pause = np.maximum(self._limits.stale_minimum_ms, self._limits.stale_factor * self.expected_interval[places])
        fit = fit & ~(intervals > pause)
        fit &= ts >= np.where(first, self.newest[places], _before(ts))
        before = np.where(first, self._window.greatest[places], _before(keys))
        fit &= ~keyed | (keys >> SEQ_SHIFT > before >> SEQ_SHIFT)
        fit &= first | (keyed == _before(keyed))
        starts = np.flatnonzero(first)
        whole = np.logical_and.reduceat(fit, starts)
        return np.repeat(whole, np.diff(np.append(starts, len(places))))

    def apply_batch(self, places: Ints, ts: Ints, intervals: Ints, received: Ints, keys: Ints) -> None:
        """Apply records that fit, sorted by device, as :meth:`DeviceRegistry.observe` does one by one."""
        first = _first(places)
        starts = np.flatnonzero(first)
        ends = np.append(starts[1:], len(places)) - 1
        who = places[starts]
        learnt = LearnedIntervals(self.expected_interval[who], self.run[who], self.rest[who])
        learnt = learn_intervals(learnt, intervals, starts, ends - starts + 1)
        self.expected_interval[who], self.run[who], self.rest[who] = learnt
        due = received[ends] + stale_after_many(learnt, self.terms[who])
        for found in np.flatnonzero(due < self.stale_deadlines[who]).tolist():
            self.earlier_deadlines.append((self._window.owners[who[found]], int(due[found])))
        self.last_reading[who] = received[ends]
        self.last_ts[who] = np.maximum(self.last_ts[who], np.minimum(ts, received)[ends])
        self.newest[who] = ts[ends]
        self.pending[who] = True
        if (keyed := keys != NO_KEY).any():
            self._window.note(places[keyed], keys[keyed])


def grown(column: Column, size: int) -> Column:
    """The same column with room for ``size`` entries."""
    larger = np.zeros((size, *column.shape[1:]), column.dtype)
    larger[: len(column)] = column
    return larger


def _known(figure: np.float64) -> float | None:
    return None if np.isnan(figure) else float(figure)


def _first(places: Ints) -> Bools:
    """Where another device begins."""
    first = np.ones(len(places), np.bool_)
    first[1:] = places[1:] != places[:-1]
    return first


def _before(column: Column) -> Column:
    """The entry before each; the first has itself."""
    return np.concatenate([column[:1], column[:-1]])
