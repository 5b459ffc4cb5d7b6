"""Incidents as the API returns them. Times are epoch milliseconds."""

from __future__ import annotations

from typing import Any

from hub.api.schemas.api_object import ApiObject
from hub.api.schemas.responses import AlertShape
from hub.model import AlertEntry, AlertEntryKind, IncidentKind, IncidentState, Severity
from hub.services.visible_incidents import NamedIncident


class FirstMoverShape(ApiObject, rename={"device": "device_id", "name": "device_name", "alert": "alert_id"}):
    """The device and the metric that changed first, and the time of the change by the device's clock.

    `metric` is null if the device fell silent. `alert_id` is null for a gateway that has no alert of its own.
    """

    device: str
    name: str
    metric: str | None
    since: int
    alert: str | None


class IncidentShape(ApiObject):
    """A group of alerts that share a cause.

    - `kind`: the shared cause: a `device` (or the machine that it is part of), a `gateway` that is down, or a `rule` in
      one area or on one label
    - `state`: `acknowledged` if all open alerts that are not suppressed are acknowledged; `resolved` if none is open
    - `severity`: the highest severity of the open alerts; for a resolved incident, the highest that it ever had
    - `started_at`, `changed_at`: when the first and when the latest alert was raised
    - `ended_at`: when the incident was resolved
    - `alerts`: the number of alerts; `open`: how many of them are open
    - `suppressed`: for how many open alerts nobody is notified, because their gateway is down
    - `flapping`: one of the alerts is raised and cleared again and again; the incident stays open until that alert has
      been quiet for ten minutes
    - `title_key`, `title_params`: the key of the sentence in `title`, and the values in it
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
    """An entry of the history of one of the incident's alerts. The fields are those of an alert's history."""

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
    """Return an entry of an alert's history as an object of the API."""
    return IncidentEntryShape.of(found)
