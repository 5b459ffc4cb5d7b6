"""Objects of incidents. Times are epoch milliseconds."""

from __future__ import annotations

from typing import Any

from hub.api.schemas.api_object import ApiObject
from hub.api.schemas.responses import AlertShape
from hub.model import AlertEntry, AlertEntryKind, IncidentKind, IncidentState, Severity
from hub.services.visible_incidents import NamedIncident


class FirstMoverShape(ApiObject, rename={"device": "device_id", "name": "device_name", "alert": "alert_id"}):
    """The device, and the metric of it, that changed first, and since when (by its clock).

    `metric` is null for a device that fell silent, `alert_id` for a gateway without an alert of its own.
    """

    device: str
    name: str
    metric: str | None
    since: int
    alert: str | None


class IncidentShape(ApiObject):
    """Alerts that share a cause.

    - `kind`: what they share: a `device` (or the machine that it is part of), a `gateway` that is down, or a `rule` in
      one area or on one label
    - `state`: `acknowledged` if all open alerts that are not suppressed are acknowledged; `resolved` when none is open
    - `severity`: the highest of its open alerts; of a resolved incident the highest that it had
    - `started_at`, `changed_at`: when its first and its last alert was raised; `ended_at`: when it was resolved
    - `alerts`: how many there were; `open`: how many are open; `suppressed`: how many of these a gateway suppresses
    - `flapping`: an alert of it is raised and cleared again and again; it stays open until that has been quiet for ten
      minutes
    - `title_key` and `title_params`: the contents of `title`, unformatted
    """

    id: str
    kind: IncidentKind
    state: IncidentState
    severity: Severity
    title: str
    title_key: str | None
    title_params: dict[str, Any]
    started_at: int
    changed_at: int
    ended_at: int | None
    first: FirstMoverShape
    alerts: int
    open: int
    suppressed: int
    flapping: bool


class IncidentPage(ApiObject):
    items: list[IncidentShape]
    next: str | None


class IncidentWithAlerts(ApiObject):
    """An incident with its alerts, in the order in which they were raised; at most the first 500."""

    incident: IncidentShape
    items: list[AlertShape]


class IncidentEntryShape(ApiObject, rename={"alert": "alert_id", "device": "device_id"}):
    """An entry of the history of one of the incident's alerts; see the history of an alert."""

    alert: str
    device: str
    at: int
    kind: AlertEntryKind
    severity: Severity
    by: str | None
    text: str | None
    until: int | None


class IncidentHistory(ApiObject):
    items: list[IncidentEntryShape]
    next: str | None


def shape(found: NamedIncident) -> IncidentShape:
    """Return an incident as an object of the API."""
    incident = found.incident
    return IncidentShape.of(incident, first=FirstMoverShape.of(incident.first, name=found.first_name))


def entry(found: AlertEntry) -> IncidentEntryShape:
    """Return an entry as an object of the API."""
    return IncidentEntryShape.of(found)
