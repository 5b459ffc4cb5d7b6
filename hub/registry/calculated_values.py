"""Latest values of calculated metrics, and the marks that say which metrics of a device the hub calculates.

A device on the fast path stays there when a calculated value is set, because the columns of the fast path hold only
the metrics of messages.
"""

from __future__ import annotations

from collections.abc import Callable

from hub.model import CalculatedMark, Device, Latest
from hub.registry.capacity import METRIC_BYTES, Capacity
from hub.registry.stored_state import StoredStates


class CalculatedValues:
    """Sets the calculated metrics of devices."""

    def __init__(self, require: Callable[[str], Device], capacity: Capacity, states: StoredStates) -> None:
        """Create an object that changes the calculated values of devices.

        Args:
            require: Returns a device by its id, with its latest values. Raises NotFound for an unknown device.
            capacity: Counts the memory that the values take.
            states: Notes which devices have to be stored.
        """
        self._require, self._capacity, self._states = require, capacity, states

    def mark(self, device_id: str, metric: str, mark: CalculatedMark) -> bool:
        """Mark a metric as calculated. Return whether the mark has changed. Raises NotFound for an unknown device."""
        device = self._require(device_id)
        if device.calculated.get(metric) == mark:
            return False
        device.calculated = device.calculated | {metric: mark}
        self._states.changed.add(device_id)
        return True

    def unmark(self, device_id: str, metric: str) -> None:
        """Remove the mark of a metric that is not calculated any more. Raises NotFound for an unknown device."""
        device = self._require(device_id)
        device.calculated = {name: mark for name, mark in device.calculated.items() if name != metric}
        self._states.changed.add(device_id)

    def set(self, device: Device, metric: str, value: float, at: int) -> None:
        """Set the latest value of a calculated metric. ``at`` is its time in epoch ms.

        All pending messages must have been applied to ``device`` before. Raises Rejected if the metric is new and there
        is no room for it.
        """
        if metric not in device.metrics:
            self._capacity.require_values(device.metrics, {metric: value})
            self._capacity.used += METRIC_BYTES
        device.metrics[metric] = Latest(value, at, "good")
        self._states.lagging.setdefault(device.id, self._states.cursor)
