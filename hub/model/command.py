"""Commands to devices: the description of a command that a device accepts, and a command with its value and state."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from hub.model.reading import Value

CommandState = Literal["queued", "sent", "acknowledged", "confirmed", "failed", "expired", "unverified"]
"""``queued``
    The command waits until the device is reachable.
``sent``
    It was published to the broker.
``acknowledged``
    The device replied that it executed the command.
``confirmed``
    The device reports the requested value.
``failed``
    The device refused the command, or it could not be published.
``expired``
    The device was not reachable in time. The command was never sent.
``unverified``
    The command was sent, and the device neither replied nor reported the value.
"""

ValueType = Literal["boolean", "number", "enum", "text", "object", "list", "none"]


class CommandDescriptor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Description of a command that a device accepts: topic, encoding, allowed values, and what shows its success."""

    topic: str = ""
    encoding: str = "json"  # see hub.control.payload
    property: str | None = None  # the key that the encoding sets
    confirm_by: str | None = None  # the metric that shows that the command was executed
    replies: bool = False  # whether the device answers with the command's id
    type: ValueType = "text"
    title: str | None = None
    unit: str | None = None
    on: str | bool | int | float | None = None  # what the payload has for true; None: true itself
    off: str | bool | int | float | None = None
    minimum: float | None = None  # of a number, like maximum and step
    maximum: float | None = None
    step: float | None = None
    values: tuple[str, ...] = ()  # of an enum
    properties: dict[str, dict[str, Any]] = {}  # of an object: a descriptor for each key
    items: dict[str, Any] = {}  # of a list: the descriptor of its items
    payload: str | None = None  # of a command without a value, such as a button; empty if the device ignores it
    options: dict[str, Any] = {}  # further parameters of the encoding, such as the method of a remote procedure call


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """Command that a person or a program sent to a device."""

    id: str
    device: str
    name: str
    value: Any
    by: str
    state: CommandState
    created_at: int
    expires_at: int
    repeatable: bool = (
        False  # sent again if the device does not answer: the command sets a state, so executing it twice does no harm
    )
    wanted: dict[str, tuple[Value, ...]] = {}  # the metrics that confirm it, each with the accepted values
    tolerance: float = 0.0  # how far a reported number may be from the wanted one
    attempts: int = 0  # how often it was sent
    sent_at: int | None = None
    settled_at: int | None = None  # None while its state may still change
    detail: str | None = None
