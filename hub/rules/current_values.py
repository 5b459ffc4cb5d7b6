"""Judging a device by the values that stand, without a new reading: its rules, or what they go by, have changed, or a
timer has gone off.

A value that stands ends what does not hold under the present rule, whatever its quality. It begins something only if it
is known to be so now: of good quality, from a device that is online.
"""

from __future__ import annotations

from hub.events import Event
from hub.model import Device, Latest, Rule, Watch
from hub.rules.low_points import exceeded_since
from hub.rules.plan import MetricRule
from hub.rules.watch import Watches, watch_of

LOOK_EVERY = 60_000
"""ms: a silence is looked at again after so long, since what is tolerated of the device may have changed."""
SURE = ("good", "clock")
"""The qualities of values that are known to be so now."""


def judge_value(watches: Watches, device: Device, each: MetricRule, now: int) -> list[Event]:
    """Judge the value that stands of one metric by one rule."""
    rule, condition, latest = each.rule, each.condition, device.metrics[each.metric]
    known = device.watches.get(each.key)
    amount = condition.measure(list(known.points) if known else [], latest.value, latest.ts)
    if amount is None:
        return []  # a text against a number: it neither begins nor ends anything
    if known is None and not condition.exceeded(amount, raised=False):
        return []
    moved = known is not None and known.measure not in (0, each.measure)
    watch = watch_of(device, each)
    alert = watches.alerts.by_id.get(watch.alert or "")
    if alert is None:
        watch.alert = None
    elif alert.threshold != condition.threshold:
        moved = True
    if not condition.exceeded(amount, raised=alert is not None and not moved):
        return watches.drop(device, watch, "withdraw", now)
    if alert is not None:
        return watches.alerts.restate(alert, device, rule, now, latest.value if moved else None)
    return _judge_pending(watches, device, each, watch, latest, now)


def _judge_pending(
    watches: Watches, device: Device, each: MetricRule, watch: Watch, latest: Latest, now: int
) -> list[Event]:
    """The condition holds and has no alert: since when, and is that for long enough?"""
    rule, sure = each.rule, latest.quality in SURE
    since = exceeded_since(watch.lows, each.condition.limit) if watch.lows else watch.since
    if since is None:
        if not sure or device.presence != "online":
            return []
        since, watch.began = latest.ts, _received(device, latest)
        device.watches[each.key] = watch
    elif watch.began is None:
        watch.began = _received(device, latest) - (latest.ts - since)
    elif watch.since is not None:
        watch.began += since - watch.since
    if since != watch.since:
        watches.changed.add(device.id)
    watch.since, due = since, watch.began + rule.for_ms
    if due > now:
        watches.wait(device, each.key, watch, due)
        return []
    # Whether a value that is not known now still is so, its next reading decides.
    return watches.raise_alert(device, rule, watch, latest.value, now, standing=True) if sure else []


def judge_silence(watches: Watches, device: Device, rule: Rule, silence_ms: int, key: str, now: int) -> list[Event]:
    """Set the timer of a silence rule from the device's last message. End its alert if the device is not silent now."""
    watch, events = device.watches.get(key), list[Event]()
    if watch is None:
        watch = device.watches[key] = Watch(since=device.last_seen or now)
        watches.changed.add(device.id)
    if device.withdrawn:
        watch.since = now
    due = max(watch.since or 0, device.last_seen or 0) + silence_ms
    if (alert := watches.alerts.by_id.get(watch.alert or "")) is not None:
        if due <= now:
            return watches.alerts.restate(alert, device, rule, now)
        events = watches.close(watch, "withdraw", now)
    due = min(due, now + LOOK_EVERY)
    if watch.due is None or due < watch.due:  # a timer that goes off too early looks at what was heard since
        watches.wait(device, key, watch, due)
        watches.changed.add(device.id)
    return events


def _received(device: Device, latest: Latest) -> int:
    """Return about when the hub received a value: a device's clock may be behind the hub's or ahead of it."""
    if device.last_reading is None:
        return latest.ts
    return min(device.last_reading, latest.ts + max(0, device.last_reading - device.last_ts))
