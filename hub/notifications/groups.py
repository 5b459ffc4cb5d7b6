"""Groups of alerts that share messages: which alerts people are notified of, and how an alert changes its group."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from msgspec.structs import replace

from hub.model import SEVERITIES, Alert, NotificationGroup, NotificationReceiver

MAX_CLEARED = 20
"""The most cleared alerts that the message about the end of a group lists."""


def is_audible(alert: Alert) -> bool:
    """Return whether people are notified of an alert at present.

    They are notified unless it is cleared, acknowledged, muted, silenced or suppressed.
    """
    quiet = alert.muted or alert.silenced_by or alert.suppressed_by is not None
    return alert.state == "raised" and not quiet


def is_higher(alert: Alert, group: NotificationGroup) -> bool:
    """Return whether an alert is more severe now than in the last message that listed it.

    Return False if no message has listed the alert yet.
    """
    told = group.told.get(alert.id)
    return told is not None and SEVERITIES.index(alert.severity) > SEVERITIES.index(told)


def with_alert(group: NotificationGroup, alert: Alert) -> NotificationGroup:
    """Return the group after one of its open alerts was raised or has changed.

    Nothing changes unless messages have listed the alert as flapping. While it flaps, people need no new message: it is
    recorded as listed, with the highest severity that a message named. When it has stopped flapping, it counts as a new
    alert, so that people are notified of it again.
    """
    series = series_of(alert)
    if (severity := group.flapping.get(series)) is None:
        return group
    told = {key: each for key, each in group.told.items() if key != alert.id}
    if alert.flapping:
        return replace(group, told={alert.id: severity} | group.told)
    return replace(group, told=told, flapping={key: each for key, each in group.flapping.items() if key != series})


def without_alert(group: NotificationGroup, alert: Alert, calm_at: int) -> NotificationGroup:
    """Return the notification group as it is after ``alert``, one of its alerts, was cleared.

    ``calm_at`` is the time (epoch ms) at which a flapping alert counts as calm, unless it is raised again before.
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


def told_of(group: NotificationGroup, alerts: Iterable[Alert]) -> NotificationGroup:
    """Return the notification group, with a record that people have received a message about ``alerts``."""
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
    """Return the key of all alerts of the same rule, metric and device."""
    return "\n".join((alert.rule, alert.device, alert.metric or ""))


def group_key_of(group: NotificationGroup) -> str:
    return group.id.rpartition("@")[0]


def delivery_key(group: NotificationGroup, receiver: NotificationReceiver) -> str:
    """Return a key for one message to a receiver: the message of the group that has the number ``group.sent``.

    A message that is planned again after a crash gets the same key, so that it is not delivered twice.
    """
    text = "\n".join((group.id, str(group.sent), receiver.channel, receiver.person or "", receiver.address))
    return f"n-{hashlib.sha256(text.encode()).hexdigest()[:32]}"
