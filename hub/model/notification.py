"""Data of notifications: the change of an alert, the message about it, and its deliveries over channels."""

from __future__ import annotations

from typing import Literal

import msgspec

from hub.model.alert import Alert, Severity
from hub.model.reading import Value

MessageKind = Literal["firing", "resolved", "test", "hub", "report", "reaction"]
"""``hub`` is about the hub itself, ``reaction`` is the call of a reaction's webhook."""
DeliveryState = Literal["waiting", "sending", "delivered", "failed", "cancelled"]
FailureReason = Literal["auth", "rate_limit", "timeout", "unreachable", "rejected", "overflow"]
"""Why an attempt failed. ``overflow``: too many deliveries were waiting for the channel, so it was never tried."""


class PendingNotice(msgspec.Struct, frozen=True):
    """A change of an alert about which people may have to be notified.

    It is stored in the same commit as the change, so that it is not lost in a crash. ``at`` is in epoch ms.
    """

    alert: Alert
    at: int


class MessageAlert(msgspec.Struct, frozen=True, omit_defaults=True):
    """The facts of an alert in a message. ``area``, ``device_name`` and ``rule_name`` are display names."""

    id: str
    rule: str
    device: str
    device_name: str
    area: str | None
    metric: str | None
    severity: Severity
    message: str
    value: Value | None
    threshold: float | None
    unit: str | None
    since: int
    ended_at: int | None = None
    diagnosis: str | None = None  # its first sentence
    url: str | None = None
    rule_name: str | None = None
    flapping: bool = False  # it is raised and cleared again and again


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message for one receiver. ``more`` is the number of alerts that it does not list."""

    kind: MessageKind
    title: str
    text: str
    severity: Severity
    at: int
    alerts: tuple[MessageAlert, ...] = ()
    more: int = 0
    url: str | None = None


class NotificationReceiver(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a message goes: to a channel that several people share, or to one person.

    Attributes:
        channel: The id of the channel that sends the message.
        person: The account id of the person; None for a shared channel.
        address: The person's address on the channel, such as a mail address; empty for a shared channel.
    """

    channel: str
    person: str | None = None
    address: str = ""


class NotificationGroup(msgspec.Struct, frozen=True, omit_defaults=True):
    """Open alerts that share messages, and the progress of notifying people of them.

    Attributes:
        id: ``KEY@TIME``. KEY is made from what the alerts have in common, TIME is when the group began. All deliveries
            of the group have this id.
        alerts: Ids of the group's open alerts.
        created_at: When the first alert joined.
        due_at: When the next message may be due; None if no message is planned.
        first_sent_at: When the first message was made; escalation counts from it.
        sent_at: When the last message was made.
        sent: How many messages were made.
        step: How many steps of the escalation were notified.
        told: The open alerts that messages have listed, by id, with the severity in the last message.
        receivers: Everybody who got a message of the group.
        cleared: Alerts that messages listed and that have cleared since, the newest last. Older ones are dropped.
        flapping: Flapping alerts that messages listed: the highest severity that a message named, by the key of rule,
            device and metric.
        calm_at: When the cleared alerts in ``flapping`` count as stable, if none is raised again. The group is kept
            until then.
    """

    id: str
    alerts: tuple[str, ...]
    created_at: int
    due_at: int | None = None
    first_sent_at: int | None = None
    sent_at: int = 0
    sent: int = 0
    step: int = 0
    told: dict[str, Severity] = {}
    receivers: tuple[NotificationReceiver, ...] = ()
    cleared: tuple[Alert, ...] = ()
    flapping: dict[str, Severity] = {}
    calm_at: int = 0


class NotificationDelivery(msgspec.Struct, frozen=True):
    """A message to send to a receiver. All attempts have the same ``key``, by which receivers recognize a repeat."""

    key: str
    group: str
    receiver: NotificationReceiver
    message: Message
    created_at: int


class DeliveryAttempt(msgspec.Struct, frozen=True, omit_defaults=True):
    """One attempt of a delivery.

    Attributes:
        reason: Why it failed; None if it succeeded.
        text: The error or response of the receiver's server, without secrets.
        target: The address, with its secrets masked.
        maybe: The attempt failed, but the receiver may have the message.
    """

    at: int
    took_ms: int
    reason: FailureReason | None = None
    text: str = ""
    target: str = ""
    maybe: bool = False


class DeliveryRecord(msgspec.Struct, frozen=True):
    """A stored delivery with its attempts.

    Attributes:
        number: Row number; later deliveries have higher numbers.
        attempt: How many attempts were started.
        due_at: When the next attempt is due.
        lease_until: The deadline of the current attempt.
    """

    number: int
    delivery: NotificationDelivery
    state: DeliveryState
    attempt: int
    due_at: int
    lease_until: int
    attempts: tuple[DeliveryAttempt, ...] = ()
