"""Decide whether a reaction that is due runs, and which devices get its command."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from hub import text_format as fmt
from hub.model import Device
from hub.model.reaction import (
    AlertStepTaken,
    CommandAction,
    PublishAction,
    Reaction,
    ReactionCondition,
    ReactionRun,
    RunCommand,
    RunLimits,
    RunOutcome,
    WebhookAction,
)
from hub.reactions.agenda import Occasion, Selects
from hub.reactions.condition import ConditionCheck, Find
from hub.reactions.limiter import RunLimiter

Holds = Callable[[AlertStepTaken], bool]
"""Takes a step of an alert. Returns whether the alert is still in the state that the step has led to."""


class Decider:
    """Decides whether a reaction runs, and with which outcome, from the current devices and alerts.

    Args:
        find: Returns a device by its id, up to date.
        devices: Returns all devices.
        selects: Returns whether a scope selects a device.
        holds: See :data:`Holds`.
        limiter: Counts the runs. The caller adds each run after storing it.
        read_by: Returns the name of the dialect with which the hub itself reads a topic; None if it does not read the
            topic. A message to a topic that it reads may cause an alert.
    """

    def __init__(
        self,
        find: Find,
        devices: Callable[[], Iterable[Device]],
        selects: Selects,
        holds: Holds,
        limiter: RunLimiter,
        read_by: Callable[[str], str | None],
    ) -> None:
        self._find = find
        self._devices = devices
        self._selects = selects
        self._holds = holds
        self._limiter = limiter
        self._read_by = read_by

    def decide(self, occasion: Occasion, now: int) -> ReactionRun | None:
        """Decide whether a reaction that is due runs, and return the run with its outcome.

        Return None if the trigger has a waiting time (``for``), and the alert has left the state after its step before
        the end of that time. The outcome is ``running`` if commands have to be sent or a message has to be published,
        ``ran`` if the webhook has to be called. With any other outcome, nothing is sent.
        """
        reaction, taken = occasion.reaction, occasion.taken
        if taken is not None and reaction.alert is not None and reaction.alert.for_ms and not self._holds(taken):
            return None
        command = reaction.action if isinstance(reaction.action, CommandAction) else None
        late = now - occasion.due_at > reaction.grace_ms
        if late and (taken is None or not isinstance(reaction.action, WebhookAction)):
            return _run(occasion, now, "missed", f"It was due {fmt.duration(now - occasion.due_at)} ago.")
        targets = [] if command is None else self._targets(command, taken)
        if isinstance(targets, str):
            return _run(occasion, now, "failed", targets)
        if reaction.condition is not None:
            targets, refused = self._check(reaction.condition, occasion, targets, now)
            if refused is not None:
                return refused
        if (refused := self._limit(occasion, now)) is not None:
            return refused
        return self._permitted(occasion, command, targets, now)

    def _targets(self, command: CommandAction, taken: AlertStepTaken | None) -> list[str] | str:
        """Return the ids of the devices that get the command, or an error text if no device gets it.

        No device gets it if the command's scope has no devices, or more than ``max_devices``.
        """
        if command.scope is None:
            return [command.device or (taken.alert.device if taken is not None else "")]
        found = sorted(each.id for each in self._devices() if self._selects(command.scope, each))
        if not found:
            return "No device is in the scope of the command."
        if len(found) > command.max_devices:
            return f"The scope of the command has {len(found)} devices; max_devices is {command.max_devices}."
        return found

    def _check(
        self, condition: ReactionCondition, occasion: Occasion, targets: list[str], now: int
    ) -> tuple[list[str], ReactionRun | None]:
        """Check for which devices the condition of a reaction holds.

        For a reaction to an alert, the condition is checked on the alert's device, and holds for all targets or none.

        Returns:
            The ids of the ``targets`` for which it holds, and None. If it holds for none, an empty list and the run to
                store, with the outcome ``condition_false`` or ``condition_unknown``.
        """
        subjects: Sequence[str | None] = [occasion.taken.alert.device] if occasion.taken else targets or [None]
        holding, unknown = [], list[str]()
        for subject in subjects:
            check = ConditionCheck(self._find, subject)
            truth = check.truth(condition)
            if truth:
                holding.append(subject)
            elif truth is None:
                unknown += check.unknown
        if holding:
            return (targets if occasion.taken else [each for each in holding if each is not None]), None
        if unknown:
            text = "; ".join(dict.fromkeys(unknown))[:300]
            return [], _run(occasion, now, "condition_unknown", f"Not known: {text}.")
        return [], _run(occasion, now, "condition_false")

    def _limit(self, occasion: Occasion, now: int) -> ReactionRun | None:
        """Return None if the reaction may run now, otherwise the record of a run that was refused.

        The outcome of the record is ``paused`` if the loop protection refused the run, and ``rate_limited`` if it
        exceeds the rate limit.
        """
        reaction, taken = occasion.reaction, occasion.taken
        acts = not isinstance(reaction.action, WebhookAction)
        if acts and taken is not None and reaction.mode == "live":
            alert, limits = taken.alert, self._loop_limits(reaction)
            if self._limiter.loops(replace(reaction, limits=limits), alert.rule, alert.device, now):
                within = fmt.duration(limits.loop_within_ms)
                text = f"{limits.loop_runs} runs within {within} about the rule {alert.rule} on {alert.device}"
                what = "message" if isinstance(reaction.action, PublishAction) else "command"
                return _run(occasion, now, "paused", f"Paused after {text}: its {what} may cause the alert.")
        if not self._limiter.permits(reaction, now):
            return _run(occasion, now, "rate_limited", f"More than {reaction.limits.per_minute:g} a minute.")
        return None

    def _loop_limits(self, reaction: Reaction) -> RunLimits:
        """Return the limits of the loop protection for a reaction.

        If the reaction publishes a message to a topic that the hub reads, its limits are at least as strict as the
        default limits.
        """
        limits, default = reaction.limits, RunLimits()
        if not isinstance(reaction.action, PublishAction) or self._read_by(reaction.action.topic) is None:
            return limits
        return replace(
            limits,
            loop_runs=min(limits.loop_runs, default.loop_runs),
            loop_within_ms=max(limits.loop_within_ms, default.loop_within_ms),
        )

    def _permitted(
        self, occasion: Occasion, command: CommandAction | None, targets: list[str], now: int
    ) -> ReactionRun:
        """Apply the rate limit of each device, and return the run.

        ``targets`` are the devices that get ``command``. A device over its limit gets no command, and its entry in the
        run has a ``problem``. If all devices are over their limits, the outcome is ``rate_limited``. For a webhook or a
        message, ``command`` is None, and the limit of the alert's device applies.
        """
        reaction = occasion.reaction
        about = targets if command is not None else [occasion.taken.alert.device] if occasion.taken else []
        limited = {each for each in about if not self._limiter.permits_device(reaction, each, now)}
        if about and len(limited) == len(about):
            rate, names = reaction.limits.device_per_minute, ", ".join(sorted(limited)[:5])
            text = f"More than {rate:g} a minute for {names}."
            return _run(occasion, now, "rate_limited", text)
        commands = tuple(
            RunCommand(each, problem="More than the rate of the device." if each in limited else None)
            for each in targets
        )
        acts = not isinstance(reaction.action, WebhookAction)
        outcome: RunOutcome = "dry_run" if reaction.mode == "dry_run" else "running" if acts else "ran"
        return _run(occasion, now, outcome, commands=commands)


def _run(
    occasion: Occasion,
    now: int,
    outcome: RunOutcome,
    detail: str | None = None,
    commands: tuple[RunCommand, ...] = (),
) -> ReactionRun:
    taken = occasion.taken
    return ReactionRun(
        key=occasion.key,
        reaction=occasion.reaction.id,
        at=now,
        due_at=occasion.due_at,
        outcome=outcome,
        step=taken.step if taken else None,
        alert=taken.alert.id if taken else None,
        rule=taken.alert.rule if taken else None,
        device=taken.alert.device if taken else None,
        detail=detail,
        commands=commands,
    )
