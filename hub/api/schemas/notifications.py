"""Settings of notifications, deliveries and dry runs, as the API returns them. Times are epoch milliseconds."""

from __future__ import annotations

from hub.accounts.account import Role
from hub.accounts.profile import Language
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
    """A setting that channels of a kind have. Values of the types `secret` and `secret_url` are never returned."""

    name: str
    title: str
    type: FieldType
    required: bool
    default: str | int | bool | None
    choices: list[str]
    help: str


class ChannelKindShape(ApiObject):
    """A kind of channel, such as email. `address` describes what people enter to be reached over such a channel.

    `address` is null if channels of this kind have no personal addresses.
    """

    kind: str
    title: str
    fields: list[ChannelFieldShape]
    address: ChannelFieldShape | None


class ChannelShape(ApiObject):
    """A channel without its secrets. `secrets` are the names of the secrets that are set.

    `target` is the address that messages go to, masked. `waiting` and `failed` are numbers of deliveries.
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
    language: Language | None
    waiting: int
    failed: int


class StepShape(ApiObject):
    """Whom to notify `after_s` seconds after the first message, as long as nobody has acknowledged the alert."""

    after_s: int
    channels: list[str]
    people: list[str]
    roles: list[Role]


class RouteShape(ApiObject):
    """A route: which alerts it is for, and how people are notified of them."""

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
    """The settings of notifications. Links in messages begin with `link_url`.

    `default_template` is used for channels and routes without a template of their own. `template_fields` are the names
    that a template can use for a message. `alert_fields` are the names that it can use for each alert in a loop over
    `alerts`.

    `heartbeat` is the URL of the heartbeat, masked; it is empty if there is no heartbeat.
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
    """The result of a test message. If `ok` is false, `reason` and `message` say why it was not sent."""

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
    """A delivery of a message over a channel, with its attempts. `due_at` is the time of the next attempt."""

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
    """Deliveries, newest first. To get older ones, pass `next` as the parameter `before`; `next` is null at the end."""

    items: list[DeliveryShape]
    next: int | None


class DryRunReceiverShape(ApiObject):
    """Somebody whom a step of a notification route would notify: a channel, or a person on a channel.

    For a person who cannot be reached, `channel` is null and `problem` says why. `held_until` is the end of the quiet
    hours that hold the message; null if the message would be sent at once.
    """

    channel: str | None
    person: str | None
    held_until: int | None
    problem: DryRunProblem | None


class DryRunStepShape(ApiObject):
    """A step of the notification route that matches, and the time `at` at which its receivers would be notified."""

    at: int
    receivers: list[DryRunReceiverShape]


class DryRunShape(ApiObject):
    """Who would be notified. `route` is null if no route matches at that time; then nobody would be notified."""

    route: str | None
    group_wait_s: int
    repeat_s: int
    steps: list[DryRunStepShape]


class PersonalChannelShape(ApiObject):
    """A channel over which people can be reached at an address of their own."""

    id: str
    kind: str
    name: str
    address: ChannelFieldShape


class PersonAddressShape(ApiObject):
    channel: str
    address: str
    label: str


class OwnNotificationsShape(ApiObject):
    """Your addresses on channels and your quiet hours. `channels` are the channels that you can choose from.

    `push_key` is the key with which a browser subscribes to push messages.
    """

    addresses: list[PersonAddressShape]
    quiet: list[WeeklyShape]
    quiet_critical: bool
    channels: list[PersonalChannelShape]
    push_key: str


def field_shape(field: ChannelField) -> ChannelFieldShape:
    """Return a setting of a kind of channel as an object of the API."""
    return ChannelFieldShape.of(field, choices=list(field.choices))


def kind_shape(kind: ChannelKind) -> ChannelKindShape:
    """Return a kind of channel as an object of the API."""
    address = field_shape(kind.address) if kind.address is not None else None
    return ChannelKindShape(kind.kind, kind.title, [field_shape(each) for each in kind.fields], address)


def channel_shape(channel: NotificationChannel, counts: dict[tuple[str, DeliveryState], int]) -> ChannelShape:
    """Return a channel without its secrets. ``counts`` has the number of deliveries by channel id and state."""
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
    """Return a route as an object of the API."""
    return RouteShape.of(
        route,
        scope=ScopeShape.of(route.scope),
        hours=[WeeklyShape.of(each) for each in route.hours],
        steps=[StepShape.of(each) for each in route.steps],
        template=TemplateShape.of(route.template),
    )


def delivery_shape(record: DeliveryRecord) -> DeliveryShape:
    """Return a delivery as an object of the API."""
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
    """Return the result of a dry run as an object of the API."""
    steps = [
        DryRunStepShape(each.at, [DryRunReceiverShape.of(receiver) for receiver in each.receivers])
        for each in found.steps
    ]
    return DryRunShape.of(found, steps=steps)


def own_shape(wishes: PersonNotifications, settings: NotificationSettings, push_key: str) -> OwnNotificationsShape:
    """Return a person's notification settings as an object of the API, with the channels to choose from.

    ``settings`` has the channels of the hub.
    """
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
