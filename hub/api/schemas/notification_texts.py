"""Templates of messages, and reports that are sent as messages."""

from __future__ import annotations

from hub.accounts.account import Role
from hub.api.schemas.api_object import ApiObject
from hub.model import ReportKind


class TemplateShape(ApiObject):
    """A template of messages. An empty title or text stands for the next one: channel, route, default."""

    title: str
    text: str


class PreviewShape(ApiObject):
    """A message about an alert as a template makes it."""

    title: str
    text: str
    alert_id: str


class ReportShape(ApiObject):
    """When a report is sent to whom: on `days` (0 is Monday), at the minute `at` of the day in the time zone `zone`."""

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
    """A report as it would be sent now. `empty`: nothing happened."""

    title: str
    text: str
    empty: bool
