"""Replay one device's stored readings through the rule engine and the registry, as if they arrived now.

Each reading is received at the time when it was measured. Between readings the engine gets ticks at the times of its
timers, so alerts are raised and cleared when they would be by a running hub. Where no value can change the rule's
state (:meth:`hub.rules.Engine.calm`, which the fast path of a running hub uses, too), readings are skipped.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec
import numpy as np

from hub.backtest.firing import Firing, Firings
from hub.model import Device, PublishedValue, Quality, Record, Rule, Scope, Value
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine, Quantity, own_quantity, reads
from hub.rules.kinds import MetricCondition

Points = Sequence[tuple[int, Value, Quality]]
"""Readings of one metric in the order of time: (epoch ms, value, quality)."""

NEVER = 1 << 62
RECORDS_BETWEEN_CHECKS = 256
"""After this many readings (about 4 ms), ``stop`` is called."""


class Stopped(Exception):
    """``stop`` returned True."""


def needs(rule: Rule, metric: str, quantity: str | None) -> bool:
    """Return True if the readings of this metric, which measures ``quantity``, can change the rule's state."""
    if not isinstance(rule.condition, MetricCondition) or rule.condition.lasting:
        return True  # every reading shows that the device is alive
    return reads(rule, metric, quantity) or metric in rule.condition.others


def replay(
    rule: Rule,
    device: Device,
    readings: Mapping[str, Points],
    start: int,
    end: int,
    stop: Callable[[], bool] = lambda: False,
    published: Sequence[PublishedValue] = (),
    quantity: Quantity = own_quantity,
) -> list[Firing]:
    """Return the alerts that a rule would have raised on a device.

    Args:
        rule: The rule. Its scope is not read: the caller has selected the device.
        device: The device as it is now. Description, settings and expected interval are used; it is not changed.
        readings: The readings of the metrics for which :func:`needs` is True.
        start: Begin of the period in epoch ms. The rule has no state before.
        end: End of the period. Alerts that are open then have no end.
        stop: Called every few milliseconds; if it returns True, Stopped is raised.
        published: The values of other devices that the rule compares with, in the order of time.
        quantity: Returns what a metric of the device measures.
    """
    records = _records(device.id, readings)
    run = _Run(msgspec.structs.replace(rule, scope=Scope()), device, start, published, quantity)
    place = checked = 0
    while place < len(records):
        if place >= checked:
            checked = place + RECORDS_BETWEEN_CHECKS
            if stop():
                raise Stopped
        run.observe(records[place])
        place = max(place + 1, run.next_place(records, place + 1))
    run.advance(end)
    return run.firings.all


