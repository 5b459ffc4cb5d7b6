"""Objects of notifications. Times are epoch milliseconds."""

from __future__ import annotations

from hub.accounts.account import Role
from hub.api.schemas.api_object import ApiObject
from hub.api.schemas.notification_texts import ReportShape, TemplateShape
from hub.api.schemas.rules import ScopeShape
from hub.api.schemas.silences import WeeklyShape
from hub.model import DeliveryRecord, DeliveryState, FailureReason, MessageKind, Severity
from hub.notifications.base import SECRET, ChannelField, ChannelKind, FieldType
from hub.notifications.dry_run import DryRun, DryRunProblem
from hub.notifications.routes import GroupBy, NotificationRoute
from hub.notifications.settings import NotificationChannel, NotificationSettings, PersonNotifications


class ChannelFieldShape(ApiObject):
    """A setting of a kind of channel. Values of the types `secret` and `secret_url` are never returned."""

    name: str
    title: str
    type: FieldType
    required: bool
    default: str | int | bool | None
    choices: list[str]
    help: str


class ChannelKindShape(ApiObject):
    """A kind of channel. `address`: what people enter to be reached over it; null if it has no personal addresses."""

    kind: str
    title: str
    fields: list[ChannelFieldShape]
    address: ChannelFieldShape | None


class ChannelShape(ApiObject):
    """A channel without its secrets; `secrets` names those that are set. `target` is where messages go, masked.

    `waiting` and `failed` are numbers of deliveries.
    """

    id: str
    kind: str
    name: str
    values: dict[str, str | int | bool]
    secrets: list[str]
    target: str
    shared: bool
    enabled: bool
    template: TemplateShape
    waiting: int
    failed: int


class StepShape(ApiObject):
    """Whom to notify `after_s` seconds after the first message."""

    after_s: int
    channels: list[str]
    people: list[str]
    roles: list[Role]


class RouteShape(ApiObject):
    """A route."""

    name: str
    scope: ScopeShape
    rules: list[str]
    severities: list[Severity]
    hours: list[WeeklyShape]
    steps: list[StepShape]
    group_by: GroupBy
    group_wait_s: int
    diagnosis_wait_s: int
    group_interval_s: int
    repeat_s: int
    template: TemplateShape


class NotificationsShape(ApiObject):
    """The settings of notifications. `link_url` is the address that links in messages begin with.

    `default_template` makes the messages of channels and routes without a template of their own; `template_fields`
    are the fields of a message, and `alert_fields` those of each alert in a loop over `alerts`.

    `heartbeat` is the URL of the heartbeat, masked; empty: none.
    """

    kinds: list[ChannelKindShape]
    channels: list[ChannelShape]
    routes: list[RouteShape]
    reports: list[ReportShape]
    default_template: TemplateShape
    template_fields: list[str]
    alert_fields: list[str]
    base_url: str
    link_url: str
    heartbeat: str
    mqtt_events: bool
    home_assistant: bool


class ChannelTestShape(ApiObject):
    """Whether a test message was handed over, or why not."""

    ok: bool
    reason: FailureReason | None
    message: str | None


class AttemptShape(ApiObject):
    """An attempt to deliver. `reason` is null if it succeeded; `text` is the receiver's error or response."""

    at: int
    took_ms: int
    reason: FailureReason | None
    text: str
    target: str


class DeliveryShape(ApiObject):
    """A delivery with its attempts. `due_at` is when the next attempt is due."""

    number: int
    key: str
    group: str
    channel: str
    person: str | None
    kind: MessageKind
    severity: Severity
    title: str
    text: str
    alerts: list[str]
    state: DeliveryState
    created_at: int
    due_at: int
    attempt: int
    attempts: list[AttemptShape]


class DeliveryList(ApiObject):
    """Deliveries, newest first. `next` is the number to continue below; null at the end."""

    items: list[DeliveryShape]
    next: int | None


class DryRunReceiverShape(ApiObject):
    """Somebody in a step: a channel, a person on a channel, or a `person` who cannot be reached.

    `held_until`: quiet hours hold the message until then.
    """

    channel: str | None
    person: str | None
    held_until: int | None
    problem: DryRunProblem | None


