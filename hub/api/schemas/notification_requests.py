"""Request bodies of notifications. Times are epoch milliseconds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from hub.accounts.account import Role
from hub.accounts.profile import Language
from hub.api.schemas.requests import ONE_LINE, Incoming, Text
from hub.api.schemas.silence_requests import Patterns, WeeklyWanted
from hub.model import ReportKind, Scope, Severity, WeeklyWindow
from hub.notifications.report_schedule import ReportSchedule
from hub.notifications.routes import GroupBy, NotificationRoute, RouteStep
from hub.notifications.settings import PersonAddress, PersonNotifications
from hub.notifications.templates import MessageTemplate

LATEST_MS = 4_102_444_800_000
"""Latest time in a request: the year 2100, in epoch ms. With later times, calculations could exceed the year 9999."""
Seconds = Annotated[int, Field(ge=0, le=604_800)]
Value = Annotated[str, StringConstraints(max_length=2_048)] | Annotated[int, Field(ge=0, le=65_535)] | bool
Values = Annotated[dict[Annotated[str, StringConstraints(max_length=64)], Value], Field(max_length=32)]
Address = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_048, pattern=ONE_LINE)]
Hours = Annotated[list[WeeklyWanted], Field(max_length=16, fail_fast=True)]
Ids = Annotated[tuple[Annotated[str, StringConstraints(max_length=64)], ...], Field(max_length=100, fail_fast=True)]


class TemplateWanted(Incoming):
    """A Jinja2 template of messages, for a channel or a route.

    A field that is empty in a channel's template is taken from the route's template, or else from the default template.
    """

    title: Annotated[str, StringConstraints(max_length=4_096)] = ""
    text: Annotated[str, StringConstraints(max_length=4_096)] = ""

    def wanted(self) -> MessageTemplate:
        """Return the template as the class :class:`MessageTemplate`."""
        return MessageTemplate(self.title, self.text)


class PreviewWanted(TemplateWanted):
    """A template to try on the alert `alert_id`, or on the newest alert if `alert_id` is null."""

    status: Literal["firing", "resolved"] = "firing"
    alert_id: Annotated[str, StringConstraints(max_length=64)] | None = None
    language: Language | None = None


class ChannelWanted(Incoming):
    """A channel to send messages over. `values` are its settings.

    If a secret is absent from `values`, the stored secret is kept; an empty secret removes it. If `shared` is true,
    routes send to the channel. Otherwise, only people use the channel, each with an address of their own. `language` is
    the language of messages that are not for a person; null for English.
    """

    kind: Annotated[str, StringConstraints(max_length=32)]
    name: Text
    values: Values = Field(default_factory=dict)
    shared: bool = True
    enabled: bool = True
    template: TemplateWanted = Field(default_factory=TemplateWanted)
    language: Language | None = None


class ChannelTest(ChannelWanted):
    """A channel to test. `address` is a person's address on this channel; null for a channel with a fixed receiver."""

    address: Address | None = None


class StepWanted(Incoming):
    """Whom to notify `after_s` seconds after the first message, as long as nobody has acknowledged the alert.

    `channels` are ids of channels; `*` stands for every shared channel. `people` are ids of accounts. A role in `roles`
    stands for all people with that role.
    """

    after_s: Seconds = 0
    channels: Ids = ()
    people: Ids = ()
    roles: Annotated[tuple[Role, ...], Field(max_length=3, fail_fast=True)] = ()


class RouteWanted(Incoming):
    """A route: which alerts it is for, and how people are notified of them.

    An alert has to match every list that is not empty. `hours` are the weekly hours in which the route is used; an
    empty list means always. A route without `steps` notifies nobody.
    """

    name: Text
    devices: Patterns = ()
    models: Patterns = ()
    labels: Patterns = ()
    areas: Patterns = ()
    via: Patterns = ()
    rules: Patterns = ()
    severities: Annotated[tuple[Severity, ...], Field(max_length=4, fail_fast=True)] = ()
    hours: Hours = Field(default_factory=list)
    steps: Annotated[list[StepWanted], Field(max_length=16, fail_fast=True)] = Field(default_factory=list)
    group_by: GroupBy = "incident"
    group_wait_s: Annotated[int, Field(ge=0, le=3_600)] = 5
    diagnosis_wait_s: Annotated[int, Field(ge=0, le=600)] = 30
    group_interval_s: Annotated[int, Field(ge=1, le=86_400)] = 300
    repeat_s: Seconds = 14_400
    template: TemplateWanted = Field(default_factory=TemplateWanted)

    def route(self) -> NotificationRoute:
        """Return the route as the class :class:`NotificationRoute`, with its steps sorted by time."""
        steps = [RouteStep(each.after_s, each.channels, each.people, each.roles) for each in self.steps]
        return NotificationRoute(
            name=self.name,
            scope=Scope(self.devices, self.models, self.labels, self.areas, self.via),
            rules=self.rules,
            severities=self.severities,
            hours=windows(self.hours),
            steps=tuple(sorted(steps, key=lambda each: each.after_s)),
            group_by=self.group_by,
            group_wait_s=self.group_wait_s,
            diagnosis_wait_s=self.diagnosis_wait_s,
            group_interval_s=self.group_interval_s,
            repeat_s=self.repeat_s,
            template=self.template.wanted(),
        )


