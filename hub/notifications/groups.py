"""Groups of alerts whose changes are reported in common messages.

A group is never changed in place: the functions return the group as it is after an alert was raised, changed or
cleared, or after a message was sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from msgspec.structs import replace

from hub.model import SEVERITIES, Alert, NotificationGroup, NotificationReceiver

MAX_CLEARED = 20
"""Maximum cleared alerts that the "resolved" message of a group lists."""


def is_audible(alert: Alert) -> bool:
    """Return whether people are notified of an alert at present.

    They are notified unless it is cleared, acknowledged, muted, silenced or suppressed.
    """
    quiet = alert.muted or alert.silenced_by or alert.suppressed_by is not None
    return alert.state == "raised" and not quiet


def is_higher(alert: Alert, group: NotificationGroup) -> bool:
    """Return whether the severity of an alert is higher than in the last message that listed it.

    Return False if no message has listed the alert yet.
    """
    told = group.told.get(alert.id)
    return told is not None and SEVERITIES.index(alert.severity) > SEVERITIES.index(told)


def with_alert(group: NotificationGroup, alert: Alert) -> NotificationGroup:
    """Return the group after ``alert``, one of its open alerts, was raised or has changed.

    The group changes only if ``alert`` was in a message as a flapping alert:

    - If it still flaps, it counts as reported with the highest severity in a message, so that no message is sent each
      time it is raised.
    - If it does not flap any more, it counts as a new alert, so that people are notified of it again.
    """
    series = series_of(alert)
    if (severity := group.flapping.get(series)) is None:
        return group
    told = {key: each for key, each in group.told.items() if key != alert.id}
    if alert.flapping:
        return replace(group, told={alert.id: severity} | group.told)
    return replace(group, told=told, flapping={key: each for key, each in group.flapping.items() if key != series})


def without_alert(group: NotificationGroup, alert: Alert, calm_at: int) -> NotificationGroup:
    """Return the group after ``alert``, one of its alerts, was cleared.

    ``calm_at`` is when the flapping of the alert ends (epoch ms), unless the alert is raised again before.
    """
    series = series_of(alert)
    flaps = alert.flapping and not alert.withdrawn and alert.closed_by is None and series in group.flapping
    earlier = [each for each in group.cleared if series not in group.flapping or series_of(each) != series]
    return replace(
        group,
        alerts=tuple(each for each in group.alerts if each != alert.id),
        told={key: each for key, each in group.told.items() if key != alert.id},
        cleared=(*earlier, alert)[-MAX_CLEARED:] if alert.id in group.told else group.cleared,
        flapping={key: each for key, each in group.flapping.items() if flaps or key != series},
        calm_at=max(calm_at, group.calm_at) if flaps else group.calm_at,
    )


def with_message(group: NotificationGroup, alerts: Iterable[Alert]) -> NotificationGroup:
    """Return the group after a message about ``alerts`` was sent: it records the severities that the message named."""
    told, flapping = dict(group.told), dict(group.flapping)
    for each in alerts:
        told[each.id] = each.severity
        if each.flapping:
            series = series_of(each)
            flapping[series] = max(flapping.get(series, "ok"), each.severity, key=SEVERITIES.index)
    return replace(
        group, told={key: severity for key, severity in told.items() if key in group.alerts}, flapping=flapping
    )


def series_of(alert: Alert) -> str:
    """Return a key that is the same for all alerts of one rule on one metric of one device."""
    return "\n".join((alert.rule, alert.device, alert.metric or ""))


def group_key_of(group: NotificationGroup) -> str:
    return group.id.rpartition("@")[0]


def delivery_key(group: NotificationGroup, receiver: NotificationReceiver) -> str:
    """Return the idempotency key of the group's message number ``group.sent`` to a receiver.

    A message that is planned again after a crash has the same key, so that it is not delivered twice.
    """
    text = "\n".join((group.id, str(group.sent), receiver.channel, receiver.person or "", receiver.address))
    return f"n-{hashlib.sha256(text.encode()).hexdigest()[:32]}"
