"""Suggest limits for a rule from the history of its devices and of other devices of the same models."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from hub.backtest import RuleOutcome, Side, Suggestion, Values, outcome, suggest
from hub.errors import Invalid
from hub.model import Device, Rule, SeriesQuery
from hub.registry.reader import DeviceReader
from hub.rules import Quantity, matching, own_quantity
from hub.rules.kinds import Threshold
from hub.services.backtests import MAX_DEVICES, Backtests
from hub.store.reader import HistoryReader

MAX_PEERS = 30
BUCKETS = 2_000
MIN_VALUES = 60
"""Minimum number of values of a metric. Fewer values do not show the usual range of the metric."""


class TriedLimit(msgspec.Struct, frozen=True):
    """A suggested limit, and the outcome of replaying the rule with this limit over the history."""

    suggestion: Suggestion
    outcome: RuleOutcome


class LimitSuggestions(msgspec.Struct, frozen=True):
    """Suggested limits, and how many metrics they are computed from.

    Attributes:
        devices: Number of metrics of the rule's own devices that had enough values.
        peers: Number of metrics of other devices of the same models that had enough values.
        items: The suggestions.
    """

    devices: int
    peers: int
    items: list[TriedLimit]


class LimitAdvisor:
    """Suggests limits for threshold rules from stored readings.

    ``registry`` and ``store`` must be restricted to the devices that the requesting person may see.
    """

    def __init__(
        self,
        applies: Callable[[Rule, Device], bool],
        registry: DeviceReader,
        store: HistoryReader,
        backtests: Backtests,
        quantity: Quantity = own_quantity,
    ) -> None:
        self._quantity = quantity
        self._applies = applies
        self._registry = registry
        self._store = store
        self._backtests = backtests

    async def suggest(self, rule: Rule, side: Side, start: int, end: int) -> LimitSuggestions:
        """Suggest limits for a threshold rule, whose own limit is ignored. Raises Invalid if there is too little data.

        The limits are computed from the highest (or lowest) value in each of :data:`BUCKETS` equal parts of the period.
        """
        devices = [each for each in self._registry.devices() if self._applies(rule, each)][:MAX_DEVICES]
        ids, models = {each.id for each in devices}, {each.info.model for each in devices if each.info.model}
        peers = [each for each in self._registry.devices() if each.info.model in models and each.id not in ids]
        start, own = await self._own_values(rule, devices, side, start, end)
        others = await self._values(rule, peers[:MAX_PEERS], side, start, end)
        found = suggest(own, others, side)
        drafts = [msgspec.structs.replace(rule, condition=_threshold(each, side)) for each in found]
        replayed = await self._backtests.replay(drafts, start, end)
        outcomes = [outcome(firings, None, end) for firings in replayed.firings]
        items = [TriedLimit(*each) for each in zip(found, outcomes, strict=True)]
        return LimitSuggestions(len(own), len(others), items)

    async def _own_values(
        self, rule: Rule, devices: Sequence[Device], side: Side, start: int, end: int
    ) -> tuple[int, list[Values]]:
        """Return the begin of the period that was read (epoch ms), and the values of the rule's devices in this period.

        The period begins at ``start``. If no device has enough values since then, it begins when the first device was
        discovered. Raises Invalid if there are too few values in this longer period, too. ``side`` is ``above`` for an
        upper limit, ``below`` for a lower limit.
        """
        if own := await self._values(rule, devices, side, start, end):
            return start, own
        first = min((each.first_seen for each in devices), default=start)
        if start < first < end and (own := await self._values(rule, devices, side, first, end)):
            return first, own
        problem = f"No device of this rule has {MIN_VALUES} values of this metric in the period."
        raise Invalid(problem, "Choose a period with more values, or another metric.")

    async def _values(self, rule: Rule, devices: Sequence[Device], side: Side, start: int, end: int) -> list[Values]:
        """Return an array of values for each metric that the rule watches. Metrics with too few values are left out."""
        queries = [
            SeriesQuery(device.id, metric, start, end, BUCKETS)
            for device in devices
            for metric in matching(rule, device, device.metrics, self._quantity)
        ]
        place = 3 if side == "above" else 1  # index of max or min in a point (ts, min, mean, max, count)
        found = [
            np.array([point[place] for point in each.points], np.float64) for each in await self._store.history(queries)
        ]
        return [values for values in found if len(values) >= MIN_VALUES]


def _threshold(suggestion: Suggestion, side: Side) -> Threshold:
    if side == "above":
        return Threshold(above=suggestion.limit, clear=suggestion.clear)
    return Threshold(below=suggestion.limit, clear=suggestion.clear)
