"""Activity log: which events get an entry, its text, and the key and parameters by which the text is translated."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from hub import events as ev
from hub import text_format as fmt
from hub.model import Activity, Alert, Command, Device, Input, Severity

ACTIVITY_KEYS = frozenset(
    (
        *("discovered", "deleted", "diagnosed", "rejected", "settings", "gap.session", "gap.dropped"),
        *("broker.lost", "broker.restored"),
        *("presence.new", "presence.online", "presence.stale", "presence.offline"),
        *("alert.raised", "alert.changed", "alert.severity", "alert.acknowledged", "alert.unacknowledged"),
        *("alert.acknowledgement_expired", "alert.assigned", "alert.unassigned", "alert.muted", "alert.unmuted"),
        *("silence.created", "silence.edited", "silence.started", "silence.stopped", "silence.ended"),
        *("alert.silenced", "alert.unsilenced", "alert.mute_expired", "alert.commented", "alert.closed"),
        *("alert.suppressed", "alert.flapping_ended"),
        *("alert.cleared", "alert.cleared_late", "alert.withdrawn", "alert.cause_confirmed", "alert.cause_removed"),
        *("command.sent", "command.acknowledged", "command.confirmed", "command.failed", "command.expired"),
        "command.unverified",
    )
)
"""Every key that an entry's text may have. Translations are looked up by it."""
MAX_FIX = 200
"""Maximum number of characters that an entry's text quotes from a comment, or from the fix of an alert."""
_PRESENCE_TEXT = {"online": "is back online", "stale": "is stale", "offline": "is offline", "new": "is online"}


def in_words(item: Input) -> str:
    """Return the type of an input as separate words for the log, such as ``replace rules`` for ReplaceRules."""
    return re.sub(r"\B(?=[A-Z])", " ", type(item).__name__).lower()


def narrate(event: ev.Event, find: Callable[[str], Device | None]) -> Activity | None:
    """Return the log entry for an event. None for events that are too frequent (readings, descriptions).

    ``find`` returns a device by its id.
    """

    def name(device_id: str) -> str:
        device = find(device_id)
        return device.display_name if device else device_id

    match event:
        case ev.DeviceDiscovered():
            shown = name(event.device)
            text = f"{shown} was discovered"
            return Activity(event.at, "discovered", event.device, text, "ok", "discovered", {"name": shown})
        case ev.DeviceDeleted():
            text = f"{event.by} deleted {event.device} with its history"
            params = {"name": event.device, "by": event.by}
            return Activity(event.at, "deleted", None, text, "info", "deleted", params)
        case ev.PresenceChanged(replayed=True):
            return None
        case ev.PresenceChanged():
            word, shown = "new" if event.first else event.presence, name(event.device)
            severity: Severity = "ok" if event.presence == "online" else "info"
            text = f"{shown} {_PRESENCE_TEXT[word]}"
            return Activity(event.at, "presence", event.device, text, severity, f"presence.{word}", {"name": shown})
        case (
            ev.AlertRaised()
            | ev.AlertAcknowledged()
            | ev.AlertHandled()
            | ev.AlertChanged()
            | ev.AlertCleared()
            | ev.CauseConfirmed()
        ):
            return _alert(event, name(event.alert.device))
        case ev.SettingChanged():
            return Activity(event.at, "settings", event.device, event.text, "ok", "settings", event.params)
        case ev.SilenceChanged():
            who = f"{event.by} {event.step} the silence" if event.by else f"The silence {event.step}"
            silenced: dict[str, Any] = {"by": event.by, "note": event.silence.note, "silence": event.silence.id}
            text = f"{who}: {event.silence.note}"
            return Activity(event.at, "silence", None, text, "ok", f"silence.{event.step}", silenced)
        case ev.DiagnosisReady():
            found = event.diagnosis
            return Activity(
                event.at, "diagnosed", found.device, found.summary[:300], "ok", "diagnosed", {"diagnosis": found.id}
            )
        case ev.CommandChanged():
            return _command(event.command, event.at, name(event.command.device))
        case ev.MessageRejected():
            lost = event.rejection
            params = {"topic": lost.topic, "reason": lost.reason, "detail": lost.detail}
            return Activity(event.at, "rejected", None, f"{lost.topic}: {lost.detail}", "info", "rejected", params)
        case ev.GapSuspected() if event.dropped:
            text = f"The broker's queue was full; it dropped {event.dropped:,} messages."
            return Activity(event.at, "gap", None, text, "warning", "gap.dropped", {"dropped": event.dropped})
        case ev.GapSuspected():
            text = "The broker lost the hub's session. Messages may be missing."
            return Activity(event.at, "gap", None, text, "warning", "gap.session")
        case ev.BrokerLinkChanged(connected=True):
            text = f"Reconnected to the MQTT broker at {event.address}."
            return Activity(event.at, "broker", None, text, "ok", "broker.restored", {"address": event.address})
        case ev.BrokerLinkChanged():
            text = f"No connection to the MQTT broker at {event.address}: {event.reason}."
            return Activity(
                event.at,
                "broker",
                None,
                text,
                "warning",
                "broker.lost",
                {"address": event.address, "reason": event.reason},
            )
        case _:
            return None


