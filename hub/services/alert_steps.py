"""Steps of alerts that may start reactions, made from the events of alerts."""

from __future__ import annotations

from hub.events import AlertAcknowledged, AlertCleared, AlertRaised, Event
from hub.model.reaction import AlertStepTaken


def alert_step(event: Event) -> AlertStepTaken | None:
    """Return the alert step (raised, acknowledged, cleared) of an event; None for others and withdrawn alerts."""
    match event:
        case AlertRaised():
            return AlertStepTaken("raised", event.alert, event.at)
        case AlertAcknowledged() if event.alert.state == "acknowledged":
            return AlertStepTaken("acknowledged", event.alert, event.at)
        case AlertCleared() if not event.alert.withdrawn:
            return AlertStepTaken("cleared", event.alert, event.at)
    return None
