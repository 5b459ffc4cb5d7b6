"""Notifications of alerts: what happened, the message about it, and its deliveries over channels."""

from __future__ import annotations

from typing import Literal

import msgspec

from hub.model.alert import Alert, Severity
from hub.model.reading import Value

MessageKind = Literal["firing", "resolved", "test", "hub"]
"""``hub`` is about the hub itself."""
DeliveryState = Literal["waiting", "sending", "delivered", "failed", "cancelled"]
FailureReason = Literal["auth", "rate_limit", "timeout", "unreachable", "rejected", "overflow"]
"""Why an attempt failed. ``overflow``: too many deliveries were waiting for the channel, and it was never tried."""


class PendingNotice(msgspec.Struct, frozen=True):
    """A change of an alert that notifications have to consider. It is stored in the commit of that change."""

    alert: Alert
    at: int


class MessageAlert(msgspec.Struct, frozen=True, omit_defaults=True):
    """The facts of an alert in a message. ``area``, ``device_name`` and ``rule_name`` are as people know them."""

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


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message for one receiver. ``more`` is how many alerts it is about beyond those that it lists."""

    kind: MessageKind
    title: str
    text: str
    severity: Severity
    at: int
    alerts: tuple[MessageAlert, ...] = ()
    more: int = 0
    url: str | None = None


class NotificationReceiver(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a message goes: to a channel, and with a ``person`` (account id) to their ``address`` on it."""

    channel: str
    person: str | None = None
    address: str = ""


class NotificationGroup(msgspec.Struct, frozen=True, omit_defaults=True):
    """The open alerts that share their messages, and how far notifying of them has got.

    Attributes:
        id: The group key with the time when the group began; every message of the group carries it.
        alerts: Ids of its open alerts.
        created_at: When the first of them came.
        due_at: When the next message may be due; None if none is.
        first_sent_at: When the first message was made; escalation counts from it.
        sent_at: When the last message was made.
        sent: How many messages were made.
        step: How many steps of the route have been notified.
        told: The alerts in the messages so far, with the highest severity that they named.
        receivers: Everybody that a message was made for.
        cleared: The last of its alerts that messages named and that have cleared.
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


class NotificationDelivery(msgspec.Struct, frozen=True):
    """A message to be handed to a receiver. ``key`` is unique: receivers recognize a repeat by it."""

    key: str
    group: str
    receiver: NotificationReceiver
    message: Message
    created_at: int


class DeliveryAttempt(msgspec.Struct, frozen=True, omit_defaults=True):
    """One attempt of a delivery.

    Attributes:
        reason: Why it failed; None if it succeeded.
        text: What the other side said, without secrets.
        target: The address, with its secrets masked.
        maybe: It failed, but the receiver may have the message.
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
        number: Of its row; later ones have higher numbers.
        attempt: How many attempts were begun.
        due_at: When the next one is due.
        lease_until: Until when the present one may take.
    """

    number: int
    delivery: NotificationDelivery
    state: DeliveryState
    attempt: int
    due_at: int
    lease_until: int
    attempts: tuple[DeliveryAttempt, ...] = ()