def _alert(event: ev.AlertEvent, name: str) -> Activity:
    """Return the entry of the activity log for a change of an alert. ``name`` is the name of the alert's device."""
    alert = event.alert
    severity: Severity = "ok"
    params: dict[str, Any] = {"name": name, "message_key": alert.message_key, "message_params": alert.message_params}
    match event:
        case ev.AlertRaised() if alert.suppressed_by:
            kind, key, text = "raised", "suppressed", f"Suppressed, its gateway is down: {name}, {alert.message}"
        case ev.AlertRaised():
            kind, key, text, severity = "raised", "raised", f"{name}: {alert.message}", alert.severity
        case ev.AlertChanged(was=was) if was is not None:
            kind, key, severity, params["severity"], params["was"] = (
                "changed",
                "severity",
                alert.severity,
                alert.severity,
                was,
            )
            text = f"Severity changed from {was} to {severity}: {name}, {alert.message}"
        case ev.AlertChanged():
            kind, key, text, severity = "changed", "changed", f"Rule changed: {name}, {alert.message}", alert.severity
        case ev.AlertAcknowledged() if alert.state == "raised":
            kind, key, params["by"] = "acknowledged", "unacknowledged", event.by
            text = f"{event.by} removed the acknowledgement of {name}: {alert.message}"
        case ev.AlertAcknowledged():
            kind, key, params["by"] = "acknowledged", "acknowledged", alert.acknowledged_by
            text = f"{alert.acknowledged_by or 'somebody'} acknowledged {name}: {alert.message}"
        case ev.AlertHandled():
            kind, key, params["by"] = "handled", event.what, event.by
            text = _handled(event, f"{name}: {alert.message}", params)
        case ev.CauseConfirmed():
            kind, params["by"] = "confirmed", event.by
            key, text = _cause(event, name, params)
        case ev.AlertCleared() if alert.closed_by:
            kind, key, params["by"] = "cleared", "closed", alert.closed_by
            text = f"{alert.closed_by} closed {name}: {alert.message}"
        case ev.AlertCleared():
            key, how, params["lasted_ms"] = _ended(alert)
            kind, text = "cleared", f"{how}: {name}, {alert.message}"
    return Activity(event.at, kind, alert.device, text, severity, f"alert.{key}", params)


def _handled(event: ev.AlertHandled, alert: str, params: dict[str, Any]) -> str:
    """Return the log entry for what happened to an alert, and add the values in its text to ``params``.

    ``alert`` is the text that names the alert: the device's name and the alert's message.
    """
    match event.what:
        case "assigned":
            params["assignee"] = event.alert.assignee.name if event.alert.assignee else ""
            return f"{event.by} assigned {params['assignee']} to {alert}"
        case "unassigned":
            return f"{event.by} removed the assignee of {alert}"
        case "muted":
            return f"{event.by} muted {alert}"
        case "unmuted":
            return f"{event.by} unmuted {alert}"
        case "silenced" | "unsilenced":
            params["text"] = (event.text or "")[:MAX_FIX]
            return f"{'Silenced' if event.what == 'silenced' else 'No longer silenced'}: {alert} ({params['text']})"
        case "suppressed":
            return f"Suppressed, its gateway is down: {alert}"
        case "flapping_ended":
            return f"No longer flapping: {alert}"
        case "mute_expired":
            return f"Mute expired: {alert}"
        case "acknowledgement_expired":
            return f"Acknowledgement expired: {alert}"
        case "commented":
            params["text"] = (event.text or "")[:MAX_FIX]
            return f"{event.by} commented on {alert}: {params['text']}"


def _cause(event: ev.CauseConfirmed, name: str, params: dict[str, Any]) -> tuple[str, str]:
    """Return the key and the text of the log entry for a confirmed or removed cause of an alert.

    ``name`` is the display name of the device. A confirmed cause is also added to ``params``, the parameters of the
    entry.
    """
    found, cause = event.alert.confirmed, f"the cause of {name}, {event.alert.message}"
    if found is None:
        return "cause_removed", f"{event.by} removed {cause}"
    params |= {"cause": found.cause, "title": found.title, "fix": found.fix}
    fix = f"; fixed by: {found.fix[:MAX_FIX]}" if found.fix else ""
    return "cause_confirmed", f"{event.by} confirmed {cause}: {found.title}{fix}"


def _ended(alert: Alert) -> tuple[str, str, int]:
    """Return how an alert ended, as key and text, and how long its condition lasted.

    The duration is in ms by the device's clock, rounded down to whole seconds. It is 0 if it is unknown or shorter than
    a second.
    """
    if alert.withdrawn:
        return "withdrawn", "Alert withdrawn", 0
    ms = 0 if alert.ended_at is None else (alert.ended_at - alert.since) // 1000 * 1000
    lasted = f" after {fmt.duration(ms)}" if ms else ""
    if alert.late:
        return "cleared_late", f"Alert reported late, cleared{lasted}", ms
    return "cleared", f"Alert cleared{lasted}", ms


_COMMAND_TEXT = {
    "acknowledged": "executed {}",
    "confirmed": "confirmed {}",
    "failed": "failed to execute {}",
    "expired": "was not reachable before {} expired",
    "unverified": "has not confirmed {}",
}


def _command(command: Command, at: int, name: str) -> Activity | None:
    """Return the entry for a command that was just sent or reached its final state; None for all other changes."""
    what = command.name if command.value is None else f"{command.name} = {command.value!s:.80}"
    params = {"name": name, "command": command.name, "value": _short(command.value), "by": command.by}
    if command.settled_at is not None:
        text = f"{name} {_COMMAND_TEXT[command.state].replace('{}', what)}"
        done = command.state in ("acknowledged", "confirmed")
        return Activity(
            at, "command", command.device, text, "ok" if done else "info", f"command.{command.state}", params
        )
    if at == command.created_at and command.attempts <= 1:
        text = f"{command.by} sent {what} to {name}"
        return Activity(at, "command", command.device, text, "ok", "command.sent", params)
    return None


def _short(value: Any) -> Any:
    """Shorten a value that a translated text will contain.

    Numbers, booleans and None stay unchanged. Everything else becomes a text of at most 80 characters.
    """
    return value if isinstance(value, bool | int | float | None) else f"{value!s:.80}"
