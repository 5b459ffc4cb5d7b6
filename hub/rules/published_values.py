"""Values of other devices that rules compare with: the latest of one device, and the median of an area.

They are kept separate from the devices' states, and rules read only these values. So a hub in several processes can
publish the same values through its log.
"""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from hub.model import Device, Latest, PublishedValue, Rule
from hub.rules.covering import Quantity, matching
from hub.rules.kinds import MetricCondition, ValueSource
from hub.rules.last_heard import received

MIN_DEVICES = 3
"""Devices with a value in an area; the median of fewer ones is not known."""
MEDIAN_MS = 1_000
"""A median is computed again after this time."""
_CURRENT = ("good", "clock")


class PublishedValues:
    """The published values of the metrics that rules read."""

    def __init__(self, quantity: Quantity) -> None:
        self._quantity = quantity
        self.clear()
        self.want(())

    def clear(self) -> None:
        """Discard all values."""
        self._latest: dict[tuple[str, str], PublishedValue] = {}  # by device and metric
        self._in_area: dict[tuple[str, str], dict[str, PublishedValue]] = {}  # by area and metric, then by device
        self._medians: dict[tuple[str, ValueSource], tuple[int, float | None]] = {}  # epoch ms, median

    def want(self, rules: Iterable[Rule]) -> None:
        """Keep the values that these rules read."""
        comparing = [
            (rule, source)
            for rule in rules
            if isinstance(rule.condition, MetricCondition) and (source := rule.condition.source) is not None
        ]
        # A rule that compares several metrics, each with the same metric elsewhere, has a source without a metric.
        self._several = [(rule, source.device) for rule, source in comparing if not source.metric]
        sources = [source for _, source in comparing]
        self._devices = {(source.device, source.metric) for source in sources if source.device is not None}
        self._metrics = {source.metric for source in sources if source.device is None}
        self.wanted = bool(sources)
        unused = [key for key in self._latest if key not in self._devices and key[1] not in self._metrics]
        for key in [] if self._several else unused:
            self._drop(self._latest.pop(key))
        self._medians.clear()

    def wants(self, device: Device, metric: str) -> bool:
        """Return True if a rule on another device reads this metric."""
        if (device.area_id is not None and metric in self._metrics) or (device.id, metric) in self._devices:
            return True
        return any(
            (device.area_id is not None if other is None else other == device.id)
            and matching(rule, device, (metric,), self._quantity)
            for rule, other in self._several
        )

    def publish(self, value: PublishedValue) -> None:
        """Replace the value of a device's metric."""
        key = value.device, value.metric
        if (before := self._latest.get(key)) is not None and before.area != value.area:
            self._drop(before)
        self._latest[key] = value
        if value.area is not None:
            self._in_area.setdefault((value.area, value.metric), {})[value.device] = value

    def publish_latest(self, device: Device) -> None:
        """Publish the latest values of a device that are current."""
        for metric, latest in device.metrics.items():
            if latest.quality in _CURRENT and self.wants(device, metric):
                self.publish(published(device, metric, latest))

    def forget(self, device_id: str) -> None:
        """Discard the values of a deleted device."""
        for key in [key for key in self._latest if key[0] == device_id]:
            self._drop(self._latest.pop(key))

    def read(self, source: ValueSource, device: Device, now: int) -> float | None:
        """Return the value that a rule compares a device's value with; None if it is unknown or too old."""
        if source.device is not None:
            return _number(self._latest.get((source.device, source.metric)), now - source.max_age_ms)
        if device.area_id is None:
            return None
        key = device.area_id, source
        at, found = self._medians.get(key, (None, None))
        if at is None or not 0 <= now - at < MEDIAN_MS:
            values = self._in_area.get((device.area_id, source.metric), {}).values()
            numbers = [number for each in values if (number := _number(each, now - source.max_age_ms)) is not None]
            found = median(numbers) if len(numbers) >= MIN_DEVICES else None
            self._medians[key] = now, found
        return found

    def _drop(self, value: PublishedValue) -> None:
        if value.area is not None:
            self._in_area[value.area, value.metric].pop(value.device, None)


def published(device: Device, metric: str, latest: Latest) -> PublishedValue:
    """Return a device's latest value in the form in which it is published."""
    return PublishedValue(device.id, metric, latest.value, device.area_id, received(device, latest))


def _number(value: PublishedValue | None, since: int) -> float | None:
    """Return a value as a number, None if it is a text or was received before ``since``."""
    if value is None or value.at < since or isinstance(value.value, str):
        return None
    return float(value.value)
