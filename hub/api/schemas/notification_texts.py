"""Templates of messages, and reports that are sent as messages."""

from __future__ import annotations

from hub.accounts.account import Role
from hub.api.schemas.api_object import ApiObject
from hub.model import ReportKind


class TemplateShape(ApiObject):
    """A template of messages.

    A field that is empty in a channel's template is taken from the route's template, or else from the default template.
    """

    title: str
    text: str


class PreviewShape(ApiObject):
    """The message about an alert that a template produces."""

    title: str
    text: str
    alert_id: str


class ReportShape(ApiObject):
    """A scheduled report. It is sent on `days` (0 is Monday), `at` minutes after midnight in the time zone `zone`."""

    name: str
    kind: ReportKind
    days: list[int]
    at: int
    zone: str
    hours: int
    channels: list[str]
    people: list[str]
    roles: list[Role]
    send_empty: bool


class ReportPreviewShape(ApiObject):
    """A report as it would be sent now. `empty` is true if there is nothing to report."""

    title: str
    text: str
    empty: bool
