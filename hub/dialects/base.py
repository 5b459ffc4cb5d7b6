"""Interface of a dialect: a pure decoder of MQTT messages. It uses no clock, no network and no store.

A dialect gets one message and what the registry knows, and returns a :class:`Result`: records, identities, availability
and so on. All actions (subscribe, publish, store a state) are part of the result, and the pipeline carries them out
after the commit. So a dialect is tested with messages and expected results alone. To write one, implement
:class:`Dialect`, add it to ``DIALECTS`` in :mod:`hub.dialects`, and describe it in ``docs/dialects``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from hub.dialects.payload_schema import PayloadSchema
from hub.model import Availability, Identity, Latest, RawMessage, Record, Rejection, TwinUpdate, ValueExpired


class CommandReply(msgspec.Struct, frozen=True):
    """A device's reply to a command. ``command`` is the command's id; ``done`` is False if the command failed."""

    device: str
    command: str
    done: bool
    detail: str | None = None


class DialectState(msgspec.Struct, frozen=True):
    """A piece of a dialect's state, such as a discovery message or birth certificate, needed to decode later messages.

    The hub stores it, because after a restart the broker repeats only retained messages. The ``value`` None deletes it.
    """

    key: str
    value: bytes | None


class Publish(msgspec.Struct, frozen=True):
    """An action: publish this message after the commit."""

    topic: str
    payload: bytes
    qos: int = 1
    retained: bool = False


class Subscribe(msgspec.Struct, frozen=True):
    """An action: subscribe to these topic filters after the commit."""

    filters: tuple[str, ...]


class Unsubscribe(msgspec.Struct, frozen=True):
    """An action: unsubscribe from these topic filters after the commit."""

    filters: tuple[str, ...]


Action = Publish | Subscribe | Unsubscribe


class Result(msgspec.Struct, frozen=True):
    """The decoded contents of one message.

    A message that is invalid as a whole raises :class:`~hub.errors.Rejected` instead.
    """

    records: Sequence[Record] = ()
    identities: Sequence[Identity] = ()
    availability: Sequence[Availability] = ()
    desired_state: Sequence[TwinUpdate] = ()
    replies: Sequence[CommandReply] = ()
    changes: Sequence[DialectState] = ()
    effects: Sequence[Action] = ()
    rejections: Sequence[Rejection] = ()
    """Errors of single values or list items, while the rest of the message is valid."""
    expirations: Sequence[ValueExpired] = ()
    gone: Sequence[str] = ()
    """Ids of devices whose last announcement was removed. They become offline, and their values unknown."""
    withdrawn: Sequence[str] = ()
    """Ids of devices that removed their announcement but may still report. Their silence is not reported as a fault."""
    heard: Sequence[str] = ()
    """Ids of devices that sent this message without a reading or a reply. It still shows that they are alive."""
    payload_schema: PayloadSchema | None = None
    """The schema of the payload, if all messages with this schema on this topic can be decoded in the same way.

    It enables the fast path.
    """


def is_plain(result: Result) -> bool:
    """Return True if a result has records and nothing else."""
    return not (
        result.identities
        or result.availability
        or result.desired_state
        or result.replies
        or result.changes
        or result.effects
        or result.rejections
        or result.expirations
        or result.gone
        or result.withdrawn
        or result.heard
    )


class View(Protocol):
    """The part of the registry that a dialect can read."""

    def known(self, device: str) -> bool: ...

    def latest(self, device: str, metric: str) -> Latest | None:
        """Return the newest value of a metric; None if there is none."""
        ...


def expired_values(record: Record, names: Iterable[str], view: View) -> list[ValueExpired]:
    """Return an event for each metric in ``names`` whose last value is no longer valid.

    The message ``record`` reports these metrics as having no value. ``view`` gives the values known so far. The result
    is empty for a retained message. For a late message, metrics that have a newer value are left out.
    """
    if record.quality == "retained":
        return []
    found = []
    for name in names:
        latest = view.latest(record.device, name) if record.quality == "late" else None
        if latest is None or latest.ts <= record.ts:
            found.append(ValueExpired(record.device, name, record.received))
    return found


class Dialect(Protocol):
    """Decoder for one convention of topics and payloads.

    A dialect may keep state, such as announcements from discovery. Only :meth:`apply` changes it: :meth:`decode`
    returns the change, and the pipeline applies it before it decodes the next message of the batch.
    """

    name: str
    """The name of the dialect. It is stored with each device."""

    @property
    def filters(self) -> Sequence[str]:
        """The topic filters to which the hub always subscribes for this dialect."""
        ...

    def owns(self, topic: str) -> bool:
        """Return True for a topic that this dialect decodes. The first dialect that owns a topic gets the message."""
        ...

    def decode(self, message: RawMessage, view: View) -> Result:
        """Decode a message without changing any state.

        ``view`` gives the values that the hub knows already. Raises Rejected if nothing in the message can be used.
        """
        ...

    def apply(self, change: DialectState) -> Sequence[Action]:
        """Change the dialect's state by ``change``, which :meth:`decode` returned or which was stored before a restart.

        Returns:
            Subscriptions and messages that follow from the change.

        Raises:
            Exception: A stored value is invalid. The dialect must have deleted its state for this key. The hub deletes
                the stored value, and the dialect gets the state again from the devices.
        """
        ...

    def tick(self, view: View, now: int) -> Result:
        """Return changes that depend only on the time ``now`` (ms), such as expired values. Called every second."""
        ...
