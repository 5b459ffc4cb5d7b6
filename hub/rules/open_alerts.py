"""The open alerts: raise, change, acknowledge and end them. Timers and conditions are in watch.py."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from hub.errors import NotFound
from hub.events import AlertAcknowledged, AlertChanged, AlertCleared, AlertRaised, CauseConfirmed, Event
from hub.model import (
    SEVERITIES,
    Acknowledge,
    Alert,
    ConfirmCause,
    Device,
    LateRun,
    Rule,
    Severity,
    Unacknowledge,
    Value,
)
from hub.rules.alert_lifecycle import Input, after
from hub.rules.describe import message_fields


class OpenAlerts:
    """All open alerts, by id (``by_id``) and by device."""

    def __init__(self) -> None:
        self.by_id: dict[str, Alert] = {}
        self._of_device: dict[str, set[str]] = {}

    def severity(self, device_id: str) -> Severity:
        """Return the highest severity among the device's open alerts."""
        ids = self._of_device.get(device_id)
        if not ids:
            return "ok"
        return max((self.by_id[i].severity for i in ids), key=SEVERITIES.index)

    def of_device(self, device_id: str) -> list[str]:
        return list(self._of_device.get(device_id, ()))

    def forget_device(self, device_id: str) -> None:
        self._of_device.pop(device_id, None)

    def add(self, alert: Alert) -> None:
        """Add an open alert."""
        self.by_id[alert.id] = alert
        self._of_device.setdefault(alert.device, set()).add(alert.id)

    def raise_alert(
        self, device: Device, rule: Rule, since: int, value: Value | None, now: int, *, standing: bool
    ) -> AlertRaised:
        # The same latest value can raise an alert again after its first one was withdrawn; it needs another id.
        alert = _alert(device, rule, since, value, now, f"\n{now}" if standing else "")
        self.add(alert)
        return AlertRaised(alert, now)

    def restate(
        self,
        alert: Alert,
        device: Device,
        rule: Rule,
        now: int,
        judged: Value | None = None,
        *,
        was: Severity | None = None,
    ) -> list[Event]:
        """Update the severity of an open alert, and if ``judged`` is given its condition.

        ``judged`` is the value that breaks another limit than before: the rule was changed, or the value has made the
        alert more or less severe, which ``was`` so severe before.
        """
        changes: dict[str, Any] = {}
        if alert.severity != rule.severity:
            changes["severity"] = rule.severity
        if judged is not None:
            unit = device.unit(rule.metric)
            changes |= {
                "threshold": rule.condition.threshold,
                **message_fields(rule, judged, unit, 0, device.describe(rule.metric or "")),
                "value": judged,
                "unit": unit,
            }
        if not changes:
            return []
        alert = self.by_id[alert.id] = msgspec.structs.replace(alert, **changes)
        return [AlertChanged(alert, now, was)]

    def end(self, alert_id: str, happened: Input, now: int, ended: int | None = None) -> list[Event]:
        """End an open alert. ``ended`` is the device's time of the reading that ended it."""
        alert = self.by_id.pop(alert_id)
        self._of_device[alert.device].discard(alert.id)
        alert = msgspec.structs.replace(
            alert,
            state=after(alert.state, happened),
            cleared_at=now,
            ended_at=None if ended is None else max(ended, alert.since),
            withdrawn=happened == "withdraw",
        )
        return [AlertCleared(alert, now)]

    def acknowledge(self, fact: Acknowledge | Unacknowledge) -> tuple[Alert, list[Event]]:
        """Acknowledge an open alert, or undo that. Repeating either changes nothing.

        Raises:
            NotFound: The alert is not open.
        """
        alert = self.by_id.get(fact.alert)
        if alert is None:
            raise NotFound("There is no open alert with this id.", "GET /api/alerts?state=open lists them.")
        given = isinstance(fact, Acknowledge)
        state = after(alert.state, "acknowledge" if given else "unacknowledge")
        if alert.state == state:
            return alert, []
        at, by, note = (fact.at, fact.by, fact.note) if isinstance(fact, Acknowledge) else (None, None, None)
        alert = msgspec.structs.replace(alert, state=state, acknowledged_at=at, acknowledged_by=by, note=note)
        self.by_id[alert.id] = alert
        return alert, [AlertAcknowledged(alert, fact.at, fact.by)]

    def confirm(self, fact: ConfirmCause) -> tuple[Alert, list[Event]]:
        """Set the cause that a person confirmed, on an open alert or on the cleared one in ``fact``.

        Raises:
            NotFound: The alert was open when it was read, and has cleared since.
        """
        alert = self.by_id.get(fact.alert.id, fact.alert)
        if alert.open and alert.id not in self.by_id:
            raise NotFound("The alert has cleared meanwhile.", "Send the cause again.")
        alert = msgspec.structs.replace(alert, confirmed=fact.confirmed)
        if alert.open:
            self.by_id[alert.id] = alert
        return alert, [CauseConfirmed(alert, fact.at, fact.by)]


def late_alert(device: Device, rule: Rule, run: LateRun, since: int, ended: int, now: int) -> AlertCleared:
    """Return the event of an alert that was over before the hub knew of it: cleared, and never raised."""
    alert = _alert(device, rule, since, run.value, now, "\nlate")
    alert = msgspec.structs.replace(alert, state="cleared", cleared_at=now, ended_at=ended, late=True)
    return AlertCleared(alert, now)


def _alert(device: Device, rule: Rule, since: int, value: Value | None, now: int, occasion: str) -> Alert:
    unit = device.unit(rule.metric)
    silent = now - (device.last_seen or device.first_seen)
    shown = device.describe(rule.metric) if rule.metric else None
    return Alert(
        id=_alert_id(rule, device, since, occasion),
        rule=rule.id,
        device=device.id,
        metric=rule.metric,
        severity=rule.severity,
        state="raised",
        **message_fields(rule, value, unit, silent // 1000 * 1000, shown),
        value=value,
        threshold=rule.condition.threshold,
        unit=unit,
        since=since,
        raised_at=now,
    )


def _alert_id(rule: Rule, device: Device, since: int, occasion: str) -> str:
    """Return an id computed from the reading that raised the alert, so that a replay after a restart gives the same."""
    text = f"{rule.id}\n{device.id}\n{rule.metric}\n{since}" + occasion
    return "a" + hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
