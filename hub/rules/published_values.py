"""Values of other devices that rules compare with: the latest value of one device, and the median of an area.

They are stored apart from the states of the devices, and rules read nothing else of other devices. So a hub in several
processes could publish the same values through a log.
"""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from hub.model import Device, Latest, PublishedValue, Record, Rule
from hub.rules.covering import Quantity, matching
from hub.rules.kinds import ValueSource
from hub.rules.last_heard import is_up_to_date, received
from hub.rules.source_readers import SourceReaders, sources_of

MIN_DEVICES = 3
"""Minimum devices with a value in an area. With fewer devices, the median counts as unknown."""
MEDIAN_MS = 1_000
"""Time in ms after which a median is computed again."""
_CURRENT = ("good", "clock")


class PublishedValues:
    """The latest values of those metrics that rules on other devices read.

    ``readers`` are the trees (joined conditions) that read such values. It also records which of these trees have to be
    evaluated because a value has changed.
    """

    def __init__(self, quantity: Quantity) -> None:
        self._quantity = quantity
        self.readers = SourceReaders()
        self.clear()
        self.want(())

    def clear(self) -> None:
        """Discard all values."""
        self._latest: dict[str, dict[str, PublishedValue]] = {}  # by device, then by metric
        self._in_area: dict[tuple[str, str], dict[str, PublishedValue]] = {}  # by area and metric, then by device
        self._medians: dict[tuple[str, ValueSource], tuple[int, float | None]] = {}  # epoch ms, median
        self.readers.clear()

    def want(self, rules: Iterable[Rule]) -> None:
        """Use these rules from now on, and keep only those values of devices that the rules read on other devices."""
        rules = list(rules)
        self.readers.want(rules)
        comparing = [(rule, source) for rule in rules for source in sources_of(rule)]
        # A rule that compares several metrics, each with the same metric elsewhere, has a source without a metric.
        self._several = [(rule, source.device) for rule, source in comparing if not source.metric]
        sources = [source for _, source in comparing]
        self._devices = {(source.device, source.metric) for source in sources if source.device is not None}
        self._metrics = {source.metric for source in sources if source.device is None}
        self.wanted = bool(sources)
        if not self._several:
            for device_id, values in self._latest.items():
                for metric in [each for each in values if not self._reads(device_id, each)]:
                    self._drop(values.pop(metric))
        self._medians.clear()

    def _reads(self, device_id: str, metric: str) -> bool:
        return (device_id, metric) in self._devices or metric in self._metrics

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
        """Store a value of a device's metric in place of the earlier value."""
        values = self._latest.setdefault(value.device, {})
        if (before := values.get(value.metric)) is not None and before.area != value.area:
            self._drop(before)
        values[value.metric] = value
        if value.area is not None:
            self._in_area.setdefault((value.area, value.metric), {})[value.device] = value
        self.readers.note_change(before, value)

    def observe(self, device: Device, record: Record) -> None:
        """Make the values of a record available to the rules of other devices that read them, unless they arrived late.

        The registry must have applied the record to ``device`` before.
        """
        if not self.wanted or record.quality == "late":
            return
        for metric in record.values:
            if self.wants(device, metric):
                self.publish(published(device, metric, device.metrics[metric]))

    def publish_latest(self, device: Device) -> None:
        """Publish the latest values of a device that are current.

        The values of a device that is stale or offline are discarded. Values that the hub itself calculates are always
        current.
        """
        if not self.wanted:
            return
        if device.presence != "online":
            self.forget(device.id)
        for metric, latest in device.metrics.items():
            if latest.quality in _CURRENT and is_up_to_date(device, metric) and self.wants(device, metric):
                self.publish(published(device, metric, latest))

    def forget(self, device_id: str) -> None:
        """Discard the values of a device that was deleted, or is stale or offline."""
        for value in self._latest.pop(device_id, {}).values():
            self._drop(value)
            self.readers.note_change(value, None)

    def latest(self, source: ValueSource, now: int) -> PublishedValue | None:
        """Return the published value of the device and metric in ``source``; None if it is not known or too old."""
        value = self._latest.get(source.device or "", {}).get(source.metric)
        return None if value is None or value.at < now - source.max_age_ms else value

    def read(self, source: ValueSource, device: Device, now: int) -> float | None:
        """Return the number that a rule on ``device`` compares with: the value of another device, or the area's median.

        ``source`` says which of the two. Return None if the value is unknown, a text, or too old.
        """
        if source.device is not None:
            return _number(self.latest(source, now), now - source.max_age_ms)
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
    """Return a device's latest value in the form in which rules on other devices read it."""
    return PublishedValue(device.id, metric, latest.value, device.area_id, received(device, latest))


def _number(value: PublishedValue | None, since: int) -> float | None:
    """Return a value as a number, None if it is a text or was received before ``since``."""
    if value is None or value.at < since or isinstance(value.value, str):
        return None
    return float(value.value)
