"""Inputs of the pipeline beside messages: the clock, requests of people, finished diagnoses.

Only the pipeline writes state, so all of these go through its queue, in the same batches as messages. "The result" is
what the caller who put an input into the queue receives after the commit.
"""

from __future__ import annotations

from typing import Any

import msgspec

from hub.model.alert import Alert, Assignee, ConfirmedCause
from hub.model.alert_silence import AlertSilence
from hub.model.area import Area
from hub.model.calculated import CalculateNext, ReplaceCalculated
from hub.model.command import Command
from hub.model.device import Identity
from hub.model.diagnosis import Diagnosis
from hub.model.mapping import Mapping
from hub.model.message import RawMessage, Rejection
from hub.model.metric import MetricOverride
from hub.model.rule import Rule


class Tick(msgspec.Struct, frozen=True):
    """The hub's current time. The pipeline receives a tick several times a second."""

    now: int
    listening_since: int | None  # since when the hub is connected and subscribed; None: it cannot tell who is silent


class PostMessages(msgspec.Struct, frozen=True):
    """Messages that a program sent over HTTP. The result is :class:`PostedMessages`."""

    messages: tuple[RawMessage, ...]


class PostedMessages(msgspec.Struct, frozen=True):
    """The outcome of messages that were sent over HTTP.

    Attributes:
        records: How many records were stored.
        duplicates: How many records were left out, because they had been stored before.
        rejections: The index (from 0) of each message that is invalid or has an invalid value, and the reason.
        retimed: The indexes of the messages whose readings got the time of receipt instead of their own time.
    """

    records: int
    duplicates: int
    rejections: list[tuple[int, Rejection]]
    retimed: list[int]


class Acknowledge(msgspec.Struct, frozen=True):
    """A person acknowledges an alert up to ``until``; None: until it clears. The result is the changed alert."""

    alert: str
    by: str
    at: int
    note: str | None = None
    until: int | None = None


class Unacknowledge(msgspec.Struct, frozen=True):
    """A person removes the acknowledgement of an alert. The result is the changed alert."""

    alert: str
    by: str
    at: int


class AssignAlert(msgspec.Struct, frozen=True):
    """A person assigns an open alert to ``assignee``; None: to nobody. The result is the changed alert."""

    alert: str
    assignee: Assignee | None
    by: str
    at: int


class MuteAlert(msgspec.Struct, frozen=True):
    """A person mutes an open alert up to the time ``until``; None: until it clears. The result is the changed alert."""

    alert: str
    by: str
    at: int
    until: int | None = None


class UnmuteAlert(msgspec.Struct, frozen=True):
    """A person ends the mute of an alert. The result is the changed alert."""

    alert: str
    by: str
    at: int


class CloseAlert(msgspec.Struct, frozen=True):
    """A person clears an open alert by hand. The result is the cleared alert.

    Afterwards only new readings can raise an alert for the same problem, and that is a new alert.
    """

    alert: str
    by: str
    at: int
    note: str | None = None


class CommentAlert(msgspec.Struct, frozen=True):
    """A person comments on an alert, open or cleared. The result is the changed alert.

    ``alert`` comes from the store: memory has no cleared alerts. Raises NotFound if it is open there, but has cleared.
    """

    alert: Alert
    by: str
    at: int
    text: str


class PutSilence(msgspec.Struct, frozen=True):
    """A person creates a silence, or (``edit``) replaces a silence that has not ended. The result is the silence."""

    silence: AlertSilence
    by: str
    at: int
    edit: bool = False


class EndSilence(msgspec.Struct, frozen=True):
    """A person ends a silence. The result is the ended silence. Raises NotFound if it has ended already."""

    silence: str
    by: str
    at: int


class ConfirmCause(msgspec.Struct, frozen=True):
    """A person sets the cause of an alert, or removes it if ``confirmed`` is None. The result is the changed alert.

    ``alert`` comes from the store: memory has no cleared alerts. Raises NotFound if it is open there, but has cleared.
    """

    alert: Alert
    confirmed: ConfirmedCause | None
    by: str
    at: int


