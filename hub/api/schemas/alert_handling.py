"""What people did with alerts, as the API returns it. Times are epoch milliseconds."""

from __future__ import annotations

from hub.api.schemas.api_object import ApiObject
from hub.api.schemas.responses import AlertShape, AssigneeShape
from hub.model import AlertEntryKind, Severity


class AlertEntryShape(ApiObject):
    """An entry of an alert's history. `by` is null for actions of the hub.

    `text` is the alert's message if the alert was raised or changed. Otherwise, it is a comment, a note, the name of
    the assigned person, or a cause. `until` is the time at which an acknowledgement or a mute ends.
    """

    at: int
    kind: AlertEntryKind
    severity: Severity
    by: str | None
    text: str | None
    until: int | None


class AlertHistory(ApiObject):
    items: list[AlertEntryShape]
    next: str | None


class BulkResultShape(ApiObject):
    """The result for one alert: the alert after the action, or the error."""

    id: str
    alert: AlertShape | None
    error: str | None


class BulkResults(ApiObject):
    items: list[BulkResultShape]


class AssigneeList(ApiObject):
    items: list[AssigneeShape]
