"""Try a draft of a calculated metric on stored readings, before it is saved.

A trial uses the code of the running hub, but calculates the metric at past times. At each of these times, the readings
up to then are applied to copies of the devices. A device counts as online until it has been silent for longer than
usual.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice

import msgspec

from hub.calculated import Calculation, nodes, parse_expression
from hub.errors import Invalid
from hub.model import CalculatedMetric, Device, FleetLimits, Latest, Quality, Value
from hub.registry.expected_interval import device_stale_after
from hub.registry.reader import DeviceReader
from hub.rules.scopes import ScopeMatcher
from hub.services.calculated_warnings import calculated_warnings
from hub.store.reader import HistoryReader

MAX_DEVICES = 10
"""Maximum devices for which a draft is calculated. If there are more, those with the lowest ids are used."""
MAX_READINGS = 300_000
MAX_STEPS = 10_000
"""Maximum times at which a draft is calculated. In a longer period, only every second, third … time is used."""
MAX_POINTS = 500
MAX_WARNINGS = 20
PAGE = 50_000
STEPS_BETWEEN_PAUSES = 32
PAUSE_S = 0.0005
"""The thread sleeps this many seconds every few milliseconds, so that the event loop gets its turn."""

StoredReading = tuple[int, str, str, Value, Quality]
"""A stored reading: time (epoch ms), device id, metric, value, quality."""


class TriedSeries(msgspec.Struct, frozen=True):
    """The values of one device, thinned to :data:`MAX_POINTS`. ``count`` is the number of values before thinning."""

    device: str
    name: str
    unit: str | None
    count: int
    points: list[tuple[int, float]]


class MetricTrial(msgspec.Struct, frozen=True):
    """Result of trying a draft of a calculated metric on stored readings.

    Attributes:
        devices: The number of devices that would get the metric.
        series: The calculated values of each device on which the draft was tried.
        readings: The number of stored readings that were read as inputs.
        step_ms: The time between two calculations.
    """

    devices: int
    series: list[TriedSeries]
    readings: int
    step_ms: int


class CalculatedTrials:
    """Tries out the draft of a calculated metric on stored readings, before the metric is saved.

    It uses only devices and readings that the caller may see.
    """

    def __init__(self, matcher: ScopeMatcher, registry: DeviceReader, store: HistoryReader) -> None:
        self._matcher, self._registry, self._store = matcher, registry, store

    def devices(self, draft: CalculatedMetric) -> list[Device]:
        """Return the devices that would get the metric."""
        if draft.device is not None:
            device = self._registry.get(draft.device)
            return [device or Device(draft.device, draft.device, "calculated", first_seen=0, name=draft.name)]
        applies = Calculation((), self._matcher).applies
        return sorted((each for each in self._registry.devices() if applies(draft, each)), key=lambda each: each.id)

    def unit(self, draft: CalculatedMetric, device: Device) -> str | None:
        """Return the unit that the metric would have on a device."""
        return Calculation((), self._matcher).mark(draft, device, self._registry.get, self._ids).unit

    def warnings(self, draft: CalculatedMetric) -> list[str]:
        """Return a sentence for each name in the draft that does not exist, at most :data:`MAX_WARNINGS`."""
        found = calculated_warnings(draft, list(self._registry.devices()), self._matcher.areas, self._matcher.selects)
        return list(islice(found, MAX_WARNINGS))

    async def run(self, draft: CalculatedMetric, start: int, end: int) -> MetricTrial:
        """Calculate a drafted metric at regular times from ``start`` to ``end`` (epoch ms), from stored readings.

        Raises Invalid if the calculation would read more than :data:`MAX_READINGS` readings.
        """
        targets = self.devices(draft)
        tried = targets[:MAX_DEVICES]
        step_ms = draft.every_ms * -(-(end - start) // (draft.every_ms * MAX_STEPS))
        readings: list[StoredReading] = []
        involved = {device.id: device for device in tried}
        for device, metric in self._inputs(draft, tried):
            involved[device.id] = device
            readings += await self._readings(device.id, metric, start, end, MAX_READINGS - len(readings))
        readings.sort(key=lambda each: each[0])
        replay = _Replay(msgspec.structs.replace(draft, every_ms=step_ms), self._matcher, list(involved.values()))
        found = await _in_thread(replay, readings, start, end)
        series = [
            TriedSeries(
                device=each.id,
                name=each.display_name,
                unit=self.unit(draft, each),
                count=len(points := found.get(each.id, [])),
                points=_thinned(points),
            )
            for each in tried
        ]
        return MetricTrial(len(targets), series, len(readings), step_ms)

    def _ids(self) -> list[str]:
        return [each.id for each in self._registry.devices()]

    def _inputs(self, draft: CalculatedMetric, tried: list[Device]) -> Iterator[tuple[Device, str]]:
        """Yield the metrics that the draft reads, each as a device and the name of a metric, without duplicates.

        ``tried`` are the devices on which the draft is tried.
        """
        seen: set[tuple[str, str]] = set()
        for node in nodes.parts(parse_expression(draft.expression)):
            match node:
                case nodes.Own(metric=metric):
                    devices = [each for each in tried if metric in each.metrics]
                case nodes.Other(device=name, metric=metric):
                    devices = [each for each in [self._registry.get(name)] if each is not None]
                case nodes.DeviceGroup(metric=metric, scope=scope):
                    members = (each for each in self._registry.devices() if metric in each.metrics)
                    devices = [each for each in members if self._matcher.selects(scope, each)]
                case _:
                    continue
            for device in devices:
                if (device.id, metric) not in seen:
                    seen.add((device.id, metric))
                    yield device, metric

    async def _readings(self, device: str, metric: str, start: int, end: int, most: int) -> list[StoredReading]:
        found: list[StoredReading] = []
        following: int | None = start
        while following is not None:
            page = await self._store.readings(device, metric, following, end, PAGE)
            found += [(ts, device, metric, value, quality) for ts, value, quality in page.points]
            following = page.next
            if len(found) > most:
                problem = f"The expression reads more than {MAX_READINGS:,} readings in this period."
                raise Invalid(problem, "Choose a shorter period, or fewer devices.")
        return found


class _Replay:
    """The calculation of one metric at past times, with copies of the devices that it reads."""

    def __init__(self, definition: CalculatedMetric, matcher: ScopeMatcher, devices: list[Device]) -> None:
        self._definition = definition
        self._calculation = Calculation([definition], matcher)
        # All metrics have to exist from the start: a device without an input would not get the calculated metric.
        unknown = {each.id: dict.fromkeys(each.metrics, Latest(0.0, 0, "unknown")) for each in devices}
        self._devices = {
            each.id: msgspec.structs.replace(each, metrics=unknown[each.id], calculated=dict(each.calculated))
            for each in devices
        }
        for device in self._devices.values():
            device.metrics.pop(definition.metric, None)
        self._silence = {each.id: device_stale_after(each, FleetLimits()) for each in devices}
        self._heard: dict[str, int] = {}

    def run(
        self, readings: list[StoredReading], start: int, end: int, stop: Callable[[], bool]
    ) -> dict[str, list[tuple[int, float]]]:
        """Return the calculated values of each device, by device id, as pairs of a time (epoch ms) and a value.

        Args:
            readings: The stored readings that the calculation needs, oldest first.
            start: The time of the first calculation, in epoch ms.
            end: The time after which nothing is calculated, in epoch ms.
            stop: Called now and then. If it returns True, the calculation ends early.
        """
        found: dict[str, list[tuple[int, float]]] = {}
        every_ms, place = self._definition.every_ms, 0
        for count, now in enumerate(range(-(-start // every_ms) * every_ms, end + 1, every_ms)):
            if count % STEPS_BETWEEN_PAUSES == 0 and stop():
                break
            while place < len(readings) and readings[place][0] <= now:
                ts, name, metric, value, quality = readings[place]
                self._devices[name].metrics[metric] = Latest(value, ts, quality)
                self._heard[name] = ts
                place += 1
            for name, device in self._devices.items():
                device.presence = "online" if now - self._heard.get(name, 0) <= self._silence[name] else "stale"
            self._calculate(now, found)
        return found

    def _calculate(self, now: int, found: dict[str, list[tuple[int, float]]]) -> None:
        metric = self._definition.metric
        self._calculation.begin(now, lambda: list(self._devices), self._devices.get)
        while self._calculation.pending:
            for result in self._calculation.step():
                for row, value in zip(result.rows.tolist(), result.values.tolist(), strict=True):
                    name = result.state.owners[row]
                    found.setdefault(name, []).append((now, value))
                    if (device := self._devices.get(name)) is not None:
                        device.metrics[metric] = Latest(value, now, "good")
                        device.calculated[metric] = self._calculation.mark(
                            self._definition, device, self._devices.get, list
                        )


async def _in_thread(
    replay: _Replay, readings: list[StoredReading], start: int, end: int
) -> dict[str, list[tuple[int, float]]]:
    """Run the calculation in a thread. If this task is cancelled, the thread ends soon after."""
    cancelled = threading.Event()

    def stop() -> bool:
        time.sleep(PAUSE_S)
        return cancelled.is_set()

    try:
        return await asyncio.to_thread(replay.run, readings, start, end, stop)
    finally:
        cancelled.set()


def _thinned(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return at most :data:`MAX_POINTS` points: all, or every second, third … point including the last one."""
    every = -(-len(points) // MAX_POINTS) or 1
    return points[(len(points) - 1) % every :: every]
