"""Backtest a draft of a rule: replay the stored readings of its devices, and list the alerts that it would raise."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from hub.backtest import Firing, OtherInputs, Points, RuleOutcome, outcome, replay
from hub.model import Device, Rule
from hub.registry.reader import DeviceReader
from hub.rules import Quantity, own_quantity, reads
from hub.rules.kinds import Joined, MetricCondition, SilenceCondition
from hub.services.stored_readings import StoredReadings
from hub.store.reader import HistoryReader

MAX_DEVICES = 100
MAX_READINGS = 500_000
"""Maximum readings of one backtest, over all devices. They take about ten seconds if the rule needs each of them."""
MAX_SERIES = 100
PAUSE_S = 0.0005
"""The thread of the replay sleeps this many seconds every few milliseconds, so that the event loop gets its turn."""

LeftOutReason = Literal["no_readings", "too_many_readings", "too_many_devices"]


class LeftOut(msgspec.Struct, frozen=True):
    """A device in the rule's scope that was not tested."""

    device: str
    reason: LeftOutReason


class Backtest(msgspec.Struct, frozen=True):
    """The result of a backtest for a period (epoch ms).

    Attributes:
        start: begin of the period.
        end: end of the period.
        data_from: time of the first reading that was replayed; None if there was none.
        devices: number of devices in the rule's scope.
        tested: number of devices whose readings were replayed.
        readings: number of readings that were replayed.
        left_out: devices in scope that were not tested.
        series: device and metric of the readings that were replayed, most firings first.
        rule: the alerts that the draft would have raised.
        old: the alerts that the existing rule would have raised; None if the draft replaces no rule.
    """

    start: int
    end: int
    data_from: int | None
    devices: int
    tested: int
    readings: int
    left_out: list[LeftOut]
    series: list[tuple[str, str]]
    rule: RuleOutcome
    old: RuleOutcome | None


class Replayed:
    """The result of evaluating rules on replayed readings.

    ``firings`` has one list for each rule, with the alerts that the rule would have raised. The other attributes
    describe the replayed data, as in :class:`Backtest`.
    """

    def __init__(self, firings: list[list[Firing]], devices: int, left_out: list[LeftOut]) -> None:
        self.firings = firings
        self.devices = devices
        self.left_out = left_out
        self.tested = self.readings = 0
        self.data_from: int | None = None
        self.series: list[tuple[str, str]] = []

    def add(self, device_id: str, readings: Mapping[str, Points], start: int, watched: Iterable[str]) -> None:
        """Count a device whose readings are replayed, and these readings. Add its metrics to :attr:`series`.

        Args:
            device_id: The device.
            readings: Its readings that are replayed, by metric.
            start: The time (epoch ms) from which they are replayed.
            watched: The metrics on which the rule has a condition.
        """
        self.tested += 1
        self.readings += sum(map(len, readings.values()))
        first = [max(start, points[0][0]) for points in readings.values()]
        self.data_from = min([*first, *([] if self.data_from is None else [self.data_from])], default=None)
        self.series += [(device_id, metric) for metric in watched]


