"""Read the inputs of expressions as columns: latest values of devices, and sums over groups of devices.

An input is missing (NaN) in four cases: its device is not online; the value is a text; the hub does not know the
current value (it has only a retained message, or the device withdrew the value); or the value is older than the
definition's ``max_age``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from hub.calculated.nodes import DeviceGroup, Other
from hub.model import Device, Floats, Ints, Latest
from hub.rules.scopes import ScopeMatcher

_KNOWN = ("good", "clock", "late")
_NAN = float("nan")


class Input(NamedTuple):
    """The values of an input and their times (epoch ms), as arrays with one entry per device."""

    values: Floats
    ts: Ints


def number(device: Device, latest: Latest | None) -> float:
    """Return the latest value of a metric of ``device`` as a number.

    Return NaN if the value cannot be used: there is none, it is a text, its quality is too low, or ``device`` is not
    online.
    """
    if latest is None or device.presence != "online" or latest.quality not in _KNOWN:
        return _NAN
    return _NAN if isinstance(latest.value, str) else float(latest.value)


class OwnInputs:
    """Reads the metrics of some devices as columns, with one entry per device. Columns are cached."""

    def __init__(self, devices: list[Device], now: int) -> None:
        self._devices, self._now = devices, now
        self._columns: dict[str, Input] = {}

    def column(self, metric: str, which: Ints, max_age_ms: int) -> Input:
        """Return the values of a metric on some of the devices, given by their indices ``which``.

        Values older than ``max_age_ms`` are NaN; 0 means no limit.
        """
        found = self._columns.get(metric)
        if found is None:
            latest = [(device, device.metrics.get(metric)) for device in self._devices]
            values = np.array([number(device, each) for device, each in latest])
            found = Input(values, np.array([each.ts if each is not None else 0 for _, each in latest], np.int64))
            self._columns[metric] = found
        values, ts = found.values[which], found.ts[which]
        return Input(np.where(self._now - ts > max_age_ms, np.nan, values) if max_age_ms else values, ts)


class _Sum:
    """Running sum, count, minimum and maximum of a group's values, and the time of its newest value."""

    __slots__ = ("count", "high", "low", "total", "ts")

    def __init__(self) -> None:
        self.count, self.total, self.low, self.high, self.ts = 0, 0.0, _NAN, _NAN, 0

    def add(self, value: float, ts: int) -> None:
        self.low = value if not self.count or value < self.low else self.low
        self.high = value if not self.count or value > self.high else self.high
        self.count, self.total, self.ts = self.count + 1, self.total + value, max(self.ts, ts)

    def result(self, function: str) -> float:
        if function == "count":
            return float(self.count)
        if not self.count:
            return _NAN
        return {"sum": self.total, "mean": self.total / self.count, "min": self.low, "max": self.high}[function]


class GroupInputs:
    """Computes inputs over groups of devices: sums, means, minimums, maximums and counts.

    First pass each device to :meth:`add`, then read the results with :meth:`column`. Groups with the same devices and
    metric share their sums.
    """

    def __init__(self, groups: Iterable[tuple[DeviceGroup, int]], matcher: ScopeMatcher, now: int) -> None:
        """Create empty sums for ``groups``.

        Each item is a pair of a group and the maximum age of values in ms. Older values are left out; 0 means no
        maximum.
        """
        self._matcher, self._now = matcher, now
        shared = {(each.metric, each.scope, each.around, age) for each, age in groups}
        self._sums = {key: dict[str, _Sum]() for key in shared}  # the inner key is an area, a gateway, or empty

    @property
    def wanted(self) -> bool:
        """True if any expression reads a group of devices."""
        return bool(self._sums)

    def add(self, device: Device) -> None:
        """Add the values of a device to all groups that it belongs to."""
        for (metric, scope, around, max_age_ms), sums in self._sums.items():
            latest = device.metrics.get(metric)
            if latest is None or not self._matcher.selects(scope, device):
                continue
            key = {"area": device.area_id, "via": device.info.via}.get(around, "")
            value = number(device, latest)
            if key is not None and value == value and not (max_age_ms and self._now - latest.ts > max_age_ms):
                sums.setdefault(key, _Sum()).add(value, latest.ts)

    def column(self, group: DeviceGroup, devices: list[Device], max_age_ms: int) -> Input:
        """Return the result of ``group`` for each of ``devices``, such as the mean of a metric over several devices.

        If ``group.around`` is ``area``, a device gets the result over the devices in its own area; if it is ``via``,
        the result over the devices whose gateway it is. If it is empty, all devices get the same result. Values older
        than ``max_age_ms`` are left out; 0 means no limit.
        """
        sums = self._sums[group.metric, group.scope, group.around, max_age_ms]
        keys = [{"area": each.area_id, "via": each.id}.get(group.around, "") for each in devices]
        found = [sums.get(key) or _Sum() if key is not None else _Sum() for key in keys]
        values = np.array([each.result(group.function) for each in found])
        return Input(values, np.array([each.ts for each in found], np.int64))


def other(node: Other, find: Callable[[str], Device | None], count: int, max_age_ms: int, now: int) -> Input:
    """Return the latest value of a metric of one device, repeated ``count`` times as a column.

    ``node`` names the metric and the device; ``find`` returns a device by its id. The value is NaN if it is missing or
    older than ``max_age_ms`` (0: no limit).
    """
    device = find(node.device)
    latest = device.metrics.get(node.metric) if device is not None else None
    value = number(device, latest) if device is not None else _NAN
    ts = latest.ts if latest is not None else 0
    if max_age_ms and now - ts > max_age_ms:
        value = _NAN
    return Input(np.full(count, value), np.full(count, ts, np.int64))
