"""Read the history that a backtest replays: the presence of a device, and readings of it and of other devices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from hub.backtest import OtherInputs, Points, follows_presence, needs
from hub.model import Device, FleetLimits, PublishedValue, Quality, Rule, Value
from hub.registry.expected_interval import device_stale_after
from hub.registry.reader import DeviceReader
from hub.rules import Quantity, matching
from hub.rules.source_readers import sources_of
from hub.store.reader import HistoryReader

PAGE = 50_000
MAX_GAPS = 20
"""Up to this many gaps are read one by one. If there are more, the time from the first to the last gap is read."""

Span = tuple[int, int]
"""Begin and end in epoch ms."""


class StoredReadings:
    """Reads the history. ``registry`` and ``store`` contain only what the requesting person may see."""

    def __init__(self, registry: DeviceReader, store: HistoryReader, quantity: Quantity) -> None:
        self._registry = registry
        self._store = store
        self._quantity = quantity

    def needs(self, rule: Rule, device: Device, metric: str) -> bool:
        return needs(rule, metric, self._quantity(device, metric))

    async def of_device(
        self, device: Device, rules: Iterable[Rule], start: int, end: int, most: int
    ) -> dict[str, Points] | None:
        """Return the device's readings by metric, for the metrics that any of the rules reads.

        Return None if there are more than ``most`` readings in total.
        """
        found: dict[str, Points] = {}
        for _, metric in await self._store.series([device.id], None):
            if not any(self.needs(each, device, metric) for each in rules):
                continue
            points = await self._points(device.id, metric, start, end, most)
            if points is None:
                return None
            most -= len(points)
            if points:
                found[metric] = points
        return found

    async def others(
        self, rule: Rule, device: Device, readings: Mapping[str, Points], start: int, end: int, most: int
    ) -> OtherInputs | None:
        """Return what a backtest of a rule on a device needs besides the device's own readings.

        These are the values of other devices and, if the rule depends on silence, the times of the device's other
        messages.

        Args:
            rule: The rule.
            device: The device.
            readings: The device's readings that were read already, by metric.
            start: Start of the time range in epoch ms.
            end: End of the time range in epoch ms.
            most: Maximum number of readings to return.

        Returns:
            The inputs; None if there are more than ``most`` readings.
        """
        published = await self._published(rule, device, start, end, most)
        if published is None:
            return None
        heard = await self._heard(device, readings, start, end, most - len(published)) if follows_presence(rule) else []
        return None if heard is None else OtherInputs(published, heard)

    async def _published(
        self, rule: Rule, device: Device, start: int, end: int, most: int
    ) -> list[PublishedValue] | None:
        """Return the stored values of other devices with which the rule compares ``device``, oldest first.

        They are from ``start`` to ``end`` (epoch ms). Return None if there are more than ``most`` values.
        """
        wanted: dict[tuple[str, str], Device] = {}
        for source in sources_of(rule):
            for other in self._registry.devices():
                in_area = other.area_id is not None and other.area_id == device.area_id
                if in_area if source.device is None else other.id == source.device:
                    names = [source.metric] if source.metric else matching(rule, other, other.metrics, self._quantity)
                    wanted |= {(other.id, metric): other for metric in names}
        found: list[PublishedValue] = []
        for (_, metric), other in wanted.items():
            points = await self._points(other.id, metric, start, end, most - len(found))
            if points is None:
                return None
            found += [PublishedValue(other.id, metric, value, other.area_id, ts) for ts, value, _ in points]
        return sorted(found, key=lambda each: each.at)

    async def _heard(
        self, device: Device, readings: Mapping[str, Points], start: int, end: int, most: int
    ) -> list[int] | None:
        """Return when the device reported metrics that are not in ``readings``, in epoch ms, oldest first.

        These times show that the device was not silent in gaps of ``readings`` between ``start`` and ``end``. A gap is
        a time without a reading after which the device would count as stale. Other metrics are read, one after the
        other, until no gap is left. Return None if more than ``most`` times are found.
        """
        allowed = device_stale_after(device, FleetLimits())
        heard: list[int] = []
        gaps = _gaps((ts for points in readings.values() for ts, _, _ in points), start, end, allowed)
        for _, metric in await self._store.series([device.id], None) if gaps else []:
            if metric in readings:
                continue
            for begin, until in gaps if len(gaps) <= MAX_GAPS else [(gaps[0][0], gaps[-1][1])]:
                points = await self._points(device.id, metric, begin, until, most - len(heard))
                if points is None:
                    return None
                heard += [ts for ts, _, _ in points]
            known = (ts for points in readings.values() for ts, _, _ in points)
            if not (gaps := _gaps((*known, *heard), start, end, allowed)):
                break
        return sorted(heard)

    async def _points(
        self, device: str, metric: str, start: int, end: int, most: int
    ) -> list[tuple[int, Value, Quality]] | None:
        """Return the readings of a metric; None if there are more than ``most``."""
        points: list[tuple[int, Value, Quality]] = []
        following: int | None = start
        while following is not None and len(points) <= most:
            page = await self._store.readings(device, metric, following, end, PAGE)
            points += page.points
            following = page.next
        return None if len(points) > most else points


def _gaps(times: Iterable[int], start: int, end: int, allowed: int) -> Sequence[Span]:
    """Return the spans between ``start`` and ``end`` that contain none of ``times`` and are longer than ``allowed``."""
    return [(before, after) for before, after in pairwise(sorted((start, end, *times))) if after - before > allowed]
