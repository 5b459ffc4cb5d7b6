"""Events as lines of the log for people: which are worth one, and its words."""

from __future__ import annotations

from collections.abc import Callable

from hub import events as ev
from hub import text_format as fmt
from hub.model import Activity, Alert, Command, Device

_SAID = {"online": "is online again", "stale": "has gone silent", "offline": "is offline"}


def narrate(event: ev.Event, find: Callable[[str], Device | None]) -> Activity | None:
    """None for what happens too often for a line of its own (readings, changes of a description)."""

    def name(device_id: str) -> str:
        device = find(device_id)
        return device.display_name if device else device_id

    match event:
        case ev.DeviceDiscovered():
            return Activity(event.at, "discovered", event.device, f"{name(event.device)} appeared")
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
            said = f"{name(event.alert.device)}, by its changed rule: {event.alert.message}"
            return Activity(event.at, "changed", event.alert.device, said, event.alert.severity)
        case ev.AlertCleared():
            said = f"{_ended(event.alert)}, {name(event.alert.device)}: {event.alert.message}"
            return Activity(event.at, "cleared", event.alert.device, said)
        case ev.DiagnosisReady():
            return Activity(event.at, "diagnosed", event.diagnosis.device, event.diagnosis.summary[:300])
        case ev.CommandChanged():
            return _command(event.command, event.at, name(event.command.device))
        case ev.MessageRejected():
            said = f"{event.rejection.topic}: {event.rejection.detail}"
            return Activity(event.at, "rejected", None, said, "info")
        case ev.GapSuspected():
            lost = "The broker had forgotten this hub's session: messages may be missing"
            if event.dropped:
                lost = (
                    f"The broker has dropped {event.dropped:,} messages, its queue was full: some may be missing here"
                )
            return Activity(event.at, "gap", None, lost, "warning")
        case _:
            return None


def _ended(alert: Alert) -> str:
    """Say how an alert ended, with how long it lasted by the device's own times."""
    if alert.withdrawn:
        return "Withdrawn"
    ms = 0 if alert.ended_at is None else (alert.ended_at - alert.since) // 1000 * 1000
    lasted = f" after {fmt.duration(ms)}" if ms else ""
    return f"Reported late, over{lasted}" if alert.late else f"Over{lasted}"


_BECAME = {
    "acknowledged": "has done",
    "confirmed": "has done, as it reports,",
    "failed": "could not do",
    "expired": "could not be reached for",
    "unverified": "was told, but nothing shows that it did,",
}


def _command(command: Command, at: int, name: str) -> Activity | None:
    """A line when it is asked for and one when it is settled; what lies between is the command's own story."""
    what = command.name if command.value is None else f"{command.name} = {command.value!s:.80}"
    if command.settled_at is not None:
        told = f"{name} {_BECAME[command.state]} {what}"
        done = command.state in ("acknowledged", "confirmed")
        return Activity(at, "command", command.device, told, "ok" if done else "info")
    if at == command.created_at and command.attempts <= 1:
        return Activity(at, "command", command.device, f"{command.by} told {name}: {what}")
    return None