class Backtests:
    """Runs backtests of rules. ``registry`` and ``store`` contain only what the current request may see."""

    def __init__(
        self,
        applies: Callable[[Rule, Device], bool],
        registry: DeviceReader,
        store: HistoryReader,
        quantity: Quantity = own_quantity,
    ) -> None:
        self._quantity = quantity
        self._applies = applies
        self._registry = registry
        self._stored = StoredReadings(registry, store, quantity)

    async def run(self, rule: Rule, old: Rule | None, start: int, end: int) -> Backtest:
        """Backtest the draft ``rule``, and the rule ``old`` that it replaces, from ``start`` to ``end`` (epoch ms).

        ``old`` is None if the draft replaces no rule. If the task is cancelled, the replay ends within milliseconds.
        """
        rules = [rule] if old is None else [rule, old]
        found = await self.replay(rules, start, end)
        firings, others = found.firings[0], None if old is None else found.firings[1]
        raised = Counter((each.device, each.metric) for each in firings)
        return Backtest(
            start=start,
            end=end,
            data_from=found.data_from,
            devices=found.devices,
            tested=found.tested,
            readings=found.readings,
            left_out=found.left_out,
            series=sorted(found.series, key=lambda each: -raised[each])[:MAX_SERIES],
            rule=outcome(firings, others, end),
            old=None if others is None else outcome(others, firings, end),
        )

    async def replay(self, rules: Sequence[Rule], start: int, end: int) -> Replayed:
        """Replay the readings from ``start`` to ``end`` (epoch ms), separately for each of ``rules``.

        Return the alerts that each rule would have raised, and which devices were left out.
        """
        devices = [each for each in self._registry.devices() if any(self._applies(one, each) for one in rules)]
        left_out = [LeftOut(each.id, "too_many_devices") for each in devices[MAX_DEVICES:]]
        found = Replayed([[] for _ in rules], len(devices), left_out)
        begins = start - max(map(_learns_ms, rules))
        without = any(_fires_without_readings(each) for each in rules)
        for device in devices[:MAX_DEVICES]:
            readings = await self._stored.of_device(device, rules, begins, end, MAX_READINGS - found.readings)
            if readings is None or not (readings or without):
                left_out.append(LeftOut(device.id, "too_many_readings" if readings is None else "no_readings"))
                continue
            found.add(
                device.id,
                readings,
                start,
                [each for each in readings if any(self._watches(rule, device, each) for rule in rules)],
            )
            for firings, rule in zip(found.firings, rules, strict=True):
                if self._applies(rule, device):
                    begin = start - _learns_ms(rule)
                    needed = {
                        metric: points if begin == begins else [each for each in points if each[0] >= begin]
                        for metric, points in readings.items()
                        if self._stored.needs(rule, device, metric)
                    }
                    left = MAX_READINGS - found.readings
                    others = await self._stored.others(rule, device, needed, begin, end, left)
                    if others is None:
                        left_out.append(LeftOut(device.id, "too_many_readings"))
                        break
                    found.readings += len(others.published) + len(others.heard)
                    begin = min(max(begin, _known_since(device, readings)), end)
                    raised = await _in_thread(rule, device, needed, others, begin, end, self._quantity)
                    firings += [each for each in raised if each.end is None or each.end > start]
        return found

    def _watches(self, rule: Rule, device: Device, metric: str) -> bool:
        """Return True if the rule, or one of its joined conditions, reads this metric of the device."""
        return not rule.whole_device and reads(rule, metric, self._quantity(device, metric))


def _learns_ms(rule: Rule) -> int:
    """Return for how long before the tested period the rule has to learn, in ms; 0 if the rule does not learn."""
    condition = rule.condition
    leaves = [leaf.condition for leaf in condition.leaves] if isinstance(condition, Joined) else [condition]
    return max(each.learns_ms if isinstance(each, MetricCondition) else 0 for each in leaves)


def _fires_without_readings(rule: Rule) -> bool:
    """Return True if the rule can raise an alert on a device that has no readings of the rule's metrics."""
    condition = rule.condition
    if isinstance(condition, Joined):
        return condition.hears or not condition.others
    return isinstance(condition, SilenceCondition)


def _known_since(device: Device, readings: Mapping[str, Points]) -> int:
    """Return since when the hub has known the device (epoch ms). Only silence after this time counts.

    This is the time of its oldest reading in ``readings``, or ``first_seen`` if that is earlier. Imported readings can
    be older than ``first_seen``.
    """
    return min([device.first_seen, *(points[0][0] for points in readings.values())])


async def _in_thread(
    rule: Rule,
    device: Device,
    readings: Mapping[str, Points],
    others: OtherInputs,
    start: int,
    end: int,
    quantity: Quantity,
) -> list[Firing]:
    """Replay the readings in a thread, and return the firings. If this task is cancelled, the thread soon ends."""
    cancelled = threading.Event()

    def stop() -> bool:
        time.sleep(PAUSE_S)
        return cancelled.is_set()

    try:
        return await asyncio.to_thread(replay, rule, device, readings, start, end, stop, others, quantity)
    finally:
        cancelled.set()
