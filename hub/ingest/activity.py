"""Activity log: which events get an entry, and its text."""

from __future__ import annotations

from collections.abc import Callable

from hub import events as ev
from hub import text_format as fmt
from hub.model import Activity, Alert, Command, Device

_PRESENCE_TEXT = {"online": "is back online", "stale": "is stale", "offline": "is offline"}


def narrate(event: ev.Event, find: Callable[[str], Device | None]) -> Activity | None:
    """Return the entry for an event, None for events that are too frequent (readings, descriptions)."""

    def name(device_id: str) -> str:
        device = find(device_id)
        return device.display_name if device else device_id

    match event:
        case ev.DeviceDiscovered():
            return Activity(event.at, "discovered", event.device, f"{name(event.device)} was discovered")
        case ev.DeviceDeleted():
            return Activity(event.at, "deleted", None, f"{event.device} was deleted with its history", "info")
        case ev.PresenceChanged(replayed=True):
            return None
        case ev.PresenceChanged():
            text = f"{name(event.device)} {'is online' if event.first else _PRESENCE_TEXT[event.presence]}"
            return Activity(event.at, "presence", event.device, text, "ok" if event.presence == "online" else "info")
        case ev.AlertRaised():
            text = f"{name(event.alert.device)}: {event.alert.message}"
            return Activity(event.at, "raised", event.alert.device, text, event.alert.severity)
        case ev.AlertAcknowledged() if event.alert.state == "raised":
            text = f"{event.by} withdrew the acknowledgement of {name(event.alert.device)}: {event.alert.message}"
            return Activity(event.at, "acknowledged", event.alert.device, text)
        case ev.SettingChanged():
            return Activity(event.at, "settings", event.device, event.text)
        case ev.AlertAcknowledged():
            by = event.alert.acknowledged_by or "somebody"
            text = f"{by} acknowledged {name(event.alert.device)}: {event.alert.message}"
            return Activity(event.at, "acknowledged", event.alert.device, text)
        case ev.AlertChanged():
            text = f"Rule changed: {name(event.alert.device)}, {event.alert.message}"
            return Activity(event.at, "changed", event.alert.device, text, event.alert.severity)
        case ev.AlertCleared():
            text = f"{_ended(event.alert)}: {name(event.alert.device)}, {event.alert.message}"
            return Activity(event.at, "cleared", event.alert.device, text)
        case ev.DiagnosisReady():
            return Activity(event.at, "diagnosed", event.diagnosis.device, event.diagnosis.summary[:300])
        case ev.CommandChanged():
            return _command(event.command, event.at, name(event.command.device))
        case ev.MessageRejected():
            text = f"{event.rejection.topic}: {event.rejection.detail}"
            return Activity(event.at, "rejected", None, text, "info")
        case ev.GapSuspected():
            text = "The broker lost the hub's session. Messages may be missing."
            if event.dropped:
                text = f"The broker's queue was full; it dropped {event.dropped:,} messages."
            return Activity(event.at, "gap", None, text, "warning")
        case _:
            return None


def _ended(alert: Alert) -> str:
    """Return how an alert ended, and how long it lasted by the device's timestamps."""
    if alert.withdrawn:
        return "Alert withdrawn"
    ms = 0 if alert.ended_at is None else (alert.ended_at - alert.since) // 1000 * 1000
    lasted = f" after {fmt.duration(ms)}" if ms else ""
    return f"Alert reported late, cleared{lasted}" if alert.late else f"Alert cleared{lasted}"


_COMMAND_TEXT = {
    "acknowledged": "executed {}",
    "confirmed": "confirmed {}",
    "failed": "failed to execute {}",
    "expired": "was not reachable before {} expired",
    "unverified": "has not confirmed {}",
}


def _command(command: Command, at: int, name: str) -> Activity | None:
    """Return an entry if the command was sent or settled, else None."""
    what = command.name if command.value is None else f"{command.name} = {command.value!s:.80}"
    if command.settled_at is not None:
        text = f"{name} {_COMMAND_TEXT[command.state].replace('{}', what)}"
        done = command.state in ("acknowledged", "confirmed")
        return Activity(at, "command", command.device, text, "ok" if done else "info")
    if at == command.created_at and command.attempts <= 1:
        return Activity(at, "command", command.device, f"{command.by} sent {what} to {name}")
    return None
