"""Objects of reactions that the API returns."""

from __future__ import annotations

from typing import Annotated, Any

from hub.api.schemas.api_object import ApiObject, FromModel
from hub.model.reaction import AlertStep, CommandAction, Reaction, ReactionMode, ReactionRun, RunCommand, RunOutcome
from hub.reactions import describe_action, describe_condition, describe_trigger


class ReactionShape(ApiObject):
    """A reaction in words: `starts` is what starts it, `does` what it does. `step` is null for a schedule.

    `condition` is null if it always runs. `sends` is "command" or "webhook".
    """

    id: str
    name: str
    enabled: bool
    mode: ReactionMode
    step: AlertStep | None
    starts: str
    condition: str | None
    sends: str
    does: str


class ReactionRunShape(ApiObject):
    """What became of one occasion on which a reaction was due. `due_at` is when it was due, `at` when it was decided.

    `step`, `alert`, `rule` and `device` are those of the alert, null for a schedule. `commands` has each device with
    the id of its command, or the problem with it; `webhook` is the masked URL. `count` is the number of occasions:
    those beyond the rate limit are counted.
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


def shape(found: Reaction) -> ReactionShape:
    return ReactionShape(**_words(found))


def item(found: Reaction, paused: str | None, next_at: int | None, last: ReactionRun | None) -> ReactionItem:
    return ReactionItem(
        **_words(found), paused=paused, next_at=next_at, last=None if last is None else run_shape(0, last)
    )


def run_shape(number: int, run: ReactionRun) -> ReactionRunShape:
    return ReactionRunShape.of(run, number=number, commands=list(run.commands))


def _words(found: Reaction) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "enabled": found.enabled,
        "mode": found.mode,
        "step": found.alert.step if found.alert else None,
        "starts": describe_trigger(found),
        "condition": None if found.condition is None else describe_condition(found.condition),
        "sends": "command" if isinstance(found.action, CommandAction) else "webhook",
        "does": describe_action(found),
    }
