"""Evaluate conditions that are joined as a tree (:mod:`hub.rules.kinds.joined`) on a device.

A tree is evaluated

- on each reading of one of its metrics
- when a timer shows that a part has held long enough or has ended, or that the device has been silent for long enough
- when a silent device is heard
- when the device becomes stale or offline
- when another device that it reads has changed (:mod:`hub.rules.source_readers`)

A value is unknown if it was never reported, has expired, or comes from a stale device. While it is
unknown whether a tree holds, no alert is raised or cleared. When it is known again, the rule's ``for`` starts again
from the beginning. The rule's ``clear_for`` continues while it is unknown.
"""

from __future__ import annotations

from typing import NamedTuple, cast

from hub.events import Event
from hub.model import Device, PartState, Tick, Value, Watch
from hub.rules.kinds import Joined
from hub.rules.last_heard import received
from hub.rules.plan import MetricRule
from hub.rules.tree_evaluation import Tolerated, TreeEvaluation, copied
from hub.rules.truth import Truth
from hub.rules.watch import Watches, watch_of


class Inputs(NamedTuple):
    """The times in epoch ms of the newest value or message that a tree (a joined condition) reads.

    ``at`` is when it was measured, by the clock of the device. ``received`` is when it arrived, by the clock of the
    hub. ``behind`` is how many ms the clock of the device is behind that of the hub.
    """

    at: int
    received: int
    behind: int


