"""The rules of a device by metric, with patterns and quantities replaced by the names of metrics. They are cached."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple
from zlib import crc32

import msgspec

from hub.model import Device, Latest, Limit, Rule, Severity, Value, Watch
from hub.rules.covering import Quantities, covers, expand_rule
from hub.rules.kinds import Joined, MetricCondition, Points, Rest, SilenceCondition, ValueSource
from hub.rules.published_values import PublishedValues

NEVER = 1 << 62
_MAX_METRICS = 10_000
"""Maximum metric names for which a :class:`DeviceRules` caches the rules."""


class MetricRule(msgspec.Struct, frozen=True):
    """A rule on one metric of a device. A rule with a pattern gives one such object for each matching metric.

    ``key`` is the key under which the device keeps the rule's state. ``measure`` is a checksum of the condition without
    its limit: while it stays the same, amounts from before a change of the limit can be compared with the new limit.
    """

    rule: Rule
    condition: MetricCondition
    metric: str
    key: str
    measure: int
    published: PublishedValues
    # Copied from the condition, because they are needed for each reading.
    limit: float
    others: tuple[str, ...]
    simple: bool  # the amount depends on the value alone
    follows: bool  # needs the readings that the fast path has skipped
    learns: bool = False  # learns the usual values: see LearnedMetrics
    sources: tuple[ValueSource, ...] = ()  # the values of other devices that a tree reads
    hears: bool = False  # a tree that reads how long the device has been silent

    def at(self, amount: float, severity: Severity | None) -> Rule:
        """Return the rule with the severity and limit that apply to ``amount``: see :meth:`MetricCondition.at`."""
        higher, condition = self.condition.at(amount, severity)
        if condition is self.condition:
            return self.rule
        return msgspec.structs.replace(self.rule, severity=higher or self.rule.severity, condition=condition)

    def amount(self, device: Device, points: Points, value: Value, ts: int, now: int) -> float | None:
        """Return the number to compare with the limit (the amount); None if the condition does not apply to ``value``.

        ``points`` are readings that the rule keeps, ``ts`` is when ``value`` was measured, ``now`` the hub's time (ms).
        """
        if (source := self.condition.source) is not None:
            other = self.published.read(source, device, now)
            return None if other is None else self.condition.measure(points, self.condition.combine(value, [other]), ts)
        return measured(self.condition, device.metrics, points, value, ts)

    def reported(self, metrics: Collection[str]) -> bool:
        """Return True if the device has reported the metric. ``metrics`` are all metrics that the device has reported.

        If the condition joins others, one of the metrics that they read is enough. If they read none, return True.
        """
        if isinstance(self.condition, Joined):
            return not self.others or any(name in metrics for name in self.others)
        return self.metric in metrics


def measured(
    condition: MetricCondition, metrics: Mapping[str, Latest], points: Points, value: Value, ts: int
) -> float | None:
    """Return the amount that a condition compares with its limit.

    Return None if the condition does not apply to the value, or if the value of another metric that it reads is
    unknown.
    """
    others: list[Value] = []
    for name in condition.others:
        latest = metrics.get(name)
        if latest is None or latest.quality == "unknown":
            return None
        others.append(latest.value)
    return condition.measure(points, condition.combine(value, others) if others else value, ts)


class Calm(NamedTuple):
    """A range for each metric of a message (calm range), in which values change no rule's state before ``until`` (ms).

    ``least`` and ``most`` are the bounds, in the order of the metrics. ``follows`` has the rules that must get these
    readings later (:meth:`hub.rules.evaluator.RuleEvaluator.follow`), each with the index of its metric.
    """

    least: list[float]
    most: list[float]
    until: int
    follows: tuple[tuple[int, MetricRule], ...]


class SilenceRule(msgspec.Struct, frozen=True):
    """A silence rule on a device or on one ``metric`` of it. The device keeps the rule's state under ``key``."""

    rule: Rule
    condition: SilenceCondition
    metric: str | None
    key: str

    def reported(self, metrics: Collection[str]) -> bool:
        """Return True if the device has reported the metric, or the rule watches the whole device."""
        return self.metric is None or self.metric in metrics


