"""Evaluate the rules on one device: on a reading, on an expired timer or value, and on its latest values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from hub.events import Event
from hub.model import Device, Record, Tick, ValueExpired
from hub.rules.current_values import judge_value
from hub.rules.device_rules import DeviceRulesCache
from hub.rules.kinds import Joined, Points
from hub.rules.last_heard import is_up_to_date
from hub.rules.plan import MetricRule, SilenceRule, must_hear
from hub.rules.published_values import PublishedValues
from hub.rules.silence import is_silent, judge_silence, restart, silence_limit
from hub.rules.trees import TreeEvaluator
from hub.rules.watch import Watches, watch_of

_NO_POINTS: Points = []  # for conditions that keep no earlier readings


class RuleEvaluator:
    """Evaluates the rules on devices, and updates the watches.

    A watch (:class:`hub.model.Watch`) is the stored state of one rule on one metric of one device.
    """

    def __init__(
        self,
        plans: DeviceRulesCache,
        watches: Watches,
        published: PublishedValues,
        tolerated: Callable[[Device, int], int],
    ) -> None:
        """Create an evaluator.

        ``tolerated`` takes a device and the silence of a rule in ms. It returns the silence in ms after which the rule
        raises an alert on this device.
        """
        self._plans = plans
        self._watches = watches
        self._published = published
        self._tolerated = tolerated
        self._trees = TreeEvaluator(watches, tolerated)

    def observe(self, device: Device, record: Record) -> list[Event]:
        """Evaluate the rules on the values of a record, and return the events.

        Late readings raise no alert. The caller must not pass records of retained messages.
        """
        events: list[Event] = []
        plan, late = self._plans.of(device), record.quality == "late"
        if record.live:
            events += self.hear(device, record.received, record.values)
        elif not device.calculated.keys().isdisjoint(record.values):
            silence = [each for each in plan.silence_on(record.values) if each.metric in device.calculated]
            events += self._restart(silence, device, record.received)
        if not plan.has_metrics:
            return events
        trees: dict[str, MetricRule] = {}  # collected, so that a tree with several metrics is evaluated once
        for metric, value in record.values.items():
            for each in plan.on(metric):
                if not late and device.metrics[metric].ts > record.ts:
                    continue  # a newer value has been evaluated already
                if each.learns and not self._watches.learned.admits(device, each.key, None if each.others else value):
                    continue
                if each.simple and not late and each.key not in device.watches:  # the usual case: needs no watch
                    found = each.condition.measure(_NO_POINTS, value, record.ts)
                    if found is None or found <= each.limit:
                        continue
                measured = value
                if each.others:  # ``metric`` may be one of them, and not the rule's own metric
                    if isinstance(each.condition, Joined):
                        trees[each.key] = each
                        continue
                    if late or each.metric not in device.metrics:
                        continue
                    measured = device.metrics[each.metric].value
                watch = watch_of(device, each)
                if late:
                    if each.condition.source is None:
                        events += self._watches.observe_late(device, each, watch, value, record.ts, record.received)
                    continue
                amount = each.amount(device, watch.points, measured, record.ts, record.received)
                if amount is None:
                    continue
                if amount > each.limit or watch.since is not None or watch.points or watch.late:
                    device.watches[each.key] = watch
                    events += self._watches.step(device, each, watch, amount, measured, record.ts, record.received)
        for tree in trees.values() if not late else ():
            self._published.readers.add(device.id, tree.key, tree.sources)
            events += self._trees.observe(device, tree, record.ts, record.received)
        return events

    def follow(
        self, device: Device, rules: Iterable[tuple[int, MetricRule]], readings: Sequence[tuple[int, int, list[float]]]
    ) -> None:
        """Pass readings that the fast path has skipped to the rules that need earlier readings.

        The fast path evaluates no rules while all values are in their calm ranges (:class:`hub.rules.plan.Calm`).

        Args:
            device: The device that sent the readings.
            rules: The rules, each with the index of its metric in the values of a reading; ``Calm.follows`` has them.
            readings: For each reading, the time in ms, the time of receipt in ms, and the value of each metric.
        """
        received = {ts: at for ts, at, _ in readings}
        for place, each in rules:
            watch = device.watches[each.key] = watch_of(device, each)
            for ts, value in each.condition.follow(watch.points, [(ts, values[place]) for ts, _, values in readings]):
                amount = each.condition.measure(watch.points, value, ts)
                self._watches.step(device, each, watch, amount or 0.0, value, ts, received[ts])

    def hear(self, device: Device, now: int, metrics: Iterable[str] = ()) -> list[Event]:
        """Restart the silence timers of a device that has sent a message, and end its silence alerts.

        ``metrics`` are the metrics in the message, none for a message without values. Return the events.
        """
        plan = self._plans.of(device)
        events = self._restart(plan.silence_on(metrics), device, now)
        for tree in plan.hearing:
            if must_hear(device.watches.get(tree.key)) and self._watched(device, tree):
                events += self._trees.judge(device, tree, now)
        return events

    def lose(self, device: Device, now: int) -> list[Event]:
        """Treat the values of a device as unknown, because the device has become stale or offline.

        A condition that has not yet held for the rule's ``for`` begins again with the next reading. Open alerts stay
        open, unless their conditions had ended before: such an alert clears after the rule's ``clear_for``.
        """
        plan, events = self._plans.of(device), self._drop_pending(device, now)
        for tree in plan.trees.values():
            if self._watched(device, tree):
                events += self._trees.judge(device, tree, now)
        return events

    def _watched(self, device: Device, tree: MetricRule) -> bool:
        """Return whether a rule of joined conditions has to be evaluated on the device.

        The device must have reported one of the rule's metrics. If the rule learns usual values (``anomaly``), there
        must also be room for them: see :class:`~hub.rules.learned_metrics.LearnedMetrics`.
        """
        return tree.reported(device.metrics) and (not tree.learns or self._watches.learned.admits(device, tree.key))

    def _drop_pending(self, device: Device, now: int) -> list[Event]:
        """Reset conditions that have begun but not yet raised an alert, because the device became stale or offline.

        Joined conditions, and conditions on metrics that the hub calculates, are not reset.
        """
        plan, events = self._plans.of(device), list[Event]()
        for key, watch in device.watches.items():
            each = plan.find(key)
            if not isinstance(each, MetricRule) or isinstance(each.condition, Joined):
                continue
            if watch.alert is None and not is_up_to_date(device, each.metric):
                events += self._watches.drop(device, watch, "withdraw", now)
        return events

    def judge_tree(self, device: Device, key: str, now: int) -> list[Event]:
        """Evaluate a rule of joined conditions (a tree) on a device, because a value of another device has changed.

        ``key`` is the key of the rule's watch on the device.
        """
        tree = self._plans.of(device).trees.get(key)
        return self._trees.judge(device, tree, now) if tree is not None and self._watched(device, tree) else []

    def _restart(self, rules: Iterable[SilenceRule], device: Device, now: int) -> list[Event]:
        events: list[Event] = []
        for each in rules:
            watch = device.watches.get(each.key)
            if watch is None or watch.due is None:  # a running timer looks at the last message when it expires
                events += restart(self._watches, device, each, each.condition.silence(device.expected_interval), now)
        return events

    def expire(self, device: Device, key: str, now: int, listening_since: int | None, *, of_late: bool) -> list[Event]:
        """Handle an expired timer of a watch (the state of one rule on one metric of a device).

        Args:
            device: The device.
            key: The key of the watch.
            now: The time in epoch ms.
            listening_since: The time in epoch ms since which the hub receives messages without a break; None if it does
                not receive any now.
            of_late: True for the timer of the watch's late readings, False for the timer of its condition.
        """
        watch, found = device.watches.get(key), self._plans.of(device).find(key)
        if watch is None:
            return []
        if of_late:
            rule = found.rule if isinstance(found, MetricRule) else None
            return self._watches.settle_late(device, rule, key, watch, now)
        if watch.due is None or found is None:
            return []
        if not isinstance(found, MetricRule):
            limit = silence_limit(device, found, self._tolerated)
            if is_silent(self._watches, device, found, limit, watch, now, listening_since):
                return self._watches.raise_alert(device, found.rule, watch, None, now)
            return []
        if isinstance(found.condition, Joined):
            watch.due = None
            tick = Tick(now, listening_since)
            return self._trees.judge(device, found, now, tick) if found.reported(device.metrics) else []
        if now < watch.due <= now + max(found.rule.for_ms, found.rule.clear_for_ms):
            self._watches.push(watch.due, device, key)
            return []
        watch.due = None
        if watch.began is not None:
            watch.began = min(watch.began, now)  # the hub's clock may have been ahead
        return judge_value(self._watches, device, found, now)

    def judge(self, device: Device, now: int) -> list[Event]:
        """Evaluate the rules on a device's latest values; see :meth:`hub.rules.engine.Engine.judge`."""
        plan = self._plans.of(device)
        events = self._drop_pending(device, now) if device.presence != "online" else []
        learned = set[str]()
        for key in list(device.watches):
            found = plan.find(key)
            if found is None and plan.is_outside(key):
                events += self._watches.suspend(device, device.watches[key], now)
            elif found is None or not found.reported(device.metrics):
                events += self._watches.drop(device, device.watches.pop(key), "withdraw", now)
            elif isinstance(found, MetricRule) and found.learns:
                learned.add(key)
        self._watches.learned.keep(device, learned)
        for metric in device.metrics if plan.has_metrics else ():
            for each in plan.on(metric):
                if each.metric == metric and not isinstance(each.condition, Joined):
                    events += judge_value(self._watches, device, each, now)
        for tree in plan.trees.values():
            if self._watched(device, tree):
                self._published.readers.add(device.id, tree.key, tree.sources)
                events += self._trees.judge(device, tree, now)
        for silence in plan.silence_on(device.metrics):
            limit = silence_limit(device, silence, self._tolerated)
            events += judge_silence(self._watches, device, silence, limit, now)
        return events

    def withdraw(self, device: Device, expiration: ValueExpired) -> list[Event]:
        """Withdraw the alerts of a metric whose value has expired, and remove the timers of its rules.

        If ``expiration.metric`` is empty, all metrics of the device have expired. With ``expiration.parts``, all
        metrics whose names begin with the name of the metric and a dot have expired, too.
        """
        plan, metric, below = self._plans.of(device), expiration.metric, f"{expiration.metric}."
        events: list[Event] = []
        for key in list(device.watches):
            found = plan.find(key)
            name = found.metric if found is not None else None
            if name is not None and (name == metric or not metric or (expiration.parts and name.startswith(below))):
                events += self._watches.drop(device, device.watches.pop(key), "withdraw", expiration.at)
        return events