class RoutesWanted(Incoming):
    """All routes, which replace the stored routes. The first route that matches an alert is used."""

    routes: Annotated[list[RouteWanted], Field(max_length=64, fail_fast=True)]


class ReportPreviewWanted(Incoming):
    """A report to preview, with times in the time zone `zone`.

    The report covers the last `hours`. A digest covers seven days.
    """

    kind: ReportKind
    hours: Annotated[int, Field(ge=1, le=48)] = 8
    zone: Annotated[str, StringConstraints(max_length=64)] = "UTC"


class ReportWanted(ReportPreviewWanted):
    """A scheduled report. It is sent on `days` (0 is Monday), `at` minutes after midnight in the time zone `zone`.

    If there is nothing to report, the report is sent only if `send_empty` is true.
    """

    name: Text
    days: Annotated[tuple[Annotated[int, Field(ge=0, le=6)], ...], Field(min_length=1, max_length=7, fail_fast=True)]
    at: Annotated[int, Field(ge=0, le=1_439)]
    channels: Ids = ()
    people: Ids = ()
    roles: Annotated[tuple[Role, ...], Field(max_length=3, fail_fast=True)] = ()
    send_empty: bool = False

    def wanted(self) -> ReportSchedule:
        """Return the schedule, with each day once and in order."""
        return ReportSchedule(**{**self.model_dump(), "days": tuple(sorted(set(self.days)))})


class ReportsWanted(Incoming):
    """All reports, which replace the stored reports."""

    reports: Annotated[list[ReportWanted], Field(max_length=32, fail_fast=True)]


class GeneralWanted(Incoming):
    """General settings of notifications to change. Settings that are absent or null stay as they are.

    Links in messages begin with `base_url`; if it is empty, they begin with the hub's own address. The hub requests
    `heartbeat_url` every minute while it works; if it is empty, there is no heartbeat. With `mqtt_events`, the hub
    publishes events and open alerts below `hub/`. With `home_assistant`, it announces alerts to Home Assistant as
    sensors.
    """

    base_url: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] | None = None
    heartbeat_url: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2_048)] | None = None
    mqtt_events: bool | None = None
    home_assistant: bool | None = None


class DryRunWanted(Incoming):
    """A hypothetical alert on a device, with a rule and a severity. It is raised at the time `at`, by default now."""

    device_id: str = Field(max_length=128)
    rule_id: Annotated[str, StringConstraints(max_length=128)] = ""
    severity: Severity = "critical"
    at: Annotated[int, Field(ge=0, le=LATEST_MS)] | None = None


class AddressWanted(Incoming):
    """The address at which a person is reached over a channel."""

    channel: Annotated[str, StringConstraints(max_length=64)]
    address: Address
    label: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64, pattern=ONE_LINE)] = ""


class OwnNotifications(Incoming):
    """Your addresses on channels, and the weekly quiet hours (`quiet`) in which messages wait.

    Messages about critical alerts wait only if `quiet_critical` is true.
    """

    addresses: Annotated[list[AddressWanted], Field(max_length=16, fail_fast=True)] = Field(default_factory=list)
    quiet: Hours = Field(default_factory=list)
    quiet_critical: bool = False

    def wanted(self) -> PersonNotifications:
        """Return the settings as the class :class:`PersonNotifications`."""
        addresses = tuple(PersonAddress(each.channel, each.address, each.label) for each in self.addresses)
        return PersonNotifications(addresses, windows(self.quiet), self.quiet_critical)


def windows(wanted: list[WeeklyWanted]) -> tuple[WeeklyWindow, ...]:
    """Return the weekly hours of a request as objects of :class:`WeeklyWindow`.

    The days of each window are sorted and without duplicates.
    """
    return tuple(WeeklyWindow(tuple(sorted(set(each.days))), each.start, each.end, each.zone) for each in wanted)