class TreeEvaluator:
    """Evaluates trees on devices, and updates the watches of the trees."""

    def __init__(self, watches: Watches, tolerated: Tolerated) -> None:
        self._watches = watches
        self._tolerated = tolerated

    def observe(self, device: Device, each: MetricRule, ts: int, now: int) -> list[Event]:
        """Evaluate a rule whose condition joins others (a tree) after a reading, and return the events.

        Args:
            device: The device, which has the reading already.
            each: The rule on this device.
            ts: When the reading was measured, in ms by the device's clock.
            now: When it was received, in ms by the hub's clock.
        """
        watch, events = watch_of(device, each), list[Event]()
        truth, again = self._evaluate(device, each, watch, ts, now - ts)
        if truth is None:
            events = self._pause(device, each, watch, ts, now)
        elif truth or watch.since is not None:
            device.watches[each.key] = watch
            events = self._watches.step(device, each, watch, float(truth), _value(device, each), ts, now)
        self._wait(device, each, watch, again)
        return events

    def judge(self, device: Device, each: MetricRule, now: int, tick: Tick | None = None) -> list[Event]:
        """Evaluate a rule of joined conditions without a new reading, for example because a timer has expired.

        ``tick`` is the message with the hub's time that made the timer expire; None if the reason is another one.
        """
        inputs = _inputs(device, each, now)
        ts = max(inputs.at, now - inputs.behind)  # without newer readings, the values count as unchanged until now
        known = device.watches.get(each.key)
        moved = known is not None and known.measure not in (0, each.measure)
        watch = watch_of(device, each)
        if moved and watch.alert is not None:
            tick = Tick(now, 0)  # the hub has observed the silence that raised the alert
        begun, _ = self._evaluate(device, each, watch, inputs.at, inputs.behind)
        truth, again = self._evaluate(device, each, watch, ts, inputs.behind, tick)
        alert, events = self._watches.alerts.by_id.get(watch.alert or ""), list[Event]()
        if truth is None:
            events = self._pause(device, each, watch, ts, now)
        elif alert is not None and truth:
            self._watches.relapse(device, watch)
            if watch.since is None:  # the rule was changed
                watch.since = alert.since
                self._watches.changed.add(device.id)
            judged = _value(device, each) if moved else None
            events = self._watches.alerts.restate(alert, device, each.rule, now, judged, rule_changed=moved)
        elif truth:
            fresh = inputs.received > (watch.closed or -1) and self._is_current(device, each, watch, ts, inputs)
            if watch.since is not None or fresh:
                since = inputs.at if begun else ts
                events = self._begin(device, each, watch, since, now - inputs.behind, now)
        elif moved:
            events = self._watches.drop(device, watch, "withdraw", now)
        elif watch.since is not None:
            events = self._watches.recover(device, each, watch, ts, now)
        self._wait(device, each, watch, again)
        return events

    def _begin(self, device: Device, each: MetricRule, watch: Watch, since: int, ts: int, now: int) -> list[Event]:
        """Start or continue the timer of a joined condition that holds, or raise the alert.

        The alert is raised if the condition has held for long enough.

        Args:
            device: The device that the rule watches.
            each: The rule.
            watch: The state of the rule on the device.
            since: When the condition began to hold, by the device's clock. Ignored if the timer already runs.
            ts: The present time, by the device's clock.
            now: The present time, by the hub's clock.
        """
        device.watches[each.key] = watch
        if watch.since is None:
            watch.since, watch.evaluated_from = since, now
            self._watches.changed.add(device.id)
        watch.began = now - (ts - watch.since)
        if watch.began + each.rule.for_ms > now:
            self._watches.wait(device, each.key, watch, watch.began + each.rule.for_ms)
            return []
        return self._watches.raise_alert(device, each.rule, watch, _value(device, each), now, standing=True)

    def _pause(self, device: Device, each: MetricRule, watch: Watch, ts: int, now: int) -> list[Event]:
        """Handle a joined condition while it is unknown whether it holds. Return the events.

        An open alert stays open, unless the condition had already ended before it became unknown.
        """
        if watch.alert is None:
            return self._watches.drop(device, watch, "withdraw", now) if watch.since is not None else []
        return self._watches.recover(device, each, watch, ts, now) if watch.over is not None else []

    def _is_current(self, device: Device, each: MetricRule, watch: Watch, at: int, inputs: Inputs) -> bool:
        """Return whether a joined condition holds even if only current values count.

        Values from late or retained messages may be out of date, and count as unknown.
        """
        states = copied(watch.parts)
        evaluation = self._evaluation(device, each, states, at, inputs.behind, current_only=True)
        return evaluation.truth(cast(Joined, each.condition)) is True

    def _evaluation(
        self,
        device: Device,
        each: MetricRule,
        states: dict[int, PartState],
        at: int,
        behind: int,
        tick: Tick | None = None,
        *,
        current_only: bool = False,
    ) -> TreeEvaluation:
        return TreeEvaluation(
            device, each.published, self._tolerated, states, at, behind, tick, current_only=current_only
        )

    def _evaluate(
        self, device: Device, each: MetricRule, watch: Watch, at: int, behind: int, tick: Tick | None = None
    ) -> tuple[Truth, int | None]:
        """Return whether the tree holds (None: unknown), and when that may change without a reading.

        The time of the change is in epoch ms by the hub's clock; None if only a reading can change the result. ``at``
        is the time for which the tree is evaluated, by the device's clock. This clock is ``behind`` ms behind the hub's
        clock.
        """
        evaluation = self._evaluation(device, each, watch.parts, at, behind, tick)
        truth = evaluation.truth(cast(Joined, each.condition))
        if watch.parts:
            device.watches[each.key] = watch
        if evaluation.changed:
            self._watches.changed.add(device.id)
        return truth, evaluation.again

    def _wait(self, device: Device, each: MetricRule, watch: Watch, again: int | None) -> None:
        """Set the timer of ``watch`` to the time ``again``, unless the timer is set to an earlier time.

        ``again`` is the time, by the hub's clock in ms, at which the tree may begin or cease to hold without a reading.
        If it is None, nothing is done. ``each`` is the rule with the tree, and ``watch`` is the rule's state on the
        device.
        """
        if again is not None and (watch.due is None or again < watch.due):
            device.watches[each.key] = watch
            self._watches.wait(device, each.key, watch, again)


def _inputs(device: Device, each: MetricRule, now: int) -> Inputs:
    """Return when the newest value that a joined condition reads was measured and received, at most ``now``.

    Values of other devices count, too. So does the device's last message, if one of the conditions is about silence, or
    if the device has reported none of the metrics.
    """
    condition = cast(Joined, each.condition)
    own = [found for name in each.others if (found := device.metrics.get(name)) is not None]
    newest = max(own, key=lambda found: found.ts, default=None)
    behind = 0 if newest is None else received(device, newest) - newest.ts
    others = [each.published.latest(source, now) for source in condition.sources if source.device is not None]
    arrived = [value.at for value in others if value is not None]
    if newest is not None:
        arrived.append(newest.ts + behind)
    if not own or condition.hears:
        arrived.append(device.last_seen or device.first_seen)
    at = min(max(arrived), now)
    return Inputs(at - behind, at, behind)


def _value(device: Device, each: MetricRule) -> Value | None:
    """Return the latest value of the rule's metric, which the alert shows."""
    latest = device.metrics.get(each.metric)
    return None if latest is None else latest.value
