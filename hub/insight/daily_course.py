"""Learn the usual daily course of a metric (its diurnal pattern) from the same hours of earlier days."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from hub.insight.series import Floats
from hub.insight.statistics import spread

_DAY_S = 86_400.0
_SLOT_S = 1_800.0
_MIN_SLOTS = 4
_MIN_DAYS = 3
"""Minimum number of days with readings, for each part of the day."""
_KEPT = 0.7
"""Days are similar to each other if subtracting their usual course leaves less than this fraction of the spread."""


def daily_course(times: Floats, values: Floats, step: float) -> tuple[Callable[[Floats], Floats], Floats] | None:
    """Return the usual daily course of a series, and the differences of ``values`` from it.

    The course is a function that returns the usual values at an array of times (epoch seconds). For the differences,
    each day is compared with the course of the other days only, because a course that includes a day fits this day too
    well. Return None if there are too few days, or if they are not similar to each other.

    Args:
        times: Epoch seconds, evenly spaced.
        values: Finite numbers, one for each time.
        step: Seconds between two values.
    """
    slots = round(_DAY_S / max(step, _SLOT_S))
    day = (times // _DAY_S).astype(int)
    day -= day[0] if len(day) else 0
    if slots < _MIN_SLOTS or not len(day) or day[-1] < _MIN_DAYS - 1:
        return None
    phase = times % _DAY_S / _DAY_S * slots
    cells = day * slots + phase.astype(int)
    size = (int(day[-1]) + 1) * slots
    counts = np.bincount(cells, minlength=size)
    sums = np.bincount(cells, values, minlength=size)
    table = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan).reshape(-1, slots)
    if np.count_nonzero(counts.reshape(-1, slots), axis=0).min() < _MIN_DAYS:
        return None
    course = _medians(table)
    left = values - _at(phase, course)
    # This quick test comes before the slower one, which leaves out each day in turn.
    if spread(left) > _KEPT * spread(values):
        return None
    left = values - _of_day(phase, day, _medians_of_others(table))
    if spread(left) > _KEPT * spread(values) or np.ptp(left) > np.ptp(values):
        return None
    return lambda at: _at(at % _DAY_S / _DAY_S * slots, course), left


def _medians(table: Floats) -> Floats:
    """Return the median of each column, ignoring NaN."""
    seen = np.count_nonzero(~np.isnan(table), axis=0)
    ordered = np.sort(table, axis=0)  # NaN last
    columns = np.arange(table.shape[1])
    return np.asarray((ordered[(seen - 1) // 2, columns] + ordered[seen // 2, columns]) / 2)


def _medians_of_others(table: Floats) -> Floats:
    """Return for each row the column medians of all other rows, in the shape of ``table``. NaN is ignored."""
    days = len(table)
    others = np.array([[row for row in range(days) if row != each] for each in range(days)])
    ordered = np.sort(table[others], axis=1)  # NaN last
    seen = np.count_nonzero(~np.isnan(ordered), axis=1)
    middle = np.stack([(seen - 1) // 2, seen // 2], axis=1)
    return np.asarray(np.take_along_axis(ordered, middle, axis=1).mean(axis=1))


def _of_day(phase: Floats, day: npt.NDArray[np.int_], courses: Floats) -> Floats:
    """Return the usual value at each of several times, when each day has its own usual course.

    A day is divided into slots of equal length. A course has the usual value in the middle of each slot. Between the
    middles, values are interpolated.

    Args:
        phase: The times of day, counted in slots since midnight.
        day: For each time, the row of ``courses`` that applies.
        courses: The courses, one row per day and one column per slot.
    """
    before = np.floor(phase - 0.5).astype(int)
    share = phase - 0.5 - before
    slots = courses.shape[1]
    return np.asarray(courses[day, before % slots] * (1 - share) + courses[day, (before + 1) % slots] * share)


def _at(phase: Floats, course: Floats) -> Floats:
    """Return the usual value at each time in ``phase``, given as a number of slots since midnight.

    A slot is one of the equal parts of a day. ``course`` has the usual value in the middle of each slot. Between the
    middles, also across midnight, values are interpolated.
    """
    around = np.concatenate([course[-1:], course, course[:1]])
    return np.asarray(np.interp(phase - 0.5, np.arange(-1, len(course) + 1), around))
