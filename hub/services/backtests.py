"""Try a draft of a rule on the stored readings of the devices in its scope, before anybody saves it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Literal

import msgspec

from hub.backtest import Firing, Points, RuleOutcome, outcome, reads, replay
from hub.model import Device, Quality, Rule, Value
from hub.registry.reader import DeviceReader
from hub.rules.kinds import SilenceCondition
from hub.store.reader import HistoryReader

MAX_DEVICES = 100
MAX_READINGS = 500_000
"""Readings of one backtest, over all devices: about ten seconds of work for a rule that needs each of them."""
PAGE = 50_000
PAUSE_S = 0.0005
"""The replay's thread sleeps this long every few milliseconds, so that the event loop gets its turn."""

LeftOutReason = Literal["no_readings", "too_many_readings", "too_many_devices"]


class LeftOut(msgspec.Struct, frozen=True):
    """A device in the rule's scope that was not tested."""

    device: str
    reason: LeftOutReason


class Backtest(msgspec.Struct, frozen=True):
    """The result for a period (epoch ms).

    Attributes:
        start: begin of the period.
        end: end of the period.
        data_from: the first reading that was used; None if there was none.
        devices: devices in scope.
        tested: of these, the devices whose readings were replayed.
        readings: the number of these readings.
        left_out: devices that were not tested.
        rule: what the draft would have raised.
        old: what the rule that it replaces would have raised; None if it replaces none.
    """

    start: int
    end: int
    data_from: int | None
    devices: int
    tested: int
    readings: int
    left_out: list[LeftOut]
    rule: RuleOutcome
    old: RuleOutcome | None


class Backtests:
    """Service for backtests. ``registry`` and ``store`` are those that the person may see."""

    def __init__(self, applies: Callable[[Rule, Device], bool], registry: DeviceReader, store: HistoryReader) -> None:
        self._applies = applies
        self._registry = registry
        self._store = store

    async def run(self, rule: Rule, old: Rule | None, start: int, end: int) -> Backtest:
        """Replay the readings from ``start`` to ``end`` under the draft, and under the rule that it replaces.

        Cancelling it ends the replay within milliseconds.
        """
        rules = [rule] if old is None else [rule, old]
        devices = [each for each in self._registry.devices() if any(self._applies(one, each) for one in rules)]
        firings: list[list[Firing]] = [[] for _ in rules]
        left_out = [LeftOut(each.id, "too_many_devices") for each in devices[MAX_DEVICES:]]
        tested, used, first = 0, 0, list[int]()
        for device in devices[:MAX_DEVICES]:
            found = await self._readings(device, rules, start, end, MAX_READINGS - used)
            if found is None:
                left_out.append(LeftOut(device.id, "too_many_readings"))
                continue
            if not found and not any(isinstance(each.condition, SilenceCondition) for each in rules):
                left_out.append(LeftOut(device.id, "no_readings"))
                continue
            tested += 1
            used += sum(map(len, found.values()))
            first += [points[0][0] for points in found.values()]
            for rule_firings, each in zip(firings, rules, strict=True):
                if self._applies(each, device):
                    needed = {metric: points for metric, points in found.items() if reads(each, metric)}
                    rule_firings += await _in_thread(each, device, needed, start, end)
        others = firings[1] if old is not None else None
        return Backtest(
            start=start,
            end=end,
            data_from=min(first, default=None),
            devices=len(devices),
            tested=tested,
            readings=used,
            left_out=left_out,
            rule=outcome(firings[0], others, end),
            old=None if others is None else outcome(others, firings[0], end),
        )

    async def _readings(
        self, device: Device, rules: Iterable[Rule], start: int, end: int, most: int
    ) -> dict[str, Points] | None:
        """Return the readings of each metric that one of the rules reads; None if there are more than ``most``."""
        found: dict[str, Points] = {}
        for _, metric in await self._store.series([device.id], None):
            if not any(reads(each, metric) for each in rules):
                continue
            points: list[tuple[int, Value, Quality]] = []
            following: int | None = start
            while following is not None and len(points) <= most:
                page = await self._store.readings(device.id, metric, following, end, PAGE)
                points += page.points
                following = page.next
            most -= len(points)
            if most < 0:
                return None
            if points:
                found[metric] = points
        return found


async def _in_thread(rule: Rule, device: Device, readings: Mapping[str, Points], start: int, end: int) -> list[Firing]:
    """Replay in a thread, which ends soon after this is cancelled."""
    cancelled = threading.Event()

    def stop() -> bool:
        time.sleep(PAUSE_S)
        return cancelled.is_set()

    try:
        return await asyncio.to_thread(replay, rule, device, readings, start, end, stop)
    finally:
        cancelled.set()
