"""Objects of reactions that the API returns."""

from __future__ import annotations

from typing import Annotated, Any

from hub.api.schemas.api_object import ApiObject, FromModel
from hub.api.schemas.rules import ScopeShape
from hub.model import Scope, Severity
from hub.model.reaction import AlertStep, CommandAction, Reaction, ReactionMode, ReactionRun, RunCommand, RunOutcome
from hub.reactions import describe_action, describe_condition, describe_trigger, time_text, webhook_text
from hub.services.reaction_trials import ReactionTrial


class ReactionShape(ApiObject):
    """A reaction. `starts`, `condition` (null if it always runs) and `does` are sentences.

    `step`, `rules`, `severities`, `scope` and `for_ms` select alerts; `step` is null for a schedule, which has `times`
    in `time_zone`. A command has a name, a `value`, and goes to `device`, to each device of `to`, or (both null) to the
    alert's device. `webhook` is a masked URL, or the file that holds it; null for a command.
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


class ReactionRunShape(ApiObject):
    """What became of one occasion on which a reaction was due. `due_at` is when it was due, `at` when it was decided.

    `step`, `alert`, `rule` and `device` are those of the alert, null for a schedule. `commands` has each device with
    the id of its command, or the problem with it; `webhook` is the masked URL. `count` is the number of occasions that
    the run stands for: occasions beyond the rate limit share one run.
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
    count: int


class ReactionRunList(ApiObject):
    """Runs, newest first."""

    items: list[ReactionRunShape]


class ReactionItem(ReactionShape):
    """A reaction with its state. `paused` is why the loop protection paused it, null if it did not.

    `next_at` is when its schedule is due next, `last` its last run; both may be null.
    """

    paused: str | None
    next_at: int | None
    last: ReactionRunShape | None


class ReactionList(ApiObject):
    """The reactions. None runs unless `on`; `allowed` is false if the settings of the hub keep them off."""

    items: list[ReactionItem]
    on: bool
    allowed: bool


class ReactionSwitch(ApiObject):
    on: bool


class ReactionText(ApiObject):
    text: str
    revision: str


class ReactionsChecked(ApiObject):
    """Result of checking `reactions.toml`. If it is invalid, `problem` says why, and `items` is empty."""

    items: list[ReactionShape]
    problem: str | None


class ReactionPreview(ApiObject):
    """A draft as `[[reaction]]` table, as its `values` by key, and as parsed.

    If it is invalid, `problem` says why, and `reaction` is null. `devices` would get the command now; `warnings` say
    which of them would refuse it.
    """

    text: str
    values: dict[str, Any]
    reaction: ReactionShape | None
    problem: str | None
    devices: list[str]
    warnings: list[str]


class ReactionTrialShape(ApiObject):
    """What a draft would have done in a past period.

    It would have been due `occasions` times; `counts` says how many runs had each outcome, `runs` has the newest 500,
    oldest first, each with `number` 0. `readings` were read for the condition. `complete` is false if the period has
    more alerts, occasions or readings than a trial reads.
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
        "webhook": None if isinstance(action, CommandAction) else webhook_text(action),
    }
