"""Reactions as the API returns them. A reaction sends a command, calls a webhook or publishes a message by itself."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from hub.api.schemas.api_object import ApiObject, FromModel
from hub.api.schemas.rules import ScopeShape
from hub.model import Scope, Severity
from hub.model.reaction import (
    AlertStep,
    CommandAction,
    PublishAction,
    Reaction,
    ReactionMode,
    ReactionRun,
    RunCommand,
    RunOutcome,
    WebhookAction,
)
from hub.reactions import describe_action, describe_condition, describe_trigger, time_text, webhook_text
from hub.services.reaction_trials import ReactionTrial


class ReactionShape(ApiObject):
    """A reaction. `starts`, `condition` and `does` are sentences; `condition` is null if the reaction has no condition.

    - `step`, `rules`, `severities`, `scope`, `for_ms`: which alerts start the reaction. `step` is null for a reaction
      on a schedule
    - `times`: the times of day of the schedule, in `time_zone`
    - `command`, `value`: the command to send, and its value; `command` is null for a webhook and an MQTT message
    - `device`, `to`: the command goes to this device, or to each device of `to`; if both are null, to the alert's
      device
    - `webhook`: the masked URL, or the file that contains the URL; null if the reaction calls no webhook
    - `topic`, `qos`, `retain`: the MQTT message to publish; null if there is none. Only the text of the file has its
      payload
    """

    id: str
    name: str
    enabled: bool
    mode: ReactionMode
    starts: str
    condition: str | None
    does: str
    step: AlertStep | None
    rules: list[str]
    severities: list[Severity]
    scope: ScopeShape
    for_ms: int
    times: list[str]
    time_zone: str | None
    command: str | None
    value: Any
    device: str | None
    to: ScopeShape | None
    webhook: str | None
    topic: str | None
    qos: Literal[0, 1] | None
    retain: bool | None


class ReactionRunShape(ApiObject):
    """The outcome of one occasion on which a reaction was due.

    - `due_at`, `at`: when the reaction was due, and when the outcome was decided
    - `step`, `alert`, `rule`, `device`: the alert that started the reaction; null for a reaction on a schedule
    - `commands`: for each device the id of the command that was sent, or the problem that prevented it
    - `webhook`: the masked URL that was called
    - `topic`: the topic of the MQTT message that was published
    - `count`: the number of occasions that this entry stands for. All occasions beyond the rate limit share one entry
    """

    number: int
    reaction: str
    at: int
    due_at: int
    outcome: RunOutcome
    step: AlertStep | None
    alert: str | None
    rule: str | None
    device: str | None
    detail: str | None
    commands: list[Annotated[RunCommand, FromModel("RunCommandShape")]]
    webhook: str | None
    topic: str | None
    count: int


class ReactionRunList(ApiObject):
    """Runs of reactions, newest first."""

    items: list[ReactionRunShape]


class ReactionItem(ReactionShape):
    """A reaction with its state. Both `next_at` and `last` may be null.

    - `paused`: why the hub has paused the reaction; null if it is not paused. The hub pauses a reaction that runs often
      for the same rule and device, because its own action may cause the alerts (loop protection)
    - `next_at`: when its schedule is due next
    - `last`: its last run
    """

    paused: str | None
    next_at: int | None
    last: ReactionRunShape | None


class ReactionList(ApiObject):
    """All reactions. They run only if `on` is true. `allowed` is false if the hub's settings keep reactions off."""

    items: list[ReactionItem]
    on: bool
    allowed: bool


class ReactionSwitch(ApiObject):
    on: bool


class ReactionText(ApiObject):
    text: str
    revision: str


class ReactionsChecked(ApiObject):
    """The result of checking `reactions.toml`. If the file is invalid, `problem` says why, and `items` is empty."""

    items: list[ReactionShape]
    problem: str | None


class ReactionPreview(ApiObject):
    """A draft of a reaction in three forms: TOML (`text`), its keys and values (`values`), and the parsed `reaction`.

    If the draft is invalid, `problem` says why, and `reaction` is null. `devices` are the devices that would get the
    command now. `warnings` say which of these devices would refuse it.
    """

    text: str
    values: dict[str, Any]
    reaction: ReactionShape | None
    problem: str | None
    devices: list[str]
    warnings: list[str]


class ReactionTrialShape(ApiObject):
    """What a draft of a reaction would have done in a past period.

    `occasions` is how often the reaction would have been due. `counts` maps an outcome to the number of runs with it.
    `runs` has the newest 500 runs, oldest first; their `number` is 0. `readings` is the number of readings that were
    read to evaluate the condition. `complete` is false if the period has more alerts, occasions or readings than a
    trial reads.
    """

    occasions: int
    counts: dict[str, int]
    runs: list[ReactionRunShape]
    readings: int
    complete: bool


def trial_shape(trial: ReactionTrial) -> ReactionTrialShape:
    runs = [run_shape(0, run) for run in trial.runs]
    return ReactionTrialShape.of(trial, runs=runs)


def shape(found: Reaction) -> ReactionShape:
    return ReactionShape(**_words(found))


def item(
    found: Reaction, paused: str | None, next_at: int | None, last: tuple[int, ReactionRun] | None
) -> ReactionItem:
    shown = None if last is None else run_shape(*last)
    return ReactionItem(**_words(found), paused=paused, next_at=next_at, last=shown)


def run_shape(number: int, run: ReactionRun) -> ReactionRunShape:
    return ReactionRunShape.of(run, number=number, commands=list(run.commands))


def _words(found: Reaction) -> dict[str, Any]:
    trigger, action = found.alert, found.action
    command = action if isinstance(action, CommandAction) else None
    message = action if isinstance(action, PublishAction) else None
    return {
        "id": found.id,
        "name": found.name,
        "enabled": found.enabled,
        "mode": found.mode,
        "starts": describe_trigger(found),
        "condition": None if found.condition is None else describe_condition(found.condition),
        "does": describe_action(found),
        "step": trigger.step if trigger else None,
        "rules": list(trigger.rules) if trigger else [],
        "severities": list(trigger.severities) if trigger else [],
        "scope": ScopeShape.of(trigger.scope if trigger else Scope()),
        "for_ms": trigger.for_ms if trigger else 0,
        "times": [time_text(each) for each in found.schedule],
        "time_zone": found.schedule[0].zone if found.schedule else None,
        "command": command.name if command else None,
        "value": command.value if command else None,
        "device": command.device if command else None,
        "to": ScopeShape.of(command.scope) if command and command.scope else None,
        "webhook": webhook_text(action) if isinstance(action, WebhookAction) else None,
        "topic": message.topic if message else None,
        "qos": message.qos if message else None,
        "retain": message.retain if message else None,
    }
