"""The interface of notification channels: how a message is delivered to another system.

To write a channel, implement :class:`ChannelKind` in a file of ``channels/`` and add a line to its table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

import msgspec

from hub.errors import Invalid
from hub.model import FailureReason, Message
from hub.server_urls import check_url

FieldType = Literal["text", "url", "secret", "secret_url", "number", "choice", "yes_no"]
SECRET: frozenset[FieldType] = frozenset(("secret", "secret_url"))
"""Types of settings whose values are secret: the hub stores them, but the API never returns them."""
Setting = str | int | bool
Values = Mapping[str, Setting]
MAX_VALUE_CHARS = 2_048
FINAL: frozenset[FailureReason] = frozenset(("auth", "rejected"))
"""Reasons of failures after which the message is not retried, because it would fail again with the same settings."""


class ChannelField(msgspec.Struct, frozen=True, omit_defaults=True):
    """Describes one setting that channels of a kind have, such as the URL of a webhook.

    Attributes:
        server: True if this setting determines the server to which the hub sends the channel's secrets. If people
            change it, they must enter the secrets again.
    """

    name: str
    title: str
    type: FieldType = "text"
    required: bool = False
    default: Setting | None = None
    choices: tuple[str, ...] = ()
    server: bool = False
    help: str = ""


class OutgoingMessage(msgspec.Struct, frozen=True):
    """A message for a channel to deliver.

    Attributes:
        channel: The id of the channel.
        key: Idempotency key. It is the same for every attempt, so that the receiver can recognize a repeated message.
        group: Equal for all messages about the same alerts, so that a later message can replace an earlier one.
        address: The person's address on this channel. If it is empty, the address in the channel's settings is used.
        message: The content.
        at: The time of the attempt, in epoch ms.
        picture: A chart as PNG; None if there is no chart.
    """

    channel: str
    key: str
    group: str
    address: str
    message: Message
    at: int
    picture: bytes | None = None


class DeliveryFailed(Exception):
    """An attempt to deliver a message failed.

    Attributes:
        retry_after_s: Seconds to wait before the next attempt, as the receiver asked.
        gone: The address of the person no longer exists.
        maybe: True if the receiver may have the message, because it was sent, but not acknowledged.
    """

    def __init__(
        self,
        reason: FailureReason,
        text: str,
        retry_after_s: float | None = None,
        *,
        gone: bool = False,
        maybe: bool = False,
    ) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text
        self.retry_after_s = retry_after_s
        self.gone = gone
        self.maybe = maybe


class ChannelKind(Protocol):
    """A kind of channel, such as mail. One object serves all channels of the kind.

    Attributes:
        kind: The id of the kind.
        title: The display name of the kind.
        fields: The settings that channels of this kind have.
        address: The field for a person's own address on such a channel; None if there are no personal addresses.
        pictures: Whether messages can have a picture.
    """

    kind: str
    title: str
    fields: tuple[ChannelField, ...]
    address: ChannelField | None
    pictures: bool

    def check(self, values: Values) -> None:
        """Raise Invalid if the settings of a channel cannot be used together."""

    def check_address(self, address: str) -> None:
        """Raise Invalid if the address that a person entered is not valid."""

    def target(self, values: Values, address: str) -> str:
        """Return the destination of messages, with secrets masked."""

    async def send(self, values: Values, outgoing: OutgoingMessage) -> None:
        """Deliver a message. Raises DeliveryFailed, OSError and TimeoutError."""

    async def close(self) -> None:
        """Close connections and processes; called when the hub stops."""


def checked_values(fields: tuple[ChannelField, ...], given: Mapping[str, Any]) -> dict[str, Setting]:
    """Return the settings of a channel, with default values for the missing settings.

    Raises Invalid, which names the setting, for a value that is not allowed.
    """
    if unknown := given.keys() - {field.name for field in fields}:
        names = ", ".join(field.name for field in fields)
        raise Invalid(f"There is no setting {sorted(unknown)[0][:64]!r}.", f"Allowed: {names}.")
    found: dict[str, Setting] = {}
    for field in fields:
        value = given.get(field.name, field.default)
        if value is None or value == "":
            if field.required:
                raise Invalid(f"{field.name} is missing.", f"Enter: {field.title}.")
            continue
        found[field.name] = _checked(field, value)
    return found


def _checked(field: ChannelField, value: object) -> Setting:
    if field.type == "yes_no":
        if not isinstance(value, bool):
            raise Invalid(f"{field.name} is not valid.", "Allowed: true or false.")
        return value
    if field.type == "number":
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 65_535:
            raise Invalid(f"{field.name} is not valid.", "Allowed: a whole number from 0 to 65535.")
        return value
    if not isinstance(value, str) or len(value) > MAX_VALUE_CHARS or not value.isprintable():
        raise Invalid(f"{field.name} is not valid.", f"Allowed: up to {MAX_VALUE_CHARS} characters in one line.")
    value = str(value).strip()
    if field.type == "choice" and value not in field.choices:
        raise Invalid(f"{field.name} is not valid.", f"Allowed: {', '.join(field.choices)}.")
    if field.type in ("url", "secret_url"):
        check_url(field.name, value)
    return value


def masked_url(url: str) -> str:
    """Return a URL with everything after the host hidden, because paths and queries carry secrets."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "…"
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}/…"
