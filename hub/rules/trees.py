"""Evaluate conditions that are joined as a tree (:mod:`hub.rules.kinds.joined`) on a device's latest values.

A tree is evaluated on each reading of one of its metrics, and when a timer shows that one of its parts has held long
enough or has ended. A value is unknown if it was never reported, has expired, or comes from a stale device. A
tree whose truth is not known changes nothing: it neither raises an alert nor clears one.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import cast

from hub.events import Event
from hub.model import Device, Latest, PartState, Value, Watch
from hub.rules.current_values import CURRENT
from hub.rules.kinds.joined import Joined, Part
from hub.rules.last_heard import received
from hub.rules.plan import MetricRule, measured
from hub.rules.truth import Truth
from hub.rules.watch import Watches, watch_of


class TreeEvaluation:
    """One evaluation of a tree. ``again`` is when its truth may change without a reading, by the device's clock."""

    def __init__(self, metrics: Mapping[str, Latest], states: dict[int, PartState], at: int) -> None:
        """Create an evaluation at a time of the device's clock, with the states of the tree's leaves by number."""
        self._metrics = metrics
        self._states = states
        self._at = at
        self._numbers = count()
        self.again: int | None = None

    def truth(self, tree: Joined) -> Truth:
        """Return whether the tree holds; None if that is not known."""
        return tree.truth([self._part(part) for part in tree.conditions])

    def _part(self, part: Part) -> Truth:
        if isinstance(part.condition, Joined):
            return self.truth(part.condition)
        number, latest = next(self._numbers), self._metrics.get(part.metric)
        if latest is None or latest.quality == "unknown":
            return None
        state = self._states.get(number) or PartState()
        holds = self._leaf(part, state, latest)
        if part.remembers and (state.since is not None or state.points):
            self._states[number] = state
        else:
            self._states.pop(number, None)
        return holds

    def _leaf(self, part: Part, state: PartState, latest: Latest) -> Truth:
        condition = part.condition
        amount = measured(condition, self._metrics, state.points, latest.value, latest.ts)
        if amount is None:
            return None
        if condition.lapses:
            amount = condition.remaining(state.points, self._at)
        holds = condition.exceeded(amount, raised=state.since is not None)
        if not holds and not condition.lasting:
            state.since = None
            return False
        if state.since is None or not holds or state.since > latest.ts:
            state.since = latest.ts
        if self._at < state.since + part.for_ms:
            self._look_again(state.since + part.for_ms)
            return False
        if (end := condition.lapse(state.points)) is not None:
            self._look_again(end)
        return True

    def _look_again(self, at: int) -> None:
        self.again = at if self.again is None else min(self.again, at)


def observe_tree(watches: Watches, device: Device, each: MetricRule, ts: int, now: int) -> list[Event]:
    """Evaluate a tree on a reading that was measured at ``ts`` and received at ``now``."""
    watch, events = watch_of(device, each), list[Event]()
    truth, again = _evaluate(device, each, watch, ts)
    if truth is not None and (truth or watch.since is not None):
        device.watches[each.key] = watch
        events = watches.step(device, each, watch, float(truth), _value(device, each), ts, now)
    _wait(watches, device, each, watch, again, now - ts)
    return events


def judge_tree(watches: Watches, device: Device, each: MetricRule, now: int) -> list[Event]:
    """Evaluate a tree on the latest values, after a change of rules or of the device, or because a timer expired."""
    latest = [found for name in each.condition.others if (found := device.metrics.get(name)) is not None]
    newest = max(latest, key=lambda found: found.ts)
    behind = received(device, newest) - newest.ts
    ts = max(newest.ts, now - behind)  # no reading since then: the values have stayed what they were
    known = device.watches.get(each.key)
    moved = known is not None and known.measure not in (0, each.measure)
    watch = watch_of(device, each)
    if device.presence != "online":
        return []
    begun, _ = _evaluate(device, each, watch, newest.ts)
    truth, again = _evaluate(device, each, watch, ts)
    alert, events = watches.alerts.by_id.get(watch.alert or ""), list[Event]()
    if alert is not None and truth:
        watches.relapse(device, watch)
        if watch.since is None:  # the rule was changed
            watch.since = alert.since
            watches.changed.add(device.id)
        events = watches.alerts.restate(alert, device, each.rule, now, _value(device, each) if moved else None)
    elif truth:
        sure = all(found.quality in CURRENT for found in latest) and newest.ts > (watch.closed or -1)
        if watch.since is not None or sure:
            events = _begin(watches, device, each, watch, newest.ts if begun else ts, now - behind, now)
    elif truth is False and moved:
        events = watches.drop(device, watch, "withdraw", now)
    elif truth is False and watch.since is not None:
        events = watches.recover(device, each, watch, ts, now)
    _wait(watches, device, each, watch, again, behind)
    return events


def _begin(
    watches: Watches, device: Device, each: MetricRule, watch: Watch, since: int, ts: int, now: int
) -> list[Event]:
    """Start or continue the timer of a tree that holds without an alert; raise the alert if it has held long enough."""
    device.watches[each.key] = watch
    if watch.since is None:
        watch.since = since
        watches.changed.add(device.id)
    watch.began = now - (ts - watch.since)
    if watch.began + each.rule.for_ms > now:
        watches.wait(device, each.key, watch, watch.began + each.rule.for_ms)
        return []
    return watches.raise_alert(device, each.rule, watch, _value(device, each), now, standing=True)


def _evaluate(device: Device, each: MetricRule, watch: Watch, at: int) -> tuple[Truth, int | None]:
    """Return whether the tree holds, and when that may change without a reading, by the device's clock."""
    evaluation = TreeEvaluation(device.metrics, watch.parts, at)
    truth = evaluation.truth(cast(Joined, each.condition))
    if watch.parts:
        device.watches[each.key] = watch
    return truth, evaluation.again


def _wait(watches: Watches, device: Device, each: MetricRule, watch: Watch, again: int | None, behind: int) -> None:
    """Set a timer for when the truth may change. ``behind`` is how far the device's clock lags the hub's, in ms."""
    if again is not None and (watch.due is None or again + behind < watch.due):
        watches.wait(device, each.key, watch, again + behind)


def _value(device: Device, each: MetricRule) -> Value | None:
    """Return the latest value of the metric that the alert shows."""
    latest = device.metrics.get(each.metric)
    return None if latest is None else latest.value
