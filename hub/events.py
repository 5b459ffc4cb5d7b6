"""Events that the hub publishes on its bus after the commit.

``at`` is the time of the event, by the hub's clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from hub.model import (
    Alert,
    AlertSilence,
    Command,
    Diagnosis,
    Incident,
    IncidentStep,
    Presence,
    Record,
    RecordBatch,
    Rejection,
    Severity,
    SilenceStep,
)

Handling = Literal[
    "assigned",
    "unassigned",
    "muted",
    "unmuted",
    "mute_expired",
    "silenced",
    "unsilenced",
    "acknowledgement_expired",
    "suppressed",
    "flapping_ended",
    "commented",
]


class DeviceDiscovered(msgspec.Struct, frozen=True):
    device: str
    at: int


class DeviceChanged(msgspec.Struct, frozen=True):
    """The name, area, labels, description or twin of a device changed."""

    device: str
    at: int


class DeviceDeleted(msgspec.Struct, frozen=True):
    device: str
    at: int
    by: str = "operator"


class ReadingsStored(msgspec.Struct, frozen=True):
    """The records of one committed batch.

    All records of one device are either in ``records`` or in ``record_batches``, in order of arrival.
    """

    records: list[Record]
    at: int
    record_batches: Sequence[RecordBatch] = ()


class PresenceChanged(msgspec.Struct, frozen=True):
    """A device came online, went offline or became stale."""

    device: str
    presence: Presence
    at: int
    first: bool = False  # its first message ever
    replayed: bool = False  # known only from a retained message, so not news


class AlertRaised(msgspec.Struct, frozen=True):
    alert: Alert
    at: int


class AlertAcknowledged(msgspec.Struct, frozen=True):
    """A person acknowledged an alert or removed the acknowledgement.

    ``by`` is the person. After the removal, the alert has the state ``raised`` again.
    """

    alert: Alert
    at: int
    by: str = ""


class AlertHandled(msgspec.Struct, frozen=True):
    """The handling of an open alert changed: assignment, mute, silence, suppression, acknowledgement or a comment.

    ``what`` names the change. ``by`` is the person who made it, None if the hub made it. ``text`` is the comment, or
    the notes of the silences that match the alert.
    """

    alert: Alert
    at: int
    what: Handling
    by: str | None = None
    text: str | None = None


class SilenceChanged(msgspec.Struct, frozen=True):
    """A silence of alerts changed.

    ``by`` is the person who created, edited or ended it. ``by`` is None if it started, stopped or ended on schedule.
    """

    silence: AlertSilence
    at: int
    step: SilenceStep
    by: str | None = None


class CauseConfirmed(msgspec.Struct, frozen=True):
    """A person (``by``) recorded the cause of an alert, or removed it.

    After the removal, ``alert.confirmed`` is None.
    """

    alert: Alert
    at: int
    by: str


class AlertChanged(msgspec.Struct, frozen=True):
    """The severity or threshold of an open alert has changed, because of a new value or a change of its rule.

    ``was`` is the previous severity, if a new value has changed it; otherwise None.
    """

    alert: Alert
    at: int
    was: Severity | None = None


class AlertCleared(msgspec.Struct, frozen=True):
    alert: Alert
    at: int
    note: str | None = None  # written by the person who closed the alert, or the reason why the hub withdrew it


class IncidentChanged(msgspec.Struct, frozen=True):
    """An incident was opened, changed, reopened or resolved. This event follows those of the alerts that caused it.

    If the hub handles several changes of an incident together, they give one event. There are two if the incident was
    both opened and resolved.
    """

    incident: Incident
    at: int
    step: IncidentStep


class DiagnosisReady(msgspec.Struct, frozen=True):
    diagnosis: Diagnosis
    at: int


class CommandChanged(msgspec.Struct, frozen=True):
    """A command was accepted, or changed its state."""

    command: Command
    at: int


class MessageRejected(msgspec.Struct, frozen=True):
    rejection: Rejection
    at: int


class GapSuspected(msgspec.Struct, frozen=True):
    """Messages between ``since`` and ``at`` may be missing: the broker lost the hub's session or dropped messages."""

    since: int
    at: int
    dropped: int = 0  # messages that the broker dropped because a client's queue was full


class BrokerLinkChanged(msgspec.Struct, frozen=True):
    """The hub lost its connection to the broker (``reason`` says why), or reconnected."""

    connected: bool
    address: str
    reason: str | None
    at: int


class SettingChanged(msgspec.Struct, frozen=True):
    """A person changed a setting or a device's description."""

    text: str
    at: int
    device: str | None = None
    params: dict[str, Any] = {}  # the values in ``text``, unformatted


AlertEvent = AlertRaised | AlertAcknowledged | AlertHandled | AlertChanged | AlertCleared | CauseConfirmed
Event = (
    DeviceDiscovered
    | DeviceChanged
    | DeviceDeleted
    | ReadingsStored
    | PresenceChanged
    | AlertRaised
    | AlertAcknowledged
    | AlertHandled
    | AlertChanged
    | CauseConfirmed
    | AlertCleared
    | IncidentChanged
    | DiagnosisReady
    | CommandChanged
    | MessageRejected
    | GapSuspected
    | BrokerLinkChanged
    | SettingChanged
    | SilenceChanged
)
