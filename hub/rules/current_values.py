"""Evaluate rules on a device's latest values, without a new reading.

This happens when rules or the device's description change, and when a timer expires. A latest value of any quality can
end a condition or alert. It can begin a condition only if it is current: of good quality, from a device that is
online.
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
"""The qualities of values that were measured when they were received."""


def judge_value(watches: Watches, device: Device, each: MetricRule, now: int) -> list[Event]:
    """Evaluate the rule ``each`` on the latest value of its metric, although there is no new reading.

    Return the events, such as that an alert was raised or cleared.
    """
    condition, latest = each.condition, device.metrics[each.metric]
    known = device.watches.get(each.key)
    ts = latest.ts
    behind = received(device, latest) - ts
    if condition.windowed and known is not None and (condition.lapses or not known.alert):
        ts = max(ts, now - behind)  # no reading since then: the value has stayed what it was
    moved = known is not None and known.measure not in (0, each.measure)
    points = [] if known is None else list(known.points)
    if known is not None and moved and (condition.derived or known.measure < 0):
        points = []
    if condition.lapses:
        amount: float | None = condition.remaining(points, ts)
    else:
        amount = each.amount(device, points, latest.value, ts, now)
    if amount is None:
        return []  # a text cannot be compared with a number: nothing begins or ends
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
        if watch.since is None:  # the rule measures something else now
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

    A condition with a single limit is not compared here, because the caller compares its limit; the result is False. It
    is also False if the alert does not say by which condition it was raised.
    """
    before = alert.message_params.get("condition")
    if condition.threshold is not None or before is None:
        return False
    present = msgspec.to_builtins(condition)
    return any(before.get(key) != value for key, value in present.items() if key not in condition.found)


def _judge_over(
    watches: Watches, device: Device, each: MetricRule, watch: Watch, latest: Latest, now: int
) -> list[Event]:
    """Handle a condition that does not hold any more: end its alert, or wait until it has been over long enough.

    The alert ends once the condition has been over for the rule's ``clear_for_ms``. If the condition is over because
    the rule was changed, and not because of a reading, the alert is withdrawn at once.
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
        return watches.drop(device, watch, "withdraw", now)  # its duration counts from the next reading on
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
    # A value that may be out of date raises nothing: the next reading decides.
    return watches.raise_alert(device, each.at(amount, None), watch, latest.value, now, standing=True) if sure else []