class _Run:
    """A registry and an engine with one device and one rule."""

    def __init__(
        self, rule: Rule, device: Device, start: int, published: Sequence[PublishedValue], quantity: Quantity
    ) -> None:
        self._published = deque(published)
        self.firings = Firings()
        self._start = self._received = start
        self._ticked = 0  # when the last expired timer was due
        self._registry = DeviceRegistry()
        fresh = msgspec.structs.replace(
            device,
            metrics={},
            watches={},
            desired={},
            reported={},
            first_seen=start,
            last_seen=start,
            last_reading=start,
            last_ts=0,
            presence="online",
            withdrawn=False,
        )
        self._registry.restore({device.id: msgspec.msgpack.encode(fresh)}, start)
        self._registry.connected(0)  # long ago: no reading waited for the connection
        self._device = self._registry.require(device.id)
        self._engine = Engine([rule], self._registry.tolerated_silence, quantity=quantity)
        self.firings.add(self._engine.restore([self._device], start))
        # Every reading can change the state of other rules, or the presence, which counts when a schedule begins.
        self._skips = rule.condition.bounds() is not None and not rule.schedule and not published
        self._outside: dict[tuple[float, ...], np.ndarray] = {}

    def observe(self, record: Record) -> None:
        """Apply one reading, after all timers that expire before it."""
        self.advance(record.received - 1)
        self._received = record.received
        while self._published and self._published[0].at <= record.received:
            self._engine.publish(self._published.popleft())
        self._registry.observe(record)
        self.firings.add(self._engine.observe(self._device, record))
        self._follow_schedule(record.received)

    def advance(self, until: int) -> None:
        """Let the timers expire up to a time."""
        while self._ticked < (due := min(self._next_timer(), self._engine.next_turn)) <= until:
            self._ticked, now = due, max(due, self._received)
            self._registry.tick(now, self._start)
            self.firings.add(self._engine.tick(now, self._start, self._registry.get))
            self._follow_schedule(now)

    def _follow_schedule(self, now: int) -> None:
        """Evaluate the rule if its schedule has begun or ended."""
        if self._engine.take_turned(lambda: [self._device]):
            self.firings.add(self._engine.judge(self._device, now))
            # A silence that began before the schedule may be long enough already: its timer is in the past.
            self.firings.add(self._engine.tick(now, self._start, self._registry.get))

    def _next_timer(self) -> int:
        """Return when the next timer expires, :data:`NEVER` if none is set."""
        return min([watch.due or NEVER for watch in self._device.watches.values()], default=NEVER)

    def next_place(self, records: Sequence[Record], place: int) -> int:
        """Return the index of the next record to observe, at least ``place``.

        Records that cannot change the rule's state are skipped, except the one before a record that can.
        """
        if place >= len(records) or not self._skips or self._next_timer() < NEVER:
            return place
        metrics = list(self._device.metrics)
        if (calm := self._engine.calm(self._device, metrics)) is None:
            return place
        key = (*calm.least, *calm.most)
        if key not in self._outside:
            self._outside[key] = np.flatnonzero(_outside(records, metrics, calm.least, calm.most))
        places = self._outside[key]
        following = int(np.searchsorted(places, place))
        found = int(places[following]) if following < len(places) else len(records)
        return max(place, found - 1)


def _outside(records: Sequence[Record], metrics: list[str], least: list[float], most: list[float]) -> np.ndarray:
    """Return a mask of the records that may change a rule's state.

    Such a record has a text, a number outside its range, or further metrics.
    """
    found = np.fromiter((not record.values.keys() <= set(metrics) for record in records), np.bool_, len(records))
    for metric, low, high in zip(metrics, least, most, strict=True):
        if low == -math.inf and high == math.inf:
            continue
        inside = low if low > -math.inf else high
        column = np.array([_number(record.values.get(metric, inside)) for record in records])
        found |= ~((column >= low) & (column <= high))
    return found


def _number(value: Value) -> float:
    return math.nan if isinstance(value, str) else float(value)


def _records(device_id: str, readings: Mapping[str, Points]) -> list[Record]:
    """Return the readings as records in the order of time. Readings of several metrics at the same time are one."""
    if len(readings) == 1:
        ((metric, points),) = readings.items()
        return [Record(device_id, ts, ts, {metric: value}, _quality(quality)) for ts, value, quality in points]
    together: dict[tuple[int, int], Record] = {}
    for metric, points in readings.items():
        for key, value, quality in _numbered(points):
            if (record := together.get(key)) is None:
                together[key] = Record(device_id, key[0], key[0], {metric: value}, _quality(quality))
            else:
                record.values[metric] = value
    return [together[key] for key in sorted(together)]


def _numbered(points: Points) -> Iterator[tuple[tuple[int, int], Value, Quality]]:
    """Yield readings with their time and the number of the reading among those of the same time."""
    before, number = -1, 0
    for ts, value, quality in points:
        number = number + 1 if ts == before else 0
        before = ts
        yield (ts, number), value, quality


def _quality(quality: Quality) -> Quality:
    """Return the quality that a reading has in a replay, in which it arrives when it was measured."""
    return "good" if quality == "late" else quality
