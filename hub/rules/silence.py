"""Evaluate silence rules: set, check and restart their timers.

The time since a device's last message, or since the last value of a metric, is measured by the hub's clock, and only
while the hub is connected.
"""

from __future__ import annotations

from collections.abc import Callable
from zlib import crc32

from hub.events import Event
from hub.model import Device, Watch
from hub.rules.last_heard import last_heard
from hub.rules.plan import SilenceRule
from hub.rules.watch import Watches

RECHECK_MS = 60_000
"""A silence timer is checked at least this often, because the tolerated silence of a device can change."""
SILENCE = crc32(b"silence")
"""Value of ``Watch.measure`` for silence rules. Watches that earlier versions stored have 0."""


def silence_limit(device: Device, each: SilenceRule, tolerated: Callable[[Device, int], int]) -> int:
    """Return the silence in ms after which the rule raises an alert.

    For a rule on a metric, it is the rule's own value. For a rule on a whole device, ``tolerated`` adapts this value to
    the device.
    """
    silence_ms = each.condition.silence(device.expected_interval)
    return silence_ms if each.metric else tolerated(device, silence_ms)


def judge_silence(watches: Watches, device: Device, each: SilenceRule, silence_ms: int, now: int) -> list[Event]:
    """Set the timer of a silence rule, and end the rule's alert if the device has sent something since.

    The silence is measured from the last message of the device or, for a rule on a metric, from the metric's last
    value. ``silence_ms`` is the silence after which the rule raises an alert.
    """
    key, heard_at = each.key, last_heard(device, each.metric)
    watch, events = device.watches.get(key), list[Event]()
    if watch is not None and watch.measure not in (0, SILENCE):  # the rule had another kind before
        events, watch = watches.drop(device, watch, "withdraw", now), None
    if watch is None:
        watch = device.watches[key] = Watch(since=heard_at or now, measure=SILENCE)
        watches.changed.add(device.id)
    if watch.closed is not None and watch.alert is None and (device.last_seen or 0) <= watch.closed:
        return []  # a person closed the rule's alert, and the device has sent nothing since
    if device.withdrawn:
        watch.since = now
    due = max(watch.since or 0, heard_at or 0) + silence_ms
    if (alert := watches.alerts.by_id.get(watch.alert or "")) is not None:
        if due <= now:
            return events + watches.alerts.restate(alert, device, each.rule, now)
        events += watches.close(watch, "withdraw", now)
    due = min(due, now + RECHECK_MS)
    if (
        watch.due is None or due < watch.due
    ):  # a timer that is too early is harmless: it checks the last message or value
        watches.wait(device, key, watch, due)
        watches.changed.add(device.id)
    return events


def restart(watches: Watches, device: Device, each: SilenceRule, silence_ms: int, now: int) -> list[Event]:
    """Restart the timer of a silence rule, and clear its alert, because the device or the rule's metric was heard.

    The timer expires after ``silence_ms`` ms. Return the events.
    """
    watch = device.watches.get(each.key)
    if watch is None:
        watch = device.watches[each.key] = Watch(measure=SILENCE)
    watch.since, watch.due = now, now + silence_ms
    watches.push(watch.due, device, each.key)
    watches.changed.add(device.id)
    return watches.close(watch, "recover", now, now)


def is_silent(
    watches: Watches,
    device: Device,
    each: SilenceRule,
    silence_ms: int,
    watch: Watch,
    now: int,
    listening_since: int | None,
) -> bool:
    """Return whether the device, or the rule's metric, has been silent for ``silence_ms``. If not, set the timer again.

    Only the time since ``listening_since`` counts, when the hub connected to the broker (None: it is not connected). A
    device that never sent anything, or whose announcement was withdrawn, does not count as silent. ``now`` and
    ``listening_since`` are in epoch ms.
    """
    heard_at = last_heard(device, each.metric)
    watch.since = min(max(watch.since or 0, heard_at or 0), now)  # the clock may have been ahead
    if listening_since is None or heard_at is None or device.withdrawn:
        watch.since = now if device.withdrawn else watch.since
        due = now + silence_ms
    else:
        due = max(watch.since, listening_since) + silence_ms
    if due <= now:
        return True
    watch.due = due = min(due, now + RECHECK_MS)
    watches.push(due, device, each.key)
    return False
