"""Convert events of alerts to alert steps (raised, acknowledged, cleared), which can start reactions."""

from __future__ import annotations

from hub.events import AlertAcknowledged, AlertCleared, AlertRaised, Event
from hub.model.reaction import AlertStepTaken


def alert_step(event: Event) -> AlertStepTaken | None:
    """Return the alert step that an event reports; None for other events and for withdrawn alerts."""
    match event:
        case AlertRaised():
            return AlertStepTaken("raised", event.alert, event.at)
        case AlertAcknowledged() if event.alert.state == "acknowledged":
            return AlertStepTaken("acknowledged", event.alert, event.at)
        case AlertCleared() if not event.alert.withdrawn:
            return AlertStepTaken("cleared", event.alert, event.at)
    return None
