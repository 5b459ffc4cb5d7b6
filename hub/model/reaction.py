"""Reactions: automatic actions when an alert changes or at a time, as data read from ``reactions.toml``."""

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
"""
``running``
    Decided and stored; its commands are being handed over.
``ran``
    All commands were accepted, or the webhook is in the outbox.
``failed``
    No command was accepted, or there was no device for it.
``condition_false``, ``condition_unknown``, ``rate_limited``
    Nothing was sent.
``missed``
    The hub was not running when it was due, and it is too late now.
``interrupted``
    The hub ended between decision and commands. They are not sent later.
``paused``
    The loop protection paused the reaction.
"""


class AlertTrigger(msgspec.Struct, frozen=True):
    """A step of alerts that starts a reaction. An alert has to match every list that is not empty.

    ``rules`` are ids or shell patterns. With ``for_ms``, the alert must still be in the state after the step when this
    time has passed.
    """

    step: AlertStep
    rules: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    scope: Scope = Scope()
    for_ms: int = 0


class WeeklyTime(msgspec.Struct, frozen=True):
    """A minute of some days of the week (0 is Monday), on the clock of the time zone ``zone``."""

    days: tuple[int, ...]
    minute: int
    zone: str


class ReactionCondition(msgspec.Struct, frozen=True):
    """A condition on latest values: of one metric, or (``conditions``) of several conditions, joined by ``kind``.

    ``device`` is None for the alert's device or, in a schedule, the device that gets the command.
    """

    kind: str
    metric: str = ""
    condition: Condition | None = None
    device: str | None = None
    conditions: tuple[ReactionCondition, ...] = ()


class CommandAction(msgspec.Struct, frozen=True):
    """A command to ``device``, to each device of ``scope``, or (both None) to the alert's device.

    If the scope selects more than ``max_devices``, none gets it.
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


class RunLimits(msgspec.Struct, frozen=True):
    """How often a reaction may run.

    Attributes:
        per_minute: Runs a minute, on average.
        burst: Runs that may follow each other at once after a quiet time.
        device_per_minute: Commands a minute to one device; for a webhook, runs about one device.
        loop_runs: This many runs about the same rule and device within ``loop_within_ms`` pause it.
    """

    per_minute: float = 1.0
    burst: int = 5
    device_per_minute: float = 1.0
    loop_runs: int = 5
    loop_within_ms: int = 600_000


class Reaction(msgspec.Struct, frozen=True):
    """A reaction: one of ``alert`` and ``schedule`` starts it, and it has one action.

    A run that is later than ``grace_ms``, because the hub did not run, is not made up for.
    """

    id: str
    name: str
    action: CommandAction | WebhookAction
    alert: AlertTrigger | None = None
    schedule: tuple[WeeklyTime, ...] = ()
    condition: ReactionCondition | None = None
    enabled: bool = True
    mode: ReactionMode = "live"
    limits: RunLimits = RunLimits()
    grace_ms: int = 60_000


class AlertStepTaken(msgspec.Struct, frozen=True):
    """A step of an alert that may start reactions. It is stored in the commit of the step."""

    step: AlertStep
    alert: Alert
    at: int


class RunCommand(msgspec.Struct, frozen=True, omit_defaults=True):
    """The command of a run to one device. ``command`` is its id; None with a ``problem`` or in a dry run."""

    device: str
    command: str | None = None
    problem: str | None = None


class ReactionRun(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one occasion on which a reaction was due.

    Attributes:
        key: Unique, made of the reaction and the occasion: the idempotency key of what is sent.
        at: When it was decided, in epoch ms.
        due_at: When it was due.
        step: The alert's step; None for a schedule.
        count: How many occasions this record stands for: those that exceed the rate limit are counted.
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
    count: int = 1


class ReactionState(msgspec.Struct, frozen=True):
    """What people and the loop protection have set, beside the file: kept in the database."""

    off: bool = False  # all reactions
    paused: dict[str, str] = {}  # reasons by reaction
