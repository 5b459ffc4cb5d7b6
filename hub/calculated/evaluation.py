"""Evaluate one definition on several devices at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hub.calculated.functions import apply
from hub.calculated.inputs import GroupInputs, Input, OwnInputs, other
from hub.calculated.nodes import Apply, DeviceGroup, Node, Number, Other, OverTime, Own, Total
from hub.calculated.rows import Rows
from hub.model import CalculatedMetric, Device, Floats, Ints


class Evaluation:
    """One evaluation of a definition on some devices.

    After :meth:`value`, the array ``newest`` has the time (epoch ms) of each device's newest input; 0 without an input.
    """

    def __init__(
        self,
        *,
        definition: CalculatedMetric,
        devices: list[Device],
        which: Ints,
        rows: Ints,
        state: Rows,
        own: OwnInputs,
        groups: GroupInputs,
        find: Callable[[str], Device | None],
        now: int,
    ) -> None:
        """Create an evaluation.

        Args:
            definition: The definition.
            devices: The devices that get the metric.
            which: For each of these devices, its index in ``own``.
            rows: The row number of each of these devices in ``state``.
            state: The state of the definition.
            own: The metrics of these devices, and possibly of further ones.
            groups: The inputs that combine the values of several devices, such as sums and means.
            find: Returns the device with an id.
            now: The time in epoch ms.
        """
        self._definition, self._devices, self._which, self._rows = definition, devices, which, rows
        self._state, self._own, self._groups, self._find, self._now = state, own, groups, find, now
        self.newest = np.zeros(len(devices), np.int64)

    def value(self, node: Node) -> Floats:
        """Return the value of a node on each device, as an array; NaN where the value is missing."""
        match node:
            case Number():
                return np.full(len(self._devices), node.value)
            case Apply():
                return apply(node.function, [self.value(each) for each in node.arguments])
            case OverTime():
                window = self._state.window(node.index, node.function, node.window_ms)
                return window.step(self._rows, self.value(node.argument), self._now)
            case Total():
                return self._state.total(self._rows, self._devices, self.value(node.argument), self._now)
        found = self._input(node)
        self.newest = np.maximum(self.newest, np.where(np.isnan(found.values), 0, found.ts))
        return found.values

    def _input(self, node: Own | Other | DeviceGroup) -> Input:
        age = self._definition.max_age_ms
        match node:
            case Own():
                return self._own.column(node.metric, self._which, age)
            case Other():
                return other(node, self._find, len(self._devices), age, self._now)
            case DeviceGroup():
                return self._groups.column(node, self._devices, age)
