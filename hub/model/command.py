"""A command: what somebody wants of a device, and what became of it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from hub.model.reading import Value

CommandState = Literal["queued", "sent", "acknowledged", "confirmed", "failed", "expired", "unverified"]
"""``queued``: kept until the device can be reached. ``sent``: given to the broker. ``acknowledged``: the device says
that it has done it. ``confirmed``: what it reports is what was wanted. ``failed``: it refused, or could not be asked.
``expired``: it could not be reached in time and was never asked. ``unverified``: it was asked and nothing came back.
"""

ValueType = Literal["boolean", "number", "enum", "text", "object", "list", "none"]


class CommandDescriptor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A command that a device takes, as data: where it goes, how it is written, which values fit, and which metric
    shows that it was done (None: nothing does).

    ``encoding`` names the way it is written (:mod:`hub.control.payload`); ``property`` is the key that it sets there.
    ``on`` and ``off`` are a boolean's words on the wire; ``minimum``, ``maximum`` and ``step`` bound a number;
    ``values`` are an enum's; ``properties`` and ``items`` describe the parts of an object and of a list.
    ``replies`` says that the device answers with the command's id.
    """

    topic: str = ""
    encoding: str = "json"
    property: str | None = None
    confirm_by: str | None = None
    replies: bool = False
    type: ValueType = "text"
    title: str | None = None
    unit: str | None = None
    on: str | bool | int | float | None = None
    off: str | bool | int | float | None = None
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    values: tuple[str, ...] = ()
    properties: dict[str, dict[str, Any]] = {}
    items: dict[str, Any] = {}
    payload: str | None = None
    """What a command without a value sends (a button's press); empty where it does not matter."""
    options: dict[str, Any] = {}
    """What its encoding needs besides, such as the method of a remote call."""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """``value`` is what was asked for. ``wanted`` are the metrics that confirm it, each with the values that will do.
    Times are epoch ms; ``settled_at`` is None while something may still happen. ``attempts`` counts the sendings."""

    id: str
    device: str
    name: str
    value: Any
    by: str
    state: CommandState
    created_at: int
    expires_at: int
    repeatable: bool = False
    wanted: dict[str, tuple[Value, ...]] = {}
    tolerance: float = 0.0
    attempts: int = 0
    sent_at: int | None = None
    settled_at: int | None = None
    detail: str | None = None
