"""What a dialect is: a pure reading of messages into the hub's words. It knows no clock, no network, no store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from hub.dialects.payload_schema import PayloadSchema
from hub.model import Availability, Identity, Latest, RawMessage, Record, Rejection, TwinUpdate, ValueExpired


class CommandReply(msgspec.Struct, frozen=True):
    """A device answered a command: ``command`` is the id it was sent with."""

    device: str
    command: str
    done: bool
    detail: str | None = None


class DialectState(msgspec.Struct, frozen=True):
    """A dialect has learnt something that it needs to read later messages: what a discovery topic announced, a birth
    certificate. ``value`` None forgets it. Kept over restarts, since a broker repeats only what is retained."""

    key: str
    value: bytes | None


class Publish(msgspec.Struct, frozen=True):
    """An effect: send this after the commit."""

    topic: str
    payload: bytes
    qos: int = 1
    retained: bool = False


class Subscribe(msgspec.Struct, frozen=True):
    """An effect: from now on hear these topic filters too."""

    filters: tuple[str, ...]


class Unsubscribe(msgspec.Struct, frozen=True):
    """An effect: hear these no more."""

    filters: tuple[str, ...]


Action = Publish | Subscribe | Unsubscribe


class Result(msgspec.Struct, frozen=True):
    """What one message says. ``rejections`` hold the items of a list that could not be read while others could;
    a message that is wrong as a whole raises :class:`~hub.errors.Rejected` instead."""

    records: Sequence[Record] = ()
    identities: Sequence[Identity] = ()
    availability: Sequence[Availability] = ()
    desired_state: Sequence[TwinUpdate] = ()
    replies: Sequence[CommandReply] = ()
    changes: Sequence[DialectState] = ()
    effects: Sequence[Action] = ()
    rejections: Sequence[Rejection] = ()
    expirations: Sequence[ValueExpired] = ()
    gone: Sequence[str] = ()
    """Devices of which nothing is announced any more: they are offline, and nothing of them is known now."""
    withdrawn: Sequence[str] = ()
    """Devices that take their announcement back and may go on reporting: their silence is no fault."""
    heard: Sequence[str] = ()
    """Devices that have sent this message themselves, where it holds no reading and no reply of theirs."""
    payload_schema: PayloadSchema | None = None
    """How a lone record was written, where all that is written so on this topic reads alike."""


def is_plain(said: Result) -> bool:
    """Return whether a result holds records and nothing else."""
    return not (
        said.identities
        or said.availability
        or said.desired_state
        or said.replies
        or said.changes
        or said.effects
        or said.rejections
        or said.expirations
        or said.gone
        or said.withdrawn
        or said.heard
    )


class View(Protocol):
    """What a dialect may see of the registry."""

    def known(self, device: str) -> bool: ...

    def latest(self, device: str, metric: str) -> Latest | None:
        """The newest value, None where there is none."""
        ...


def expired_values(record: Record, names: Iterable[str], view: View) -> list[ValueExpired]:
    """Return what follows from a message that gives ``names`` as not known: nothing for a replayed one, or for a
    buffered one that is older than what is known."""
    if record.quality == "retained":
        return []
    found = []
    for name in names:
        latest = view.latest(record.device, name) if record.quality == "late" else None
        if latest is None or latest.ts <= record.ts:
            found.append(ValueExpired(record.device, name, record.received))
    return found


class Dialect(Protocol):
    """``name`` is stored with each device. ``filters`` are the MQTT topic filters that it always wants subscribed.

    A dialect that learns (discovery, births) keeps what it learnt itself, but only :meth:`apply` changes it: ``decode``
    says what there is to learn, and the pipeline applies it between the messages of a batch.
    """

    name: str

    @property
    def filters(self) -> Sequence[str]: ...

    def owns(self, topic: str) -> bool:
        """True for a topic that this dialect reads; a topic has one owner, the first in the table."""
        ...

    def decode(self, message: RawMessage, view: View) -> Result:
        """Pure. Raises Rejected for a message that cannot be read at all."""
        ...

    def apply(self, change: DialectState) -> Sequence[Action]:
        """Learn (or forget) what :meth:`decode` found, also at a start; what has to be subscribed to follow it.

        Raises for a stored value that cannot be read, when what was known by its key is forgotten: the hub sets it
        aside, and the dialect learns it anew from what the devices say."""
        ...

    def tick(self, view: View, now: int) -> Result:
        """What the time alone says at ``now`` (ms), about once a second: an ``expire_after`` that has run out."""
        ...
