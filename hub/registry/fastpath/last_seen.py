"""Times and expected intervals of promoted devices as columns, one slot per device.

The table holds what telemetry changes in a device besides its values; the values are in
:class:`~hub.registry.fastpath.schema_group.SchemaGroup`. A slot is filled from the ``Device`` when one of its topics is
promoted, changed by every flush, and copied back when the device is materialized::

    Device -- slot() --> columns -- apply_batch() --> columns, outdated -- update_device() --> Device

A record batch is checked (``acceptable``) and applied with the formulas of the slow path, over columns. Cases that the
slow path handles separately are not acceptable: older readings, pauses, a ``seq`` that does not increase.
``acceptable`` changes nothing, so the records that it refuses can still take the slow path.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from hub.model import NO_KEY, SEQ_SHIFT, Bools, Device, FleetLimits, Floats, Ints
from hub.registry.dedup import DedupWindow
from hub.registry.expected_interval import (
    REGULAR,
    SETBACK,
    SETTLED,
    WEIGHT,
    IntervalTerms,
    LearnedInterval,
    interval_between,
    interval_terms,
    is_pause,
    learn,
    stale_after,
)

MAX_LEARNED_SINGLY = 8
"""Maximum number of intervals of a device that one flush learns one by one. Of more intervals, it learns the mean."""
Column = TypeVar("Column", Ints, Floats, Bools)


class LastSeenTable:
    """Columns that say when each device on the fast path (promoted device) was last heard, and how often it reports.

    A device has the same slot (index) in all columns as in the dedup window. Times are in epoch ms.
    """

    def __init__(self, window: DedupWindow, limits: FleetLimits) -> None:
        # A device has the same slot here as in the dedup window, so one index serves both.
        self._window = window
        self._limits = limits
        self.last_reading: Ints = np.zeros(0, np.int64)  # when any reading arrived
        self.last_ts: Ints = self.last_reading  # newest time stamp of the device, not in the future
        self.newest: Ints = self.last_reading  # newest time of any of its values
        self.expected_interval: Floats = np.zeros(0)  # this and the next two: see LearnedInterval
        self.regularity: Ints = self.last_reading
        self.longest_pause: Floats = self.expected_interval
        # Parameters of stale_after(), such as the silence always allowed; one column per field of IntervalTerms.
        self.terms: Floats = np.zeros((0, len(IntervalTerms._fields)))
        self.outdated: Bools = np.zeros(0, np.bool_)  # the Device object is older than the columns
        self.stale_deadlines: Ints = self.last_reading  # when the device will be checked for silence
        # Devices whose interval became so short that this is too late, and when to check them instead.
        self.earlier_deadlines: list[tuple[str, int]] = []

    def slot(self, device: Device, due: int) -> int:
        """Copy a device's learned values from its ``Device`` object to the columns. Return the index of the device.

        The device has the same index (its slot) in all columns. ``due`` is when it will be checked for silence.
        """
        slot = self._window.slot(device.id)
        if slot >= len(self.outdated):
            self._grow(max(64, 2 * slot))
        self.stale_deadlines[slot] = due
        self.last_reading[slot] = device.last_reading or 0
        self.last_ts[slot] = device.last_ts
        # Of all metrics, also those of other schemas: an older reading of any of them takes the slow path.
        # Calculated ones have the hub's time.
        reported = (latest.ts for name, latest in device.metrics.items() if name not in device.calculated)
        self.newest[slot] = max(reported, default=0)
        self.expected_interval[slot] = device.expected_interval
        self.regularity[slot] = device.regularity
        self.longest_pause[slot] = device.longest_pause
        self.terms[slot] = interval_terms(device, self._limits)
        return slot

    def _grow(self, size: int) -> None:
        self.last_reading, self.last_ts = grown(self.last_reading, size), grown(self.last_ts, size)
        self.newest, self.expected_interval = grown(self.newest, size), grown(self.expected_interval, size)
        self.regularity, self.longest_pause = grown(self.regularity, size), grown(self.longest_pause, size)
        self.terms, self.outdated = grown(self.terms, size), grown(self.outdated, size)
        self.stale_deadlines = grown(self.stale_deadlines, size)

    def update_device(self, device: Device, slot: int) -> None:
        """Copy the times and the learned interval in the columns at the index ``slot`` to the ``Device`` object."""
        device.last_reading = int(self.last_reading[slot])
        device.last_seen = max(device.last_seen or 0, device.last_reading)  # another sign of life may be newer
        device.last_ts = int(self.last_ts[slot])
        device.expected_interval = float(self.expected_interval[slot])
        device.regularity = int(self.regularity[slot])
        device.longest_pause = float(self.longest_pause[slot])

    # The columns below have one entry per record, sorted by device and, within a device, in order of arrival.

    def intervals(self, slots: Ints, ts: Ints, previous: Ints, received: Ints) -> Ints:
        """Return for each record the interval that ends with it, in ms; see :func:`interval_between`.

        An interval is the time since the device's previous reading of the same metrics.

        Args:
            slots: For each record, the device's index in the columns.
            ts: When the record was measured.
            previous: When the record's device had measured the same metrics before this batch.
            received: When the record arrived.
        """
        first = _first(slots)
        last_reading = np.where(first, self.last_reading[slots], _before(received))
        return np.asarray(interval_between(ts, received, np.where(first, previous, _before(ts)), last_reading, np))

    def acceptable(self, slots: Ints, ts: Ints, intervals: Ints, keys: Ints, fit: Bools) -> Bools:
        """Return a mask of the records that the fast path can apply.

        If one record of a device fails, all records of this device fail. A record fails if it is older than a value of
        its device, if it follows an unusually long pause, or if its ``seq`` is not greater than all earlier ones, so
        that it might be a duplicate.

        Args:
            slots: For each record, the slot (index) of its device. The records of a device are next to each other.
            ts: The times of the records, in ms.
            intervals: The time since the record before, in ms.
            keys: The deduplication keys of the records, which contain the ``seq``.
            fit: Which of the records have passed the caller's own check.
        """
        first = _first(slots)
        keyed = keys != NO_KEY
        # `learn` handles pauses separately and one by one, so the slow path does it.
        fit = fit & ~is_pause(intervals, self.expected_interval[slots], self._limits, np)
        fit &= ts >= np.where(first, self.newest[slots], _before(ts))
        before = np.where(first, self._window.greatest[slots], _before(keys))
        fit &= ~keyed | (keys >> SEQ_SHIFT > before >> SEQ_SHIFT)
        # A device that sends `seq` only sometimes is left to the slow path, since the check above compares neighbours.
        fit &= first | (keyed == _before(keyed))
        starts = np.flatnonzero(first)
        whole = np.logical_and.reduceat(fit, starts)
        return np.repeat(whole, np.diff(np.append(starts, len(slots))))

    def apply_batch(self, slots: Ints, ts: Ints, intervals: Ints, received: Ints, keys: Ints) -> None:
        """Update the columns with records that :meth:`acceptable` has accepted, as the slow path does record by record.

        Args:
            slots: For each record, the slot (index) of its device. The records of a device are next to each other.
            ts: The times of the records, in ms.
            intervals: The time since the record before, in ms.
            received: When the records arrived, in ms.
            keys: The deduplication keys of the records.
        """
        starts = np.flatnonzero(_first(slots))
        ends = np.append(starts[1:], len(slots)) - 1
        who = slots[starts]
        learned = LearnedInterval(self.expected_interval[who], self.regularity[who], self.longest_pause[who])
        learned = learn_batch(learned, intervals, starts, ends - starts + 1, self._limits)
        self.expected_interval[who], self.regularity[who], self.longest_pause[who] = learned
        due = received[ends] + stale_after(learned, IntervalTerms(*self.terms[who].T), np)
        # Rare: only a device that reports faster than expected needs an earlier check.
        for i in np.flatnonzero(due < self.stale_deadlines[who]).tolist():
            self.earlier_deadlines.append((self._window.owners[who[i]], int(due[i])))
        self.last_reading[who] = received[ends]
        self.last_ts[who] = np.maximum(self.last_ts[who], np.minimum(ts, received)[ends])
        self.newest[who] = ts[ends]
        self.outdated[who] = True
        if (keyed := keys != NO_KEY).any():
            self._window.add_batch(slots[keyed], keys[keyed])


def learn_batch(
    before: LearnedInterval, intervals: Ints, starts: Ints, counts: Ints, limits: FleetLimits
) -> LearnedInterval:
    """Return the learned intervals of many devices, after each device had some more intervals between its readings.

    Args:
        before: What was learned until now, as columns with one entry per device.
        intervals: The new intervals of all devices in ms, device after device. The caller has left out pauses
            (intervals too long to be regular). An interval of 0 is ignored.
        starts: For each device, the index of its first interval in ``intervals``.
        counts: For each device, the number of its new intervals.
        limits: The limits of the registry.
    """
    # All devices take their n-th interval together, so the loop runs over intervals and not over devices.
    columns = tuple(column.copy() for column in before)
    for step in range(min(int(counts.max(initial=0)), MAX_LEARNED_SINGLY)):
        who = np.flatnonzero((counts > step) & (counts <= MAX_LEARNED_SINGLY))
        interval = intervals[starts[who] + step]
        who, interval = who[interval > 0], interval[interval > 0]
        after = learn(LearnedInterval(*(column[who] for column in columns)), interval, limits, np)
        for column, changed in zip(columns, after, strict=True):
            column[who] = changed
    for each in np.flatnonzero(counts > MAX_LEARNED_SINGLY).tolist():
        several = intervals[starts[each] : starts[each] + counts[each]]
        if len(several := several[several > 0]):
            one = _learn_mean(LearnedInterval(*(column[each] for column in columns)), several)
            for column, value in zip(columns, one, strict=True):
                column[each] = value
    return LearnedInterval(*columns)


def _learn_mean(before: LearnedInterval, intervals: Ints) -> LearnedInterval:
    """Return the learned interval of one device, after many more intervals at once.

    It moves towards the geometric mean of ``intervals``. The more of them there are, the further it moves.
    """
    mean = float(np.exp(np.log(intervals).mean()))
    usual = before.expected or mean
    regular = int(((intervals >= 0.5 * mean) & (intervals <= 2 * mean)).sum())
    regularity = min(REGULAR, max(0, int(before.regularity) + regular - SETBACK * (len(intervals) - regular)))
    expected = usual * (mean / usual) ** (1 - (1 - WEIGHT) ** len(intervals))
    # From SETTLED on the device is regular, no burst: a longer pause is then an outage and is not remembered.
    return LearnedInterval(expected, regularity, 0.0 if regularity >= SETTLED else before.longest_pause)


def grown(column: Column, size: int) -> Column:
    """Return a copy of the column with ``size`` entries. The added entries are 0."""
    larger = np.zeros((size, *column.shape[1:]), column.dtype)
    larger[: len(column)] = column
    return larger


def _first(slots: Ints) -> Bools:
    """Return a mask of the records that are the first of their device. The records of a device are consecutive."""
    first = np.ones(len(slots), np.bool_)
    first[1:] = slots[1:] != slots[:-1]
    return first


def _before(column: Column) -> Column:
    """Return the column moved by one place: each entry becomes the one before it, and the first stays."""
    return np.concatenate([column[:1], column[:-1]])
