"""Events, in the past tense, published on the bus after they are committed."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.model import Alert, Command, Diagnosis, Presence, Record, RecordBatch, Rejection


class DeviceDiscovered(msgspec.Struct, frozen=True):
    device: str
    at: int


class DeviceChanged(msgspec.Struct, frozen=True):
    """Its name, area, labels, description or twin changed."""

    device: str
    at: int


class DeviceDeleted(msgspec.Struct, frozen=True):
    device: str
    at: int


class ReadingsStored(msgspec.Struct, frozen=True):
    """One a batch, with all its records: each device's in the order in which they came, in one of the two places."""

    records: list[Record]
    at: int
    record_batches: Sequence[RecordBatch] = ()


class PresenceChanged(msgspec.Struct, frozen=True):
    """``first`` when it is heard for the first time. ``replayed`` when only something retained says so: no news."""

    device: str
    presence: Presence
    at: int
    first: bool = False
    replayed: bool = False


class AlertRaised(msgspec.Struct, frozen=True):
    alert: Alert
    at: int


class AlertAcknowledged(msgspec.Struct, frozen=True):
    """An acknowledgement was given, or (the alert is ``raised`` again) taken back by ``by``."""

    alert: Alert
    at: int
    by: str = ""


class AlertChanged(msgspec.Struct, frozen=True):
    """An open alert goes on under a rule that has changed: its severity or its limit is another."""

    alert: Alert
    at: int


class AlertCleared(msgspec.Struct, frozen=True):
    alert: Alert
    at: int


class DiagnosisReady(msgspec.Struct, frozen=True):
    diagnosis: Diagnosis
    at: int


class CommandChanged(msgspec.Struct, frozen=True):
    """A command was taken in, or has moved to another state."""

    command: Command
    at: int


class MessageRejected(msgspec.Struct, frozen=True):
    rejection: Rejection
    at: int


class GapSuspected(msgspec.Struct, frozen=True):
    """Messages between ``since`` and ``at`` may be missing: the broker had lost our session, or has ``dropped`` so many
    of a client whose queue was full."""

    since: int
    at: int
    dropped: int = 0


class SettingChanged(msgspec.Struct, frozen=True):
    """A person changed a setting, or how a device is described."""

    text: str
    at: int
    device: str | None = None


Event = (
    DeviceDiscovered
    | DeviceChanged
    | DeviceDeleted
    | ReadingsStored
    | PresenceChanged
    | AlertRaised
    | AlertAcknowledged
    | AlertChanged
    | AlertCleared
    | DiagnosisReady
    | CommandChanged
    | MessageRejected
    | GapSuspected
    | SettingChanged
)
