"""What a dialect is: a pure reading of messages into the hub's words. It knows no clock, no network, no store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from hub.model import Availability, Identity, RawMessage, Record, Rejection, TwinUpdate


class Reply(msgspec.Struct, frozen=True):
    """A device answered a command: ``command`` is the id it was sent with."""

    device: str
    command: str
    done: bool
    detail: str | None = None


class Publish(msgspec.Struct, frozen=True):
    """An effect: send this after the commit."""

    topic: str
    payload: bytes
    qos: int = 1
    retained: bool = False


class Result(msgspec.Struct, frozen=True):
    """What one message says. ``rejections`` hold the items of a list that could not be read while others could;
    a message that is wrong as a whole raises :class:`~hub.errors.Rejected` instead."""

    records: Sequence[Record] = ()
    identities: Sequence[Identity] = ()
    availability: Sequence[Availability] = ()
    twins: Sequence[TwinUpdate] = ()
    replies: Sequence[Reply] = ()
    effects: Sequence[Publish] = ()
    rejections: Sequence[Rejection] = ()


class View(Protocol):
    """What a dialect may see of the registry."""

    def known(self, device: str) -> bool: ...


class Dialect(Protocol):
    """``name`` is stored with each device. ``filters`` are the MQTT topic filters it wants subscribed."""

    name: str

    @property
    def filters(self) -> Sequence[str]: ...

    def owns(self, topic: str) -> bool:
        """True for a topic that this dialect reads; a topic has one owner, the first in the table."""
        ...

    def decode(self, message: RawMessage, view: View) -> Result: ...
