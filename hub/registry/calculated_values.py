"""Latest values and marks of metrics that the hub calculates.

A device on the fast path stays there: its columns hold the metrics of its messages, and a calculated metric is none of
them.
"""

from __future__ import annotations

from collections.abc import Callable

from hub.model import CalculatedMark, Device, Latest
from hub.registry.capacity import METRIC_BYTES, Capacity
from hub.registry.stored_state import StoredStates


class CalculatedValues:
    """Sets the calculated metrics of devices."""

    def __init__(self, require: Callable[[str], Device], capacity: Capacity, states: StoredStates) -> None:
        """Create a writer of the devices that ``require`` returns, up to date."""
        self._require, self._capacity, self._states = require, capacity, states

    def mark(self, device_id: str, metric: str, mark: CalculatedMark) -> bool:
        """Mark a metric as calculated. Return whether the mark has changed. Raises NotFound."""
        device = self._require(device_id)
        if device.calculated.get(metric) == mark:
            return False
        device.calculated = device.calculated | {metric: mark}
        self._states.changed.add(device_id)
        return True

    def unmark(self, device_id: str, metric: str) -> None:
        """Remove the mark of a metric that is no longer calculated. Raises NotFound."""
        device = self._require(device_id)
        device.calculated = {name: mark for name, mark in device.calculated.items() if name != metric}
        self._states.changed.add(device_id)

    def set(self, device: Device, metric: str, value: float, at: int) -> None:
        """Set the latest value on a device that is up to date. Raises Rejected if there is no room for the metric."""
        if metric not in device.metrics:
            self._capacity.require_values(device.metrics, {metric: value})
            self._capacity.used += METRIC_BYTES
        device.metrics[metric] = Latest(value, at, "good")
        self._states.lagging.setdefault(device.id, self._states.cursor)
