"""Objects of what people do with alerts. Times are epoch milliseconds."""

from __future__ import annotations

from hub.api.schemas.api_object import ApiObject
from hub.api.schemas.responses import AlertShape, AssigneeShape
from hub.model import AlertEntryKind, Severity


class AlertEntryShape(ApiObject):
    """An entry of an alert's history. `by` is null for actions of the hub.

    `text` is a comment, a note, the name of an assignee, or a cause; of an alert that was raised or changed, its
    message. `until` is the end of an acknowledgement or a mute.
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