class DryRunStepShape(ApiObject):
    """A step of the route, and when it would be due."""

    at: int
    receivers: list[DryRunReceiverShape]


class DryRunShape(ApiObject):
    """Who would be notified. `route` is null if no route matches at that time: then nobody is."""

    route: str | None
    group_wait_s: int
    repeat_s: int
    steps: list[DryRunStepShape]


class PersonalChannelShape(ApiObject):
    """A channel that people can be reached over."""

    id: str
    kind: str
    name: str
    address: ChannelFieldShape


class PersonAddressShape(ApiObject):
    channel: str
    address: str
    label: str


class OwnNotificationsShape(ApiObject):
    """Your channels and quiet hours, and the `channels` that you can choose from.

    `push_key`: the key with which a browser subscribes to push messages.
    """

    addresses: list[PersonAddressShape]
    quiet: list[WeeklyShape]
    quiet_critical: bool
    channels: list[PersonalChannelShape]
    push_key: str


def field_shape(field: ChannelField) -> ChannelFieldShape:
    """Return a setting of a kind."""
    return ChannelFieldShape.of(field, choices=list(field.choices))


def kind_shape(kind: ChannelKind) -> ChannelKindShape:
    """Return a kind of channel."""
    address = field_shape(kind.address) if kind.address is not None else None
    return ChannelKindShape(kind.kind, kind.title, [field_shape(each) for each in kind.fields], address)


def channel_shape(channel: NotificationChannel, counts: dict[tuple[str, DeliveryState], int]) -> ChannelShape:
    """Return a channel without its secrets."""
    secrets = {field.name for field in channel.type.fields if field.type in SECRET}
    return ChannelShape.of(
        channel,
        values={name: value for name, value in channel.values.items() if name not in secrets},
        secrets=sorted(secrets & channel.values.keys()),
        target=channel.type.target(channel.values, ""),
        template=TemplateShape.of(channel.template),
        waiting=counts.get((channel.id, "waiting"), 0),
        failed=counts.get((channel.id, "failed"), 0),
    )


def route_shape(route: NotificationRoute) -> RouteShape:
    """Return a route."""
    return RouteShape.of(
        route,
        scope=ScopeShape.of(route.scope),
        hours=[WeeklyShape.of(each) for each in route.hours],
        steps=[StepShape.of(each) for each in route.steps],
        template=TemplateShape.of(route.template),
    )


def delivery_shape(record: DeliveryRecord) -> DeliveryShape:
    """Return a delivery."""
    delivery = record.delivery
    return DeliveryShape.of(
        record,
        key=delivery.key,
        group=delivery.group,
        channel=delivery.receiver.channel,
        person=delivery.receiver.person,
        kind=delivery.message.kind,
        severity=delivery.message.severity,
        title=delivery.message.title,
        text=delivery.message.text,
        alerts=[each.id for each in delivery.message.alerts],
        created_at=delivery.created_at,
        attempts=[AttemptShape.of(each) for each in record.attempts],
    )


def dry_run_shape(found: DryRun) -> DryRunShape:
    """Return a dry run."""
    steps = [
        DryRunStepShape(each.at, [DryRunReceiverShape.of(receiver) for receiver in each.receivers])
        for each in found.steps
    ]
    return DryRunShape.of(found, steps=steps)


def own_shape(wishes: PersonNotifications, settings: NotificationSettings, push_key: str) -> OwnNotificationsShape:
    """Return the settings of a person."""
    return OwnNotificationsShape(
        addresses=[PersonAddressShape.of(each) for each in wishes.addresses],
        quiet=[WeeklyShape.of(each) for each in wishes.quiet],
        quiet_critical=wishes.quiet_critical,
        channels=[
            PersonalChannelShape(each.id, each.kind, each.name, field_shape(each.type.address))
            for each in settings.channels
            if each.enabled and each.type.address is not None
        ],
        push_key=push_key,
    )
