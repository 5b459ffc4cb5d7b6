"""Replay one device's stored readings through the rule engine and the registry.

Each reading counts as received at the time when it was measured. Between readings, the engine gets a tick whenever one
of its timers expires, so alerts are raised and cleared at the same times as by a running hub. Readings that cannot
change the rule's state are skipped (:meth:`hub.rules.Engine.calm`), as by the fast path of a running hub.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from hub.backtest.firing import Firing, Firings
from hub.backtest.records import Points, outside, records_of
from hub.model import Condition, Device, PublishedValue, Record, Rule, Scope
from hub.registry.expected_interval import learned
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine, Quantity, own_quantity, reads
from hub.rules.kinds import Joined, MetricCondition

NEVER = 1 << 62
RECORDS_BETWEEN_CHECKS = 256
"""The number of readings (about 4 ms of work) between two calls of ``stop``."""


class Stopped(Exception):
    """The replay was cancelled, because ``stop`` returned True."""


def needs(rule: Rule, metric: str, quantity: str | None) -> bool:
    """Return True if a replay of the rule needs the readings of ``metric``, which measures ``quantity``."""
    return _needs_all(rule) or reads(rule, metric, quantity) or metric in _others(rule.condition)


def _needs_all(rule: Rule) -> bool:
    """Return True if a replay of the rule needs the readings of all metrics of the device.

    This is so if the rule measures how long the device or a metric has been silent or unchanged, because a reading of
    any metric shows that the device is not silent.
    """
    condition = rule.condition
    if not isinstance(condition, MetricCondition) or condition.lasting:
        return True
    return isinstance(condition, Joined) and condition.hears


def _others(condition: Condition) -> tuple[str, ...]:
    return condition.others if isinstance(condition, MetricCondition) else ()


def follows_presence(rule: Rule) -> bool:
    """Return True if the rule's state can change when the device becomes stale."""
    return bool(rule.for_ms) or isinstance(rule.condition, Joined)


class OtherInputs(NamedTuple):
    """The inputs of a replay besides the readings of the rule's metrics. Each sequence is in order of time.

    Attributes:
        published: the values of other devices that the rule reads.
        heard: when the device sent other messages (epoch ms), which show that it was not silent.
    """

    published: Sequence[PublishedValue] = ()
    heard: Sequence[int] = ()


NO_OTHERS = OtherInputs()


