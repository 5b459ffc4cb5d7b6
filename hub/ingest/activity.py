"""Events as lines of the activity log: which are worth one, and its text."""

from __future__ import annotations

from collections.abc import Callable

from hub import events as ev
from hub import text_format as fmt
from hub.model import Activity, Alert, Command, Device

_SAID = {"online": "is online again", "stale": "has gone silent", "offline": "is offline"}


def narrate(event: ev.Event, find: Callable[[str], Device | None]) -> Activity | None:
    """Return the line of an event, or None for one that happens too often for a line (readings, descriptions)."""

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
            said = f"{name(event.device)} {'is online' if event.first else _SAID[event.presence]}"
            return Activity(event.at, "presence", event.device, said, "ok" if event.presence == "online" else "info")
        case ev.AlertRaised():
            said = f"{name(event.alert.device)}: {event.alert.message}"
            return Activity(event.at, "raised", event.alert.device, said, event.alert.severity)
        case ev.AlertAcknowledged() if event.alert.state == "raised":
            said = f"{event.by} withdrew the acknowledgement of {name(event.alert.device)}: {event.alert.message}"
            return Activity(event.at, "acknowledged", event.alert.device, said)
        case ev.SettingChanged():
            return Activity(event.at, "settings", event.device, event.text)
        case ev.AlertAcknowledged():
            by = event.alert.acknowledged_by or "somebody"
            said = f"{by} acknowledged {name(event.alert.device)}: {event.alert.message}"
            return Activity(event.at, "acknowledged", event.alert.device, said)
        case ev.AlertChanged():
            said = f"Rule changed: {name(event.alert.device)}, {event.alert.message}"
            return Activity(event.at, "changed", event.alert.device, said, event.alert.severity)
        case ev.AlertCleared():
            said = f"{_ended(event.alert)}: {name(event.alert.device)}, {event.alert.message}"
            return Activity(event.at, "cleared", event.alert.device, said)
        case ev.DiagnosisReady():
            return Activity(event.at, "diagnosed", event.diagnosis.device, event.diagnosis.summary[:300])
        case ev.CommandChanged():
            return _command(event.command, event.at, name(event.command.device))
        case ev.MessageRejected():
            said = f"{event.rejection.topic}: {event.rejection.detail}"
            return Activity(event.at, "rejected", None, said, "info")
        case ev.GapSuspected():
            lost = "The broker lost the hub's session: messages may be missing"
            if event.dropped:
                lost = f"The broker's queue was full and dropped {event.dropped:,} messages: some may be missing"
            return Activity(event.at, "gap", None, lost, "warning")
        case _:
            return None


def _ended(alert: Alert) -> str:
    """Return how an alert ended and how long it lasted by the device's own times."""
    if alert.withdrawn:
        return "Alert withdrawn"
    ms = 0 if alert.ended_at is None else (alert.ended_at - alert.since) // 1000 * 1000
    lasted = f" after {fmt.duration(ms)}" if ms else ""
    return f"Alert reported late, cleared{lasted}" if alert.late else f"Alert cleared{lasted}"


_BECAME = {
    "acknowledged": "executed {}",
    "confirmed": "executed {} and reports it",
    "failed": "could not execute {}",
    "expired": "could not be reached in time for {}",
    "unverified": "was sent {}, but has not confirmed it",
}


def _command(command: Command, at: int, name: str) -> Activity | None:
    """Return a line when a command is sent and one when it is settled."""
    what = command.name if command.value is None else f"{command.name} = {command.value!s:.80}"
    if command.settled_at is not None:
        told = f"{name} {_BECAME[command.state].replace('{}', what)}"
        done = command.state in ("acknowledged", "confirmed")
        return Activity(at, "command", command.device, told, "ok" if done else "info")
    if at == command.created_at and command.attempts <= 1:
        return Activity(at, "command", command.device, f"{command.by} sent {what} to {name}")
    return None