class LogChange(msgspec.Struct, frozen=True):
    """A person changed a setting or a device's description. ``text`` goes into the activity log.

    ``params`` holds the facts in ``text`` as separate values, for programs and translations.
    """

    text: str
    at: int
    device: str | None = None
    params: dict[str, Any] = {}


class EditDevice(msgspec.Struct, frozen=True):
    """A person edits a device. UNSET leaves a field unchanged, None removes the edit and restores the device's value.

    ``metrics`` maps metrics to edits. None removes the edit of that metric; other metrics keep their edits.
    """

    device: str
    at: int
    name: str | msgspec.UnsetType | None = msgspec.UNSET
    area: Area | msgspec.UnsetType | None = msgspec.UNSET
    labels: tuple[str, ...] | msgspec.UnsetType | None = msgspec.UNSET
    metrics: dict[str, MetricOverride | None] = {}
    kinds: tuple[str, ...] | msgspec.UnsetType | None = msgspec.UNSET


class DesireState(msgspec.Struct, frozen=True):
    """Change the desired state of a device by merging ``values`` into it.

    A key whose value is None is removed. The result of this input is the changed device.
    """

    device: str
    values: dict[str, Any]
    at: int


class DeleteDevice(msgspec.Struct, frozen=True):
    """A person deletes a device with its history. It is discovered again with its next message."""

    device: str
    at: int
    by: str = "operator"


class Introduce(msgspec.Struct, frozen=True):
    """Register a device before its first message, because its history was imported."""

    identity: Identity
    at: int


class WriteDiagnosis(msgspec.Struct, frozen=True):
    """Store a finished diagnosis."""

    diagnosis: Diagnosis


class LostSession(msgspec.Struct, frozen=True):
    """Messages since ``since`` may be missing: the broker lost the hub's session, or the broker dropped messages.

    ``dropped`` is how many messages the broker dropped, for all its clients together.
    """

    since: int
    at: int
    dropped: int = 0


class LinkChanged(msgspec.Struct, frozen=True):
    """The hub lost its connection to the broker (``reason`` says why), or reconnected."""

    connected: bool
    address: str
    reason: str | None
    at: int


class ReplaceRules(msgspec.Struct, frozen=True):
    """A person saved new rules."""

    rules: tuple[Rule, ...]
    at: int


class ReplaceAreas(msgspec.Struct, frozen=True):
    """A person changed the areas. ``around`` maps an area id to the ids and names of it and areas that contain it."""

    around: dict[str, frozenset[str]]
    at: int


class JudgeDevices(msgspec.Struct, frozen=True):
    """Request to evaluate changed rules on the next few of the devices that are queued for this."""

    at: int


class ReplaceMappings(msgspec.Struct, frozen=True):
    """A person saved new topic mappings."""

    mappings: tuple[Mapping, ...]
    at: int


class SendCommand(msgspec.Struct, frozen=True):
    """Send a command to a device. The result is the command, or the existing command that has the same id."""

    command: Command


class SendingFailed(msgspec.Struct, frozen=True):
    """A command could not be published."""

    command: str
    attempt: int  # number of the attempt that failed
    again: bool  # nothing left the hub, so it can be sent again without the risk of sending it twice
    detail: str
    at: int


AlertRequest = (
    Acknowledge | Unacknowledge | AssignAlert | MuteAlert | UnmuteAlert | CloseAlert | CommentAlert | ConfirmCause
)
Input = (
    Tick
    | AlertRequest
    | PutSilence
    | EndSilence
    | LogChange
    | EditDevice
    | DesireState
    | DeleteDevice
    | Introduce
    | WriteDiagnosis
    | LostSession
    | LinkChanged
    | ReplaceRules
    | ReplaceAreas
    | JudgeDevices
    | ReplaceCalculated
    | CalculateNext
    | ReplaceMappings
    | SendCommand
    | SendingFailed
    | PostMessages
)
