"""Evaluate silence rules: set, check and restart their timers.

The time since a device's last message is measured by the hub's clock, and only while the hub is connected.
"""

from __future__ import annotations

from hub.events import Event
from hub.model import Device, Rule, Watch
from hub.rules.kinds import SilenceCondition
from hub.rules.watch import Watches

RECHECK_MS = 60_000
"""A silence timer is checked at least this often, because the tolerated silence of a device can change."""


def judge_silence(watches: Watches, device: Device, rule: Rule, silence_ms: int, key: str, now: int) -> list[Event]:
    """Set the timer of a silence rule from the device's last message. End its alert if the device is not silent now."""
    watch, events = device.watches.get(key), list[Event]()
    if watch is None:
        watch = device.watches[key] = Watch(since=device.last_seen or now)
        watches.changed.add(device.id)
    if watch.closed is not None and watch.alert is None and (device.last_seen or 0) <= watch.closed:
        return []  # a person closed its alert, and the device has sent nothing since
    if device.withdrawn:
        watch.since = now
    due = max(watch.since or 0, device.last_seen or 0) + silence_ms
    if (alert := watches.alerts.by_id.get(watch.alert or "")) is not None:
        if due <= now:
            return watches.alerts.restate(alert, device, rule, now)
        events = watches.close(watch, "withdraw", now)
    due = min(due, now + RECHECK_MS)
    if watch.due is None or due < watch.due:  # an early timer is harmless: it checks the device's last message
        watches.wait(device, key, watch, due)
        watches.changed.add(device.id)
    return events


def heard(watches: Watches, device: Device, condition: SilenceCondition, key: str, now: int) -> list[Event]:
    """Restart the silence timer, and end its alert: the device has sent something."""
    watch = device.watches.get(key)
    if watch is None:
        watch = device.watches[key] = Watch()
    watch.since, watch.due = now, now + condition.silence_ms
    watches.push(watch.due, device, key)
    watches.changed.add(device.id)
    return watches.close(watch, "recover", now, now)


def is_silent(
    watches: Watches, device: Device, silence_ms: int, key: str, watch: Watch, now: int, listening_since: int | None
) -> bool:
    """Return True if the device has been silent for long enough while the hub was connected; else set the timer.

    A device that never sent anything, or is no longer announced, does not count as silent.
    """
    watch.since = min(max(watch.since or 0, device.last_seen or 0), now)  # the clock may have been ahead
    if listening_since is None or device.last_seen is None or device.withdrawn:
        watch.since = now if device.withdrawn else watch.since
        due = now + silence_ms
    else:
        due = max(watch.since, listening_since) + silence_ms
    if due <= now:
        return True
    watch.due = due = min(due, now + RECHECK_MS)
    watches.push(due, device, key)
    return False
