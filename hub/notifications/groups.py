"""Facts about groups of alerts that share their messages."""

from __future__ import annotations

import hashlib

from hub.model import SEVERITIES, Alert, NotificationGroup, NotificationReceiver


def is_audible(alert: Alert) -> bool:
    """Return whether people are notified of an alert at present."""
    quiet = alert.muted or alert.silenced_by or alert.suppressed_by is not None or alert.flapping
    return alert.state == "raised" and not quiet


def is_higher(alert: Alert, group: NotificationGroup) -> bool:
    """Return whether an alert is more severe than the severity in the messages sent so far."""
    told = group.told.get(alert.id)
    return told is not None and SEVERITIES.index(alert.severity) > SEVERITIES.index(told)


def group_key_of(group: NotificationGroup) -> str:
    return group.id.rpartition("@")[0]


def delivery_key(group: NotificationGroup, receiver: NotificationReceiver) -> str:
    """Return the key of a message to a receiver. A message planned again after a crash gets the same key."""
    text = "\n".join((group.id, str(group.sent), receiver.channel, receiver.person or "", receiver.address))
    return f"n-{hashlib.sha256(text.encode()).hexdigest()[:32]}"