def replay(
    rule: Rule,
    device: Device,
    readings: Mapping[str, Points],
    start: int,
    end: int,
    stop: Callable[[], bool] = lambda: False,
    others: OtherInputs = NO_OTHERS,
    quantity: Quantity = own_quantity,
    created_at: int = 0,
) -> list[Firing]:
    """Return the alerts that a rule would have raised on a device.

    Args:
        rule: The rule. Its scope is ignored: the caller has selected the device.
        device: The device as it is now. Its description, settings and expected interval are used; it is not changed.
        readings: The readings, by metric, of the metrics for which :func:`needs` is True.
        start: Start of the period in epoch ms. No condition holds yet at this time.
        end: End of the period in epoch ms. An alert that is still open then has no end.
        stop: Called every few milliseconds. If it returns True, the replay raises Stopped.
        others: Values of other devices, and the times of the device's other messages.
        quantity: A function that returns the quantity that a metric of the device measures.
        created_at: When the rule was created, in epoch ms. It is not evaluated on earlier readings.
    """
    records = records_of(device.id, readings)
    run = _Run(msgspec.structs.replace(rule, scope=Scope()), device, start, others, quantity, created_at)
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
    """One replay: a registry with one device, and an engine with one rule."""

    def __init__(
        self, rule: Rule, device: Device, start: int, others: OtherInputs, quantity: Quantity, created_at: int
    ) -> None:
        self._published, self._heard = deque(others.published), deque(others.heard)
        self.firings = Firings()
        self._start = self._received = start
        self._ticked = 0  # when the last handled timer or schedule was due
        self._registry = DeviceRegistry()
        self._learned = None if _needs_all(rule) else learned(device)
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
        self._registry.connected(0)  # long ago: no reading counts as queued before the connection
        self._device = self._registry.require(device.id)
        self._rule, self._creation = rule, created_at if created_at > start else NEVER
        self._engine = Engine([] if created_at > start else [rule], self._registry.tolerated_silence, quantity=quantity)
        self.firings.add(self._engine.restore([self._device], start))
        # Other rules cannot skip readings. Nor can rules with a schedule: when it begins, the presence counts.
        self._skips = rule.condition.bounds() is not None and not rule.schedule and not others.published
        self._follows_presence = follows_presence(rule)
        self._outside: dict[tuple[float, ...], np.ndarray] = {}

    def observe(self, record: Record) -> None:
        """Apply one reading, after all timers and other inputs that are due before it."""
        self.advance(record.received - 1)
        self._take_others(record.received)
        self._received = record.received
        self._registry.observe(record)
        if self._learned is not None:  # the registry cannot learn it from a part of the readings
            self._device.expected_interval, self._device.regularity, self._device.longest_pause = self._learned
        self.firings.add(self._engine.observe(self._device, record))
        self._follow_schedule(record.received)
        if self._engine.published.readers.waiting:
            self._tick(record.received)

    def advance(self, until: int) -> None:
        """Handle all that is due up to ``until`` (epoch ms) without a reading of the rule: timers and other inputs."""
        while True:
            due, other = self._next_due(), self._next_other()
            if other <= min(due, until):
                self._take_others(other)
            elif due <= until:
                self._ticked = due
                self._create_rule(due)
                self._tick(max(due, self._received))
                self._follow_schedule(max(due, self._received))
            else:
                return

    def _next_other(self) -> int:
        published = self._published[0].at if self._published else NEVER
        return min(published, self._heard[0] if self._heard else NEVER)

    def _take_others(self, until: int) -> None:
        """Apply the other inputs (:class:`OtherInputs`) up to the time ``until`` (epoch ms)."""
        while self._heard and self._heard[0] <= until:
            at = self._received = self._heard.popleft()
            self._registry.hear(self._device.id, at)
            self.firings.add(self._engine.hear(self._device, at))
        while self._published and self._published[0].at <= until:
            value = self._published.popleft()
            self._engine.published.publish(value)
            if self._engine.published.readers.waiting:
                self._tick(max(value.at, self._received))

    def _tick(self, now: int) -> None:
        for _ in self._registry.tick(now, self._start):
            self.firings.add(self._engine.lose(self._device, now))
        self.firings.add(self._engine.tick(now, self._start, self._registry.get))

    def _create_rule(self, now: int) -> None:
        """Create the rule in the engine if ``now`` (epoch ms) has reached its time of creation."""
        if now >= self._creation:
            self._creation = NEVER
            self._engine.replace([self._rule], [self._device.id])
            self.firings.add(self._engine.judge_next(1, self._registry.get, now))

    def _follow_schedule(self, now: int) -> None:
        """Evaluate the rule if its schedule has begun or ended since the last call."""
        if self._engine.take_turned(lambda: [self._device]):
            self.firings.add(self._engine.judge(self._device, now))
            # A silence that began before the schedule may already be long enough. Its timer is then in the past.
            self.firings.add(self._engine.tick(now, self._start, self._registry.get))

    def _next_timer(self) -> int:
        """Return the time (epoch ms) at which the next timer expires; :data:`NEVER` if no timer is set."""
        return min([watch.due or NEVER for watch in self._device.watches.values()], default=NEVER)

    def _next_due(self) -> int:
        """Return when the next event without a reading is due (epoch ms); :data:`NEVER` if there is none.

        Such events are: a timer expires, the rule is created, its schedule begins or ends. If the rule depends on the
        presence of the device, an event is also due when the device may become stale.
        """
        dues = [
            self._creation,
            self._engine.next_turn,
            *(watch.due or NEVER for watch in self._device.watches.values()),
        ]
        if self._follows_presence and self._device.watches and self._device.presence == "online":
            dues.append(self._registry.presence.stale_deadline(self._device.id))
        return min((due for due in dues if due > self._ticked), default=NEVER)

    def next_place(self, records: Sequence[Record], place: int) -> int:
        """Return the index of the next record to observe, from index ``place`` on.

        Records that cannot change the rule's state are skipped, except the record just before a record that can.
        """
        if place >= len(records) or not self._skips or min(self._next_timer(), self._creation) < NEVER:
            return place
        metrics = list(self._device.metrics)
        if (calm := self._engine.calm(self._device, metrics)) is None:
            return place
        key = (*calm.least, *calm.most)
        if key not in self._outside:
            self._outside[key] = np.flatnonzero(outside(records, metrics, calm.least, calm.most))
        places = self._outside[key]
        following = int(np.searchsorted(places, place))
        found = int(places[following]) if following < len(places) else len(records)
        return max(place, found - 1)
