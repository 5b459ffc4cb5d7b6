"""Convert events of an alert to entries of the alert's history."""

from __future__ import annotations

from hub import events as ev
from hub.model import Alert, AlertEntry, AlertEntryKind


def entries_of(event: ev.AlertEvent) -> list[AlertEntry]:
    """Return the entries that an event adds to the history of its alert.

    If an alert is silenced when it is raised, a second entry says so. The same applies if it is suppressed.
    """
    entries, alert = [entry_of(event)], event.alert
    if isinstance(event, ev.AlertRaised) and alert.silenced_by:
        entries.append(_entry(event, "silenced", text="; ".join(silence.note for silence in alert.silenced_by)))
    if isinstance(event, ev.AlertRaised) and alert.suppressed_by:
        entries.append(_entry(event, "suppressed"))
    return entries


def entry_of(event: ev.AlertEvent) -> AlertEntry:
    """Return the history entry that describes an event."""
    alert = event.alert
    match event:
        case ev.AlertRaised():
            return _entry(event, "raised", text=alert.message)
        case ev.AlertChanged():
            return _entry(event, "changed" if event.was is None else "severity_changed", text=alert.message)
        case ev.AlertAcknowledged() if alert.state == "acknowledged":
            return _entry(event, "acknowledged", event.by, alert.note, alert.acknowledged_until)
        case ev.AlertAcknowledged():
            return _entry(event, "unacknowledged", event.by)
        case ev.AlertHandled():
            until = alert.muted.until if event.what == "muted" and alert.muted else None
            return _entry(event, event.what, event.by, _text(event, alert), until)
        case ev.CauseConfirmed() if alert.confirmed:
            return _entry(event, "cause_confirmed", event.by, alert.confirmed.title)
        case ev.CauseConfirmed():
            return _entry(event, "cause_removed", event.by)
        case ev.AlertCleared() if alert.closed_by:
            return _entry(event, "closed", alert.closed_by, event.note)
        case ev.AlertCleared():
            return _entry(event, "withdrawn" if alert.withdrawn else "cleared", text=event.note)


def _text(event: ev.AlertHandled, alert: Alert) -> str | None:
    return alert.assignee.name if event.what == "assigned" and alert.assignee else event.text


def _entry(
    event: ev.AlertEvent,
    kind: AlertEntryKind,
    by: str | None = None,
    text: str | None = None,
    until: int | None = None,
) -> AlertEntry:
    alert = event.alert
    return AlertEntry(alert.id, alert.device, event.at, kind, alert.severity, by, text, until)
