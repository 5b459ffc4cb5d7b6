"""The state of one definition between evaluations, as arrays with one row per device.

The state is the time of the newest input, and the earlier values that functions over time need. After a restart, a
running total continues from the stored value of the metric. The functions ``rate``, ``change`` and ``average`` begin
without earlier values.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from hub.model import CalculatedMetric, Device, Floats, Ints, next_table

POINTS = 16
"""The number of earlier values that a function over time keeps for each device, evenly spaced over its window."""
HOUR_MS = 3_600_000
LONGEST_PAUSE_MS = 60_000
"""Maximum pause (ms) between two values of a running total, or five intervals of the definition if that is longer.

The time of a longer pause is not added to the total.
"""
Column = TypeVar("Column", Ints, Floats)


class Rows:
    """The state of one definition between evaluations, with one row for each device.

    ``table`` is a number that is unique in the process. In a RecordBatch, ``table`` and the row number together
    identify the metric of a device.
    """

    def __init__(self, definition: CalculatedMetric) -> None:
        self._definition = definition
        self.table = next_table()
        self.owners: list[str] = []  # device ids, by row
        self.described: list[object] = []  # by row: the description of the device for which its mark was computed
        self._rows: dict[str, int] = {}
        self.newest: Ints = np.zeros(0, np.int64)  # time of the newest input of the last value
        self._last: Floats = np.zeros(0)  # the last value of the argument of total()
        self._windows: dict[int, Window] = {}  # by index of the node

    def of(self, devices: list[str]) -> Ints:
        """Return the row number of each device. A device that has no row yet gets a new one."""
        for each in devices:
            if each not in self._rows:
                self._rows[each] = len(self.owners)
                self.owners.append(each)
                self.described.append(None)
        self.newest = resized(self.newest, len(self.owners))
        return np.fromiter((self._rows[each] for each in devices), np.int64, len(devices))

    def forget(self, device: str) -> None:
        """Release the row of a deleted device.

        The row number is never used again, because the store caches series ids by row number.
        """
        self._rows.pop(device, None)

    def window(self, index: int, function: str, window_ms: int) -> Window:
        """Return the window of one function over time, such as ``average``. It is created at the first call.

        ``index`` is the position of the function in the expression, and ``window_ms`` is the length of its window.
        """
        if index not in self._windows:
            self._windows[index] = Window(function, window_ms)
        return self._windows[index]

    def total(self, rows: Ints, devices: list[Device], column: Floats, now: int) -> Floats:
        """Return the running total of a metric on each device at ``now`` (epoch ms).

        The total is the integral of an expression over time, in the unit of the expression times hours. It continues
        from the latest stored value of the metric. The time of a long pause (:data:`LONGEST_PAUSE_MS`) adds nothing.

        Args:
            rows: The row number of each device.
            devices: The devices.
            column: The current value of the expression on each device. Where it is NaN, the total is NaN.
            now: The current time in epoch ms.
        """
        metric, longest = self._definition.metric, max(LONGEST_PAUSE_MS, 5 * self._definition.every_ms)
        latest = [device.metrics.get(metric) for device in devices]
        before = np.array([float(each.value) if each and not isinstance(each.value, str) else 0.0 for each in latest])
        since = now - np.array([each.ts if each else now for each in latest], np.int64)
        if len(self._last) < len(self.owners):
            last = np.full(max(64, 2 * len(self.owners)), np.nan)
            last[: len(self._last)] = self._last
            self._last = last
        last = self._last[rows]
        mean = np.where(np.isnan(last), column, (column + last) / 2)
        self._last[rows] = column
        added = np.where((since > 0) & (since <= longest), mean * since / HOUR_MS, 0.0)
        return np.where(np.isnan(column), np.nan, before + added)


class Window:
    """Computes a function over time, such as a rate or an average, of an expression.

    It keeps the values of the expression in the last ``window_ms``, with one row per device.
    """

    def __init__(self, function: str, window_ms: int) -> None:
        self._function, self._window_ms = function, window_ms
        self._ts: Ints = np.zeros((0, POINTS), np.int64)  # oldest first; 0: none
        self._values: Floats = np.zeros((0, POINTS))
        # Only for the average: the integral since the first value, and the time and the value of its last update.
        self._integral: Floats = np.zeros(0)
        self._updated: Ints = np.zeros(0, np.int64)
        self._last: Floats = np.zeros(0)

    def step(self, rows: Ints, column: Floats, now: int) -> Floats:
        """Add the current value of each device to the window, and return the result of the function for each device.

        ``rows`` are the row numbers of the devices, ``column`` has their values (NaN: no value), and ``now`` is in
        epoch ms. A result is NaN while earlier values are missing: an average needs one earlier value, a rate or a
        change needs a value that is at least half a window old.
        """
        size = int(rows.max(initial=-1)) + 1
        self._ts, self._values = resized(self._ts, size), resized(self._values, size)
        self._integral, self._last = resized(self._integral, size), resized(self._last, size)
        self._updated = resized(self._updated, size)
        value = self._integrated(rows, column, now) if self._function == "average" else column
        ts = self._ts[rows]
        kept = (ts >= now - self._window_ms) & (ts > 0) & (ts < now)
        place = (np.arange(len(rows)), kept.argmax(axis=1))  # index of the oldest value within the window
        elapsed = np.where(kept.any(axis=1), now - ts[place], 0)
        difference = value - self._values[rows][place]
        added = rows[~np.isnan(value) & ((now - ts[:, -1] >= self._window_ms // (POINTS - 1)) | (ts[:, -1] > now))]
        self._add(added, value[np.isin(rows, added)], now)
        # A rate over a much shorter time would be noise, but a mean over a shorter time is useful.
        enough = elapsed > 0 if self._function == "average" else 2 * elapsed >= self._window_ms
        with np.errstate(all="ignore"):
            seconds = 1_000 if self._function == "rate" else 1
            found = difference if self._function == "change" else difference * seconds / elapsed
        return np.where(enough, found, np.nan)

    def _add(self, rows: Ints, values: Floats, now: int) -> None:
        self._ts[rows, :-1], self._values[rows, :-1] = self._ts[rows, 1:], self._values[rows, 1:]
        self._ts[rows, -1], self._values[rows, -1] = now, values

    def _integrated(self, rows: Ints, column: Floats, now: int) -> Floats:
        """Return the integral of each device's values over time up to ``now`` (epoch ms), in the value's unit times ms.

        ``rows`` are the row numbers of the devices, and ``column`` has their current values. Where ``column`` is NaN,
        the result is NaN.
        """
        present = ~np.isnan(column)
        since = now - self._updated[rows]
        counted = (self._updated[rows] > 0) & (since > 0) & (since <= self._window_ms)
        self._integral[rows] += np.where(present & counted, (column + self._last[rows]) / 2 * since, 0.0)
        self._updated[rows] = np.where(present, now, self._updated[rows])
        self._last[rows] = np.where(present, column, self._last[rows])
        return np.where(present, self._integral[rows], np.nan)


def resized(column: Column, size: int) -> Column:
    """Return an array with the rows of ``column`` and room for at least ``size`` rows.

    New rows are filled with zeros.
    """
    if len(column) >= size:
        return column
    larger = np.zeros((max(64, 2 * size), *column.shape[1:]), column.dtype)
    larger[: len(column)] = column
    return larger
