"""Reactions: automatic actions that an alert or a weekly schedule starts, as data read from ``reactions.toml``."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from hub.model.alert import Alert, Severity
from hub.model.rule import Condition, Scope

AlertStep = Literal["raised", "cleared", "acknowledged"]
ReactionMode = Literal["live", "dry_run"]
"""``dry_run``: runs are recorded, and nothing is sent."""
RunOutcome = Literal[
    "running",
    "ran",
    "failed",
    "dry_run",
    "condition_false",
    "condition_unknown",
    "rate_limited",
    "missed",
    "interrupted",
    "paused",
]
"""``running``
    Decided and stored; its commands are being handed over, or its message waits to be published.
``ran``
    All commands were accepted, the webhook is in the outbox, or the message was published.
``failed``
    No command was accepted, there was no device for it, or the message could not be published.
``dry_run``
    The reaction is in the mode ``dry_run``: nothing was sent.
``condition_false``, ``condition_unknown``, ``rate_limited``
    Nothing was sent.
``missed``
    The hub was not running when the run was due, and it is too late now.
``interrupted``
    The hub ended between decision and action. Commands and messages are not sent later.
``paused``
    The loop protection paused the reaction.
"""


class AlertTrigger(msgspec.Struct, frozen=True):
    """Starts a reaction when an alert takes the step ``step``, for example when it is raised or cleared.

    The alert has to match each of ``rules``, ``severities`` and ``scope``; an empty one matches every alert. ``rules``
    are ids of rules or shell patterns for ids. If ``for_ms`` is more than 0, the reaction starts this many ms after the
    step, and only if the alert is then still in the state to which the step led.
    """

    step: AlertStep
    rules: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    scope: Scope = Scope()
    for_ms: int = 0


class WeeklyTime(msgspec.Struct, frozen=True):
    """A time (``minute`` of the day) on some days of the week (0 is Monday), on the clock of the time zone ``zone``."""

    days: tuple[int, ...]
    minute: int
    zone: str


class ReactionCondition(msgspec.Struct, frozen=True):
    """A condition on latest values: either ``condition`` on one ``metric``, or ``conditions`` joined by ``kind``.

    ``device`` is the device whose metric is read. None means the alert's device or, in a schedule, the device that gets
    the command.
    """

    kind: str
    metric: str = ""
    condition: Condition | None = None
    device: str | None = None
    conditions: tuple[ReactionCondition, ...] = ()


class CommandAction(msgspec.Struct, frozen=True):
    """A command to ``device`` or to each device in ``scope``; if both are None, to the alert's device.

    If the scope selects more than ``max_devices``, no device gets the command.
    """

    name: str
    value: Any = None
    device: str | None = None
    scope: Scope | None = None
    max_devices: int = 20


class WebhookAction(msgspec.Struct, frozen=True):
    """A signed HTTP request. ``url_from`` and ``secret_from`` are files that hold the URL and the signing secret."""

    url: str | None = None
    url_from: str | None = None
    secret_from: str | None = None


class PublishAction(msgspec.Struct, frozen=True):
    """An MQTT message to ``topic``. ``payload`` is a template with the fields of the alert."""

    topic: str
    payload: str = ""
    qos: Literal[0, 1] = 1
    retain: bool = False


class RunLimits(msgspec.Struct, frozen=True):
    """How often a reaction may run.

    Attributes:
        per_minute: Runs a minute, on average.
        burst: Runs that may follow each other at once after a quiet time.
        device_per_minute: Commands a minute to one device. For a webhook or a message: runs a minute that are caused by
            alerts of one device.
        loop_runs: The reaction is paused after this many runs within ``loop_within_ms`` that were caused by alerts of
            the same rule on the same device.
    """

    per_minute: float = 1.0
    burst: int = 5
    device_per_minute: float = 1.0
    loop_runs: int = 5
    loop_within_ms: int = 600_000


class Reaction(msgspec.Struct, frozen=True):
    """A reaction. Either ``alert`` or ``schedule`` starts it, and it has one action.

    If the hub was not running when a reaction was due, and more than ``grace_ms`` have passed since, its command or
    message is skipped. If a schedule made it due, a webhook is skipped, too.
    """

    id: str
    name: str
    action: CommandAction | WebhookAction | PublishAction
    alert: AlertTrigger | None = None
    schedule: tuple[WeeklyTime, ...] = ()
    condition: ReactionCondition | None = None
    enabled: bool = True
    mode: ReactionMode = "live"
    limits: RunLimits = RunLimits()
    grace_ms: int = 60_000


class AlertStepTaken(msgspec.Struct, frozen=True):
    """A step of an alert, such as ``raised``, that may start reactions. It is stored in the commit of the step."""

    step: AlertStep
    alert: Alert
    at: int


class RunCommand(msgspec.Struct, frozen=True, omit_defaults=True):
    """The command of a run to one device. ``problem`` says why it was not sent.

    ``command`` is the command's id. It is None in a dry run and for a command that has not been sent.
    """

    device: str
    command: str | None = None
    problem: str | None = None


class ReactionRun(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the hub did when a reaction was due, because an alert took a step or a scheduled time came.

    Attributes:
        key: Unique key, made of the reaction and the step or time. Commands and webhook carry it as idempotency key.
        at: When it was decided whether the reaction runs, in epoch ms.
        due_at: When the reaction was due, in epoch ms.
        outcome: Whether the reaction ran, or why it did not.
        step: What happened to the alert, such as ``raised``; None if the reaction was due at a scheduled time.
        count: How often the reaction was due. Runs that are refused by the rate limit share one record.
    """

    key: str
    reaction: str
    at: int
    due_at: int
    outcome: RunOutcome
    step: AlertStep | None = None
    alert: str | None = None
    rule: str | None = None
    device: str | None = None  # the alert's
    detail: str | None = None
    commands: tuple[RunCommand, ...] = ()
    webhook: str | None = None  # its URL, masked
    topic: str | None = None  # of the message to publish
    count: int = 1


class ReactionState(msgspec.Struct, frozen=True):
    """Whether all reactions are switched off, and which ones are paused, by people or by the loop protection.

    This is in the database, not in ``reactions.toml``.
    """

    off: bool = False  # all reactions
    paused: dict[str, str] = {}  # reasons by reaction
