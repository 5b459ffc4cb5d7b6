"""Create the payload of the MQTT message that a reaction publishes, from a template and the fields of the alert."""

from __future__ import annotations

from hub.model import Alert, Device
from hub.model.reaction import PublishAction, ReactionRun
from hub.text_template import MAX_TEXT, check_source, render

PAYLOAD_FIELDS = (
    *("reaction", "status", "at", "alert", "rule", "severity", "device", "device_name", "area", "metric", "message"),
    *("value", "unit", "limit", "since"),
)
"""The fields that a template of a payload can use. Values are numbers and times are in epoch ms, for programs.

A reaction on a schedule has ``reaction``, ``status`` (``schedule``) and ``at`` only.
"""


def check_payload(source: str) -> None:
    """Raise Invalid if the template of a payload has a syntax error or a field that does not exist."""
    check_source(source, PAYLOAD_FIELDS)


def payload_of(action: PublishAction, run: ReactionRun, alert: Alert | None, device: Device | None) -> str:
    """Return the payload for a run. ``device`` is the device of ``alert``; both are None for a schedule.

    Raises Invalid if the template fails for the fields of this alert, or if the payload is too long.
    """
    fields: dict[str, object] = {"reaction": run.reaction, "status": run.step or "schedule", "at": run.at}
    if alert is not None:
        fields |= {
            "alert": alert.id,
            "rule": alert.rule,
            "severity": alert.severity,
            "device": alert.device,
            "device_name": alert.device if device is None else device.display_name,
            "area": None if device is None else device.display_area,
            "metric": alert.metric,
            "message": alert.message,
            "value": alert.value,
            "unit": alert.unit,
            "limit": alert.threshold,
            "since": alert.since,
        }
    return render(action.payload, fields, MAX_TEXT, PAYLOAD_FIELDS)
