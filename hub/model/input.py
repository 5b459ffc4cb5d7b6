"""What enters the pipeline besides messages: the clock, and what people and the diagnosis want written.

The pipeline is the one writer of state, so all of these go through its queue, in the same batches as messages.
"""

from __future__ import annotations

from typing import Any

import msgspec

from hub.model.command import Command
from hub.model.device import Identity
from hub.model.diagnosis import Diagnosis
from hub.model.mapping import Mapping
from hub.model.metric import MetricOverride
from hub.model.rule import Rule


class Tick(msgspec.Struct, frozen=True):
    """The hub's clock says ``now``. ``listening_since`` is when the link last became whole, None while it is down: a
    hub that cannot hear must not call its devices silent."""

    now: int
    listening_since: int | None


class Acknowledge(msgspec.Struct, frozen=True):
    """A person has seen an alert. Answers with the alert as it then is."""

    alert: str
    by: str
    at: int
    note: str | None = None


class Unacknowledge(msgspec.Struct, frozen=True):
    """A person takes an acknowledgement back. Answers with the alert as it then is."""

    alert: str
    by: str
    at: int


class LogChange(msgspec.Struct, frozen=True):
    """A person has changed a setting, or how a device is described: ``text`` says what and who, for the activity."""

    text: str
    at: int
    device: str | None = None


class EditDevice(msgspec.Struct, frozen=True):
    """A person renames, moves or relabels a device; UNSET leaves a field, None gives it back to the device.

    ``metrics`` holds the new edits by metric; None gives that metric back to the device, others stay."""

    device: str
    at: int
    name: str | msgspec.UnsetType | None = msgspec.UNSET
    area: str | msgspec.UnsetType | None = msgspec.UNSET
    labels: tuple[str, ...] | msgspec.UnsetType | None = msgspec.UNSET
    metrics: dict[str, MetricOverride | None] = {}


class DesireState(msgspec.Struct, frozen=True):
    """A person wants a device to be so: ``values`` are merged into its twin's desired side, None takes a key away.
    Answers with the device."""

    device: str
    values: dict[str, Any]
    at: int


class DeleteDevice(msgspec.Struct, frozen=True):
    """A person removes a device with its history. It comes back by itself if it speaks again."""

    device: str
    at: int


class Introduce(msgspec.Struct, frozen=True):
    """A device is to be known before it has spoken: its history has been brought in."""

    identity: Identity
    at: int


class WriteDiagnosis(msgspec.Struct, frozen=True):
    """A diagnosis is ready to be stored."""

    diagnosis: Diagnosis


class LostSession(msgspec.Struct, frozen=True):
    """Messages since ``since`` may be missing: the broker did not know our session any more, or says that it has
    ``dropped`` so many of some client's."""

    since: int
    at: int
    dropped: int = 0


class ReplaceRules(msgspec.Struct, frozen=True):
    """A person has put other rules in force."""

    rules: tuple[Rule, ...]
    at: int


class JudgeDevices(msgspec.Struct, frozen=True):
    """The rules have changed: judge some more of the devices that have not been judged by them yet."""

    at: int


class ReplaceMappings(msgspec.Struct, frozen=True):
    """A person has put other mappings of topics in force."""

    mappings: tuple[Mapping, ...]
    at: int


class SendCommand(msgspec.Struct, frozen=True):
    """Somebody commands a device. Answers with the command as it then is: the first one, where its id is known."""

    command: Command


class SendingFailed(msgspec.Struct, frozen=True):
    """The sending numbered ``attempt`` of a command did not reach the broker. ``again`` says that nothing has left
    the hub, so it may be sent later without the danger of sending it twice."""

    command: str
    attempt: int
    again: bool
    detail: str
    at: int


Input = (
    Tick
    | Acknowledge
    | Unacknowledge
    | LogChange
    | EditDevice
    | DesireState
    | DeleteDevice
    | Introduce
    | WriteDiagnosis
    | LostSession
    | ReplaceRules
    | JudgeDevices
    | ReplaceMappings
    | SendCommand
    | SendingFailed
)