class DeviceRules:
    """The rules for a group of devices: the same rules select these devices, and the devices' own limits are equal."""

    def __init__(
        self,
        rules: tuple[Rule, ...],
        limits: Mapping[str, Limit],
        outside: Collection[str],
        published: PublishedValues,
        quantities: Quantities | None,
    ) -> None:
        """Create the rules for a group of devices.

        Args:
            rules: The rules that select the devices.
            limits: The devices' own limits, by metric.
            outside: Ids of the rules that are inactive now because of their schedules.
            published: The values of other devices.
            quantities: The quantity of each metric; None if no rule has to be expanded for the metrics of a device.
        """
        self._limits = limits
        self._published = published
        self.known_metrics = None if quantities is None else len(quantities)
        self._quantities = quantities or {}
        self.rules = {rule.id: rule for rule in rules}
        rules = tuple(each for rule in rules if rule.id not in outside for each in expand_rule(rule, self._quantities))
        self._outside = self.rules.keys() & outside
        self._silence_rules = [(rule, rule.condition) for rule in rules if isinstance(rule.condition, SilenceCondition)]
        self.silence = tuple(
            SilenceRule(rule, condition, None, f"{rule.id}/")
            for rule, condition in self._silence_rules
            if rule.whole_device
        )
        metric_rules = [
            (rule, rule.condition, _checksum(rule.condition))
            for rule in rules
            if isinstance(rule.condition, MetricCondition)
        ]
        self._metric_rules = [each for each in metric_rules if not _joins(each[1])]
        trees = [self._on_metric(*each[:2], each[0].metric, each[2]) for each in metric_rules if _joins(each[1])]
        self.trees = {tree.key: tree for tree in trees}
        self.hearing = tuple(tree for tree in trees if tree.hears)
        self.has_metrics = bool(metric_rules)
        self._on: dict[str, tuple[MetricRule, ...]] = {}
        self._silence_on: dict[str, tuple[SilenceRule, ...]] = {}

    def on(self, metric: str) -> tuple[MetricRule, ...]:
        """Return the rules that read this metric, including rules that compare another metric with it."""
        found = self._on.get(metric)
        if found is None:
            if len(self._on) >= _MAX_METRICS:
                self._on.clear()
            found = self._on[metric] = tuple(
                self._on_metric(rule, condition, rule.metric if metric in condition.others else metric, measure)
                for rule, condition, measure in self._metric_rules
                if self._covers(rule, metric) or metric in condition.others
            ) + tuple(tree for tree in self.trees.values() if metric in tree.others)
        return found

    def _covers(self, rule: Rule, metric: str) -> bool:
        return covers(rule, metric, self._quantities.get(metric))

    def _on_metric(self, rule: Rule, condition: MetricCondition, metric: str | None, measure: int) -> MetricRule:
        metric = metric or ""
        condition = condition.tightened(self._limits.get(metric, Limit()))
        rule = msgspec.structs.replace(rule, metric=metric or None, quantity=None, condition=condition)
        return MetricRule(
            rule,
            condition,
            metric,
            key=f"{rule.id}/{metric}",
            measure=measure,
            published=self._published,
            limit=condition.limit,
            others=condition.others,
            simple=not (condition.windowed or condition.others or condition.source),
            follows=condition.follows,
            learns=condition.learns,
            sources=condition.sources if isinstance(condition, Joined) else (),
            hears=isinstance(condition, Joined) and condition.hears,
        )

    def silence_on(self, metrics: Iterable[str]) -> tuple[SilenceRule, ...]:
        """Return the silence rules on the whole device, and those on one of ``metrics``."""
        if len(self._silence_rules) == len(self.silence):
            return self.silence
        return self.silence + tuple(each for metric in metrics for each in self._silence_of(metric))

    def _silence_of(self, metric: str) -> tuple[SilenceRule, ...]:
        found = self._silence_on.get(metric)
        if found is None:
            if len(self._silence_on) >= _MAX_METRICS:
                self._silence_on.clear()
            found = self._silence_on[metric] = tuple(
                SilenceRule(
                    msgspec.structs.replace(rule, metric=metric, quantity=None),
                    condition,
                    metric,
                    f"{rule.id}/{metric}",
                )
                for rule, condition in self._silence_rules
                if self._covers(rule, metric)
            )
        return found

    def readers(self, metric: str) -> tuple[bool, bool]:
        """Return whether a rule reads this metric, and whether one of these rules reads other metrics or devices."""
        rules = self.on(metric)
        silence = any(each.metric for each in self.silence_on((metric,)))
        return bool(rules) or silence, any(each.others or each.condition.source for each in rules)

    def find(self, key: str) -> MetricRule | SilenceRule | None:
        """Return the rule of the watch with this key, or None if the rule no longer exists."""
        if (tree := self.trees.get(key)) is not None:
            return tree
        _, _, metric = key.partition("/")
        if metric and (found := next((each for each in self.on(metric) if each.key == key), None)) is not None:
            return found
        return next((each for each in self.silence_on((metric,)) if each.key == key), None)

    def is_outside(self, key: str) -> bool:
        """Return True if the rule of the watch ``key`` (RULE or RULE/METRIC) is now outside of its schedule."""
        return key.partition("/")[0] in self._outside

    def calm(
        self, watches: Mapping[str, Watch], metrics: Sequence[str], latest: Mapping[str, Latest], *, full: bool = False
    ) -> Calm | None:
        """Return the calm ranges of ``metrics``, for which the fast path skips the rules.

        Return None while a rule has an open alert, a running timer or a condition that holds, and if a rule reads other
        devices. ``full`` is True if no further metric can be learned.
        """
        if any(must_hear(watches.get(each.key)) for each in self.silence_on(metrics)):
            return None
        if any(must_hear(watches.get(each.key)) for each in self.hearing if each.reported(latest)):
            return None
        least, most, until, follows = (
            [-math.inf] * len(metrics),
            [math.inf] * len(metrics),
            NEVER,
            list[tuple[int, MetricRule]](),
        )
        for place, metric in enumerate(metrics):
            for each in self.on(metric):
                condition, watch = each.condition, watches.get(each.key)
                if full and each.learns and watch is None:
                    continue  # no further metric can be learned, so this one is not watched
                points = watch.points if watch else []
                rest = Rest(each.metric, metrics, latest, points)
                bounds = condition.calm(metric, rest)
                if bounds is None or not condition.at_rest(points):
                    return None
                if watch and (watch.alert or watch.late or watch.parts):
                    return None
                if (end := condition.calm_until(rest)) is not None:
                    until = min(until, end)
                since = watch.since if watch else None
                if condition.lasting and watch and since is not None:
                    until = min(until, min(since, watch.began or since) + each.rule.for_ms)
                elif condition.lasting or since is not None:
                    return None
                follows += [(place, each)] if each.follows else []
                if bounds.max is not None:
                    most[place] = min(most[place], bounds.max)
                if bounds.min is not None:
                    least[place] = max(least[place], bounds.min)
        return Calm(least, most, until, tuple(follows))


def _joins(condition: MetricCondition) -> bool:
    return isinstance(condition, Joined)


def must_hear(watch: Watch | None) -> bool:
    """Return whether a silence rule needs the device's next message at once.

    If not, it is enough to look at the time of the last message when the rule's timer expires.
    """
    return watch is None or watch.due is None or any(part.met is not None for part in watch.parts.values())


def _checksum(condition: MetricCondition) -> int:
    """Return a checksum of the condition without its limit, negative if ``points`` are not just readings."""
    found = crc32(condition.signature().encode()) or 1
    return -found if condition.derived else found
