"""Which rules watch a device, ready for use."""

from __future__ import annotations

from fnmatch import fnmatchcase
from zlib import crc32

import msgspec

from hub.model import Device, Rule, Scope
from hub.rules.kinds import MetricCondition, SilenceCondition

_DESCRIPTIONS = 10_000
"""Models with their labels that are remembered."""
_METRICS = 10_000
"""Metric names that one plan remembers the rules of."""


class MetricRule(msgspec.Struct, frozen=True):
    """One rule on one metric: ``rule.metric`` is that ``metric``, also where the rule is written with a pattern.

    ``key`` is the key of its watch. ``measure`` is a checksum of what the condition measures: amounts under an equal
    checksum can be compared with a new limit.
    """

    rule: Rule
    condition: MetricCondition
    metric: str
    key: str
    measure: int


Silence = tuple[Rule, SilenceCondition, str]
"""A rule for silence, its condition, and the key of its watch."""


class DeviceRules:
    """The rules that watch one kind of device: by metric, and those for silence."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = {rule.id: rule for rule in rules}
        self.silence = tuple(
            (rule, rule.condition, f"{rule.id}/") for rule in rules if isinstance(rule.condition, SilenceCondition)
        )
        self._metric_rules = [
            (rule, rule.condition, crc32(rule.condition.signature().encode()) or 1)
            for rule in rules
            if isinstance(rule.condition, MetricCondition)
        ]
        self.has_metrics = bool(self._metric_rules)
        self._on: dict[str, tuple[MetricRule, ...]] = {}

    def on(self, metric: str) -> tuple[MetricRule, ...]:
        """Return the rules that watch this metric."""
        found = self._on.get(metric)
        if found is None:
            if len(self._on) >= _METRICS:
                self._on.clear()
            found = self._on[metric] = tuple(
                MetricRule(
                    msgspec.structs.replace(rule, metric=metric), condition, metric, f"{rule.id}/{metric}", measure
                )
                for rule, condition, measure in self._metric_rules
                if covers(rule, metric)
            )
        return found

    def find(self, key: str) -> MetricRule | Silence | None:
        """Return the rule that a watch with this key belongs to, None where there is no such rule now."""
        _, _, metric = key.partition("/")
        if metric:
            return next((each for each in self.on(metric) if each.key == key), None)
        return next((each for each in self.silence if each[2] == key), None)


def covers(rule: Rule, metric: str) -> bool:
    """Return whether a rule watches a metric: the one it names, or one that fits its pattern (``temp*``)."""
    return rule.metric is not None and (rule.metric == metric or fnmatchcase(metric, rule.metric))


class DeviceRulesCache:
    """The plan of each device, as the ``rules`` are (a list that its owner may change, and then says :meth:`clear`).

    A fleet has few models and labels, and most rules go by these: they are looked at once for each that there is.
    """

    def __init__(self, rules: list[Rule]) -> None:
        self._rules = rules
        self._of: dict[str, DeviceRules] = {}
        self._alike: dict[tuple[str | None, tuple[str, ...]], list[Rule]] = {}
        self._shared: dict[tuple[str, ...], DeviceRules] = {}

    def of(self, device: Device) -> DeviceRules:
        plan = self._of.get(device.id)
        if plan is None:
            described = (device.info.model, device.display_labels)
            alike = self._alike.get(described)
            if alike is None:
                if len(self._alike) >= _DESCRIPTIONS:
                    self._alike.clear()
                alike = self._alike[described] = [rule for rule in self._rules if _describes(rule.scope, *described)]
            rules = tuple(rule for rule in alike if not rule.scope.devices or _names(rule.scope, device.id))
            ids = tuple(rule.id for rule in rules)
            plan = self._shared.get(ids)
            if plan is None:
                plan = self._shared[ids] = DeviceRules(rules)
            self._of[device.id] = plan
        return plan

    def forget(self, device_id: str) -> None:
        """It is gone, or described in another way."""
        self._of.pop(device_id, None)

    def clear(self) -> None:
        self._of.clear()
        self._alike.clear()
        self._shared.clear()


def _names(scope: Scope, device: str) -> bool:
    return any(fnmatchcase(device, pattern) for pattern in scope.devices)


def _describes(scope: Scope, model: str | None, labels: tuple[str, ...]) -> bool:
    if scope.models and not any(fnmatchcase(model or "", pattern) for pattern in scope.models):
        return False
    return not scope.labels or any(label in scope.labels for label in labels)
