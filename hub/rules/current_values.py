"""Evaluate rules on the latest values of a device, without a new reading.

This is done when rules or the device's description change, and when a timer expires. Any latest value can end a
condition and its alert. A condition can begin only with a current value, which was measured when it was received, by a
device that is online.
"""

from __future__ import annotations

import msgspec

from hub.events import Event
from hub.model import Alert, Device, Latest, Watch
from hub.rules.kinds import MetricCondition
from hub.rules.last_heard import is_up_to_date, received
from hub.rules.low_points import exceeded_since
from hub.rules.plan import MetricRule
from hub.rules.silence import SILENCE
from hub.rules.watch import Watches, watch_of

CURRENT = ("good", "clock")
"""The qualities of values that the device sent right after it had measured them."""


def judge_value(watches: Watches, device: Device, each: MetricRule, now: int) -> list[Event]:
    """Evaluate a rule on the latest value of its metric, without a new reading.

    ``each`` is the rule on this metric. Return the events, such as a raised or cleared alert.
    """
    condition, latest = each.condition, device.metrics[each.metric]
    known = device.watches.get(each.key)
    ts = latest.ts
    behind = received(device, latest) - ts
    if condition.windowed and known is not None and (condition.lapses or not known.alert):
        ts = max(ts, now - behind)  # without a newer reading, the value counts as unchanged until now
    moved = known is not None and known.measure not in (0, each.measure)
    points = [] if known is None else list(known.points)
    if known is not None and moved and (condition.derived or known.measure < 0):
        points = []
    if condition.lapses:
        amount: float | None = condition.remaining(points, ts)
    else:
        amount = each.amount(device, points, latest.value, ts, now)
    if amount is None:
        return []  # the condition does not apply to the value, such as a text where a number is expected
    if known is None and not condition.exceeded(amount, raised=False):
        return []
    watch = watch_of(device, each)
    if condition.lasting:
        watch.points = points
    alert = watches.alerts.by_id.get(watch.alert or "")
    if alert is None:
        watch.alert = None
    elif alert.threshold not in condition.limits or _differs(alert, condition):
        moved = True
    if not condition.exceeded(amount, raised=alert is not None and not moved):
        if condition.lapses and not moved:
            return watches.drop(device, watch, "recover", now, min(ts, condition.lapse(points) or ts))
        return _judge_over(watches, device, each, watch, latest, now)
    if alert is not None:
        watches.relapse(device, watch)
        watches.wait_for_lapse(device, each, watch, behind)
        if watch.since is None:  # watch_of() has reset the watch, because the rule measures something else now
            watch.since = alert.since
            watches.changed.add(device.id)
        rule = each.at(amount, None if moved else alert.severity)
        judged = latest.value if moved or rule.condition.threshold != alert.threshold else None
        return watches.alerts.restate(alert, device, rule, now, judged)
    return _judge_pending(watches, device, each, watch, latest, amount, now)


def is_silent(device: Device) -> bool:
    """Return True if the device has an open alert of a silence rule."""
    return any(watch.measure == SILENCE and watch.alert is not None for watch in device.watches.values())


def _differs(alert: Alert, condition: MetricCondition) -> bool:
    """Return True if the settings of the condition have changed since the alert was raised.

    A condition with a single limit returns False, because the caller compares the limit itself. So does an alert that
    has no copy of its condition.
    """
    before = alert.message_params.get("condition")
    if condition.threshold is not None or before is None:
        return False
    present = msgspec.to_builtins(condition)
    return any(before.get(key) != value for key, value in present.items() if key not in condition.found)


def _judge_over(
    watches: Watches, device: Device, each: MetricRule, watch: Watch, latest: Latest, now: int
) -> list[Event]:
    """Handle a condition that no longer holds: end its alert, or set the timer that will end it.

    If a reading ended the condition, the alert ends after the rule's ``clear_for``. If no reading did, the rule itself
    was changed, and the alert is withdrawn at once.
    """
    if watch.over is None:
        return watches.drop(device, watch, "withdraw", now)
    due = received(device, latest) - (latest.ts - watch.over) + each.rule.clear_for_ms
    if due <= now:
        return watches.drop(device, watch, "recover", now, watch.over)
    watches.wait(device, each.key, watch, due)
    return []


def _judge_pending(
    watches: Watches, device: Device, each: MetricRule, watch: Watch, latest: Latest, amount: float, now: int
) -> list[Event]:
    """Handle a condition that holds and has no alert yet.

    If it has held for the rule's ``for_ms``, raise the alert. Otherwise start its timer, or let the timer continue.
    """
    if not is_up_to_date(device, each.metric) or (each.condition.lasting and is_silent(device)):
        return watches.drop(device, watch, "withdraw", now)  # the condition begins again with the next reading
    rule, sure = each.rule, latest.quality in CURRENT
    since = exceeded_since(watch.lows, each.condition.limit) if watch.lows else watch.since
    if since is None:
        if not sure or latest.ts <= (watch.closed or -1):
            return []
        since, watch.began, watch.evaluated_from = latest.ts, received(device, latest), now
        device.watches[each.key] = watch
    elif watch.began is None:
        watch.began = received(device, latest) - (latest.ts - since)
    elif watch.since is not None:
        watch.began += since - watch.since
    if since != watch.since:
        watches.changed.add(device.id)
    watch.since, due = since, watch.began + rule.for_ms
    if due > now:
        watches.wait(device, each.key, watch, due)
        return []
    # A value that may be out of date raises no alert; the rule is evaluated again with the next reading.
    return watches.raise_alert(device, each.at(amount, None), watch, latest.value, now, standing=True) if sure else []
