"""The open alerts: raise, change and end alerts, and apply the requests of people.

:mod:`hub.rules.watch` has the timers and conditions of the rules.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable
from typing import Any

import msgspec

from hub.errors import NotFound
from hub.events import AlertChanged, AlertCleared, AlertEvent, AlertRaised, Event
from hub.model import (
    SEVERITIES,
    Alert,
    CloseAlert,
    Device,
    LateRun,
    Rule,
    Severity,
    SilencedBy,
    Value,
)
from hub.rules.alert_handling import Handle, apply_request, expired, expiry
from hub.rules.alert_lifecycle import Input, after
from hub.rules.describe import message_fields
from hub.rules.last_heard import last_heard


class OpenAlerts:
    """All open alerts, by id (``by_id``) and by device."""

    def __init__(self) -> None:
        self.by_id: dict[str, Alert] = {}
        self._of_device: dict[str, set[str]] = {}
        self.silenced_by: Callable[[Alert, Device], tuple[SilencedBy, ...]] = lambda alert, device: ()
        self._expiries: list[tuple[int, str]] = []  # heap of (epoch ms, alert id); entries may be out of date

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
        self._put(alert)
        self._of_device.setdefault(alert.device, set()).add(alert.id)

    def raise_alert(
        self,
        device: Device,
        rule: Rule,
        since: int,
        value: Value | None,
        now: int,
        *,
        standing: bool,
        evaluated_from: int | None,
    ) -> AlertRaised:
        # The same latest value can raise another alert after the first one was withdrawn. Their ids must differ.
        alert = _alert(device, rule, since, value, now, f"\n{now}" if standing else "")
        alert = msgspec.structs.replace(
            alert, silenced_by=self.silenced_by(alert, device), evaluated_from=evaluated_from
        )
        self.add(alert)
        return AlertRaised(alert, now)

    def restate(
        self,
        alert: Alert,
        device: Device,
        rule: Rule,
        now: int,
        new_value: Value | None = None,
        *,
        old_severity: Severity | None = None,
        rule_changed: bool = False,
    ) -> list[Event]:
        """Update an open alert after its limit or its severity has changed. Return the event, if anything changed.

        The severity is always updated. The threshold, the value and the message are updated only with ``new_value`` or
        ``rule_changed``.

        Args:
            alert: The open alert.
            device: The device of the alert.
            rule: The rule, with the present severity and limit.
            now: The time in epoch ms.
            new_value: The latest value, if it exceeds another limit than before; otherwise None.
            old_severity: The earlier severity, if the event has to say that the severity changed.
            rule_changed: Whether the rule itself was changed.
        """
        changes: dict[str, Any] = {}
        if alert.severity != rule.severity:
            changes["severity"] = rule.severity
        if new_value is not None or rule_changed:
            unit = device.unit(rule.metric)
            changes |= {
                "threshold": rule.condition.threshold,
                **message_fields(rule, new_value, unit, 0, device.describe(rule.metric) if rule.metric else None),
                "value": new_value,
                "unit": unit,
            }
        if not changes:
            return []
        alert = self.by_id[alert.id] = msgspec.structs.replace(alert, **changes)
        return [AlertChanged(alert, now, old_severity)]

    def end(
        self,
        alert_id: str,
        happened: Input,
        now: int,
        ended: int | None = None,
        by: CloseAlert | None = None,
        note: str | None = None,
    ) -> AlertCleared:
        """End an open alert.

        Args:
            alert_id: The alert.
            happened: Why it ends.
            now: The time by the hub's clock in ms.
            ended: When the reading that ended it was measured, in ms by the device's clock. None if no reading did.
            by: The request of the person who closed it; None if nobody did.
            note: A text for the alert's history. With ``by``, the note of the request is used instead.
        """
        alert = self.by_id.pop(alert_id)
        self._of_device[alert.device].discard(alert.id)
        alert = msgspec.structs.replace(
            alert,
            state=after(alert.state, happened),
            cleared_at=now,
            ended_at=None if ended is None else max(ended, alert.since),
            withdrawn=happened == "withdraw",
            closed_by=by.by if by else None,
        )
        return AlertCleared(alert, now, by.note if by else note)

    def handle(self, fact: Handle) -> tuple[Alert, list[AlertEvent]]:
        """Apply a person's request to an alert. Return the changed alert, and the events that report the change.

        ``fact.alert`` is the id of the alert if it is open, or the whole alert if it has been cleared. If the request
        changes nothing, because it repeats an earlier one, there are no events. Raises NotFound if no open alert has
        this id, and Conflict if the alert does not allow the change.
        """
        alert = self.require(fact.alert) if isinstance(fact.alert, str) else self._as_now(fact.alert)
        if (event := apply_request(fact, alert)) is None:
            return alert, []
        if alert.open:
            self._put(event.alert)
        return event.alert, [event]

    def require(self, alert_id: str) -> Alert:
        """Return the open alert with this id. Raises NotFound if there is none."""
        if (alert := self.by_id.get(alert_id)) is None:
            raise NotFound("There is no open alert with this id.", "GET /api/alerts?state=open lists them.")
        return alert

    def expire(self, now: int) -> list[Event]:
        """End the acknowledgements and mutes whose time is over. Return the events."""
        events: list[Event] = []
        while self._expiries and self._expiries[0][0] <= now:
            alert = self.by_id.get(heapq.heappop(self._expiries)[1])
            if alert is None:
                continue
            for event in expired(alert, now):
                events.append(event)
                self._put(event.alert)
        return events

    def _put(self, alert: Alert) -> None:
        """Store the changed state of an open alert."""
        self.by_id[alert.id] = alert
        if (until := expiry(alert)) is not None:
            heapq.heappush(self._expiries, (until, alert.id))

    def _as_now(self, read: Alert) -> Alert:
        """Return the current version of an alert that was read some time ago.

        Raises NotFound if it has been cleared since.
        """
        alert = self.by_id.get(read.id, read)
        if alert.open and alert.id not in self.by_id:
            raise NotFound("The alert has cleared meanwhile.", "Send the request again.")
        return alert


def late_alert(device: Device, rule: Rule, run: LateRun, since: int, ended: int, now: int) -> AlertCleared:
    """Return the event for an alert that was over before the hub knew of it, because its readings arrived late.

    The alert in the event is cleared already.

    Args:
        device: The device.
        rule: The rule whose condition the readings met.
        run: The state of the rule for late readings.
        since: When the condition began, in ms by the device's clock.
        ended: When it ended, in ms by the device's clock.
        now: The hub's time in ms.
    """
    alert = _alert(device, rule, since, run.value, now, "\nlate")
    alert = msgspec.structs.replace(alert, state="cleared", cleared_at=now, ended_at=ended, late=True)
    return AlertCleared(alert, now)


def _alert(device: Device, rule: Rule, since: int, value: Value | None, now: int, occasion: str) -> Alert:
    unit = device.unit(rule.metric)
    silent = now - (last_heard(device, rule.metric) or device.first_seen)
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
    """Return the id of a new alert. It is a hash of the arguments, so that a replay after a restart gives the same id.

    ``since`` is when the condition began. ``occasion`` distinguishes alerts for which all the other arguments are
    equal.
    """
    text = f"{rule.id}\n{device.id}\n{rule.metric}\n{since}" + occasion
    return "a" + hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
