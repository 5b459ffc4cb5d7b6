"""Carry out runs of reactions: store each run, send its commands or messages, and write the audit log.

A command or message is sent at most once. The run is stored first, and if the hub is killed before the run is finished,
the next start does not repeat it, because a command that comes minutes late may do harm. A webhook is called at least
once, always with the run's key: the transaction that stores the run also puts the webhook into the outbox.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from hub.errors import HubError, Invalid
from hub.model import Actor, Alert, AuditEntry, Device, LogChange, Message, NotificationDelivery, NotificationReceiver
from hub.model.reaction import (
    CommandAction,
    PublishAction,
    Reaction,
    ReactionRun,
    ReactionState,
    RunCommand,
    WebhookAction,
)
from hub.reactions import RunLimiter, describe_trigger, payload_of, webhook_text
from hub.services.audit_log import AuditLog
from hub.services.commands import Commands, command_id
from hub.services.reaction_publisher import PublishMessage, ReactionPublisher
from hub.services.run_counts import RunCounts
from hub.store.base import Store
from hub.store.reactions import RunPlan

log = logging.getLogger(__name__)

RECENT_MS = 86_400_000
"""After a start, runs of this last time in ms count towards the limits. The loop protection looks back equally far."""
_AUDITED = {
    "ran": "ran the reaction {}",
    "failed": "could not run the reaction {}",
    "dry_run": "ran the reaction {} as a dry run",
    "interrupted": "did not finish the reaction {}",
    "missed": "missed the time of the reaction {}",
    "paused": "paused the reaction {}",
}


class WebhookOutbox(NamedTuple):
    """Functions that put the webhook calls of reactions into the outbox, from which they are sent.

    Attributes:
        channel: Returns the id of the notification channel for the webhook of the reaction with a given id.
        compose: Writes the message that the webhook gets: from the reaction, the alert that started it (None if its
            schedule did), and the time in epoch ms.
        problem: Returns why the webhook of the reaction with a given id cannot be called; None if it can be called.
        wake: Tells the outbox that the channel with a given id has new deliveries.
    """

    channel: Callable[[str], str]
    compose: Callable[[Reaction, Alert | None, int], Message]
    problem: Callable[[str], str | None]
    wake: Callable[[str], None]


class ReactionRunner:
    """Carries out runs of reactions. Its ``limiter`` counts the runs for rate limits and loop protection.

    Args:
        store: The history, with the runs and the outbox.
        commands: Sends commands.
        audit: The audit log.
        submit: Puts an input into the pipeline.
        outbox: Takes the calls of webhooks.
        publish: Publishes MQTT messages.
        find: Returns a device by its id.
        now: Returns the time in epoch ms.
    """

    def __init__(
        self,
        *,
        store: Store,
        commands: Commands,
        audit: AuditLog,
        submit: Callable[[LogChange], Awaitable[Any]],
        outbox: WebhookOutbox,
        publish: PublishMessage,
        find: Callable[[str], Device | None],
        now: Callable[[], int],
    ) -> None:
        self.limiter = RunLimiter()
        self.publisher = ReactionPublisher(publish, self._finish, now)
        self._store = store
        self._commands = commands
        self._audit = audit
        self._submit = submit
        self._outbox = outbox
        self._find = find
        self._now = now
        self._counts = RunCounts()

    async def recover(self, reactions: Sequence[Reaction]) -> None:
        """Finish the runs that an earlier process left unfinished: store their outcome and write it to the audit log.

        Also tell the limiter about the recent runs of ``reactions``, so that they count towards the limits.
        """
        for run in await self._store.reactions.running():
            found = next((each for each in reactions if each.id == run.reaction), None)
            run = await self._interrupted(run)
            await self._store.reactions.finish(run)
            await self._write_audit(run, found)
        known = {each.id: each for each in reactions}
        for _, run in reversed(await self._store.reactions.runs(limit=10_000, since=self._now() - RECENT_MS)):
            if run.reaction in known:
                self.limiter.add(known[run.reaction], run)

    async def _interrupted(self, run: ReactionRun) -> ReactionRun:
        """Return the unfinished ``run`` with its outcome, and with the ids of the commands that were sent."""
        commands = []
        for each in run.commands:
            name = command_id(each.device, run.key)
            sent = each.problem is None and await self._store.command(name) is not None
            commands.append(replace(each, command=name) if sent else each)
        if run.topic is not None:
            detail = "The hub ended before the message was certainly published. It is not published later."
            return replace(run, outcome="interrupted", detail=detail)
        if all(each.command or each.problem for each in commands):
            return replace(run, outcome="ran", commands=tuple(commands))
        detail = "The hub ended before it had sent all commands. They are not sent later."
        return replace(run, outcome="interrupted", commands=tuple(commands), detail=detail)

    def count(self, run: ReactionRun) -> bool:
        """Count a run in the record of an earlier run, and return True. Return False if the run needs a new record.

        Only runs that send nothing are counted in this way, to limit the number of records. The caller must not carry
        out a run that was counted. :meth:`flush` stores the changed counts.
        """
        return self._counts.take(run)

    async def flush(self) -> None:
        """Store the records of runs whose counts have changed since the last call. Raises StoreError."""
        for run in self._counts.changed():
            await self._store.reactions.finish(run)

    async def carry_out(
        self,
        reaction: Reaction,
        run: ReactionRun,
        alert: Alert | None,
        done: Sequence[int],
        state: ReactionState | None,
    ) -> None:
        """Store a run, then send its commands, queue its message, or wake the outbox for its webhook.

        Nothing is sent if the store already has a run for the same step or scheduled time.

        Args:
            reaction: The reaction.
            run: The run that was decided.
            alert: The alert that started the run; None if a schedule did.
            done: Row numbers of the stored alert steps to delete, because no reaction needs them any more.
            state: The new state of the reactions, to be stored with the run; None if it does not change.

        Raises:
            StoreError: The run cannot be stored. Nothing was sent.
        """
        plan, payload = RunPlan(run, done, state), ""
        if isinstance(reaction.action, PublishAction) and run.outcome in ("running", "dry_run"):
            run, payload = self._with_payload(reaction.action, run, alert)
            plan.run = run
        if isinstance(reaction.action, WebhookAction) and run.outcome in ("ran", "dry_run"):
            run = replace(run, webhook=webhook_text(reaction.action))
            if run.outcome == "ran" and (problem := self._outbox.problem(reaction.id)) is not None:
                run = replace(run, outcome="failed", detail=problem)
            plan.run, plan.delivery = run, self._delivery(reaction, run, alert) if run.outcome == "ran" else None
        if not await self._store.reactions.apply(plan):
            return  # the same step or scheduled time was handled before
        self.limiter.add(reaction, run)
        if plan.delivery is not None:
            self._outbox.wake(plan.delivery.receiver.channel)
        if run.outcome == "running" and isinstance(reaction.action, CommandAction):
            run = await self._send(reaction.id, reaction.action, run)
            await self._store.reactions.finish(run)
        elif run.outcome == "running" and isinstance(reaction.action, PublishAction):
            if self.publisher.put(reaction, run, reaction.action, payload):
                return  # the publisher finishes the run
            run = replace(run, outcome="failed", detail="Too many messages of reactions wait to be published.")
            await self._store.reactions.finish(run)
        await self._write_audit(run, reaction)
        if run.outcome == "paused":
            await self._tell_paused(reaction, run)

    def _with_payload(self, action: PublishAction, run: ReactionRun, alert: Alert | None) -> tuple[ReactionRun, str]:
        """Return the run with the topic of its message, and the payload. If the template fails, the run has failed."""
        run = replace(run, topic=action.topic)
        try:
            return run, payload_of(action, run, alert, None if alert is None else self._find(alert.device))
        except Invalid as error:
            return replace(run, outcome="failed", detail=f"The payload cannot be made: {error.message}"), ""

    async def _finish(self, reaction: Reaction, run: ReactionRun) -> None:
        """Store a run that has ended, and write it to the audit log."""
        await self._store.reactions.finish(run)
        await self._write_audit(run, reaction)

    async def _send(self, reaction: str, action: CommandAction, run: ReactionRun) -> ReactionRun:
        commands = list[RunCommand]()
        for each in run.commands:
            sends = each.problem is None
            commands.append(await self._send_to(each.device, reaction, action, run) if sends else each)
        sent = any(each.command is not None for each in commands)
        return replace(run, outcome="ran" if sent else "failed", commands=tuple(commands))

    async def _send_to(self, device: str, reaction: str, action: CommandAction, run: ReactionRun) -> RunCommand:
        by = f"reaction {reaction}"
        try:
            sent = await self._commands.send(device, action.name, action.value, by=by, key=run.key, once=True)
        except HubError as error:
            return RunCommand(device, problem=error.message)
        return RunCommand(device, command=sent.id)

    def _delivery(self, reaction: Reaction, run: ReactionRun, alert: Alert | None) -> NotificationDelivery:
        receiver = NotificationReceiver(self._outbox.channel(reaction.id))
        message = self._outbox.compose(reaction, alert, run.at)
        return NotificationDelivery(run.key, f"reaction:{reaction.id}", receiver, message, run.at)

    async def _write_audit(self, run: ReactionRun, reaction: Reaction | None) -> None:
        """Write the audit entry of a run: the reaction, its trigger, and what was sent to which devices."""
        text = _AUDITED.get(run.outcome)
        if text is None:
            return
        failed = run.outcome in ("failed", "interrupted")
        details = {
            "trigger": run.step or "schedule",
            "alert": run.alert,
            "rule": run.rule,
            "device": run.device,
            "commands": [_command_fact(each) for each in run.commands],
            "webhook": run.webhook,
            "topic": run.topic,
            "detail": run.detail,
        }
        await self._audit.write(
            AuditEntry(
                at=run.at,
                until=run.at,
                kind="command",
                operation="reaction",
                actor=Actor(f"reaction {run.reaction}"),
                client="",
                object=run.reaction,
                text=text.format(run.reaction if reaction is None else reaction.name),
                outcome="failed" if failed else "success",
                details={key: value for key, value in details.items() if value},
            )
        )

    async def _tell_paused(self, reaction: Reaction, run: ReactionRun) -> None:
        """Write to the activity log that the loop protection paused ``reaction``. ``run`` says when and why."""
        log.warning("The reaction %s was paused: %s", reaction.id, run.detail)
        params = {"by": "hub", "changes": [{"key": "reactions.paused", "name": reaction.name, "detail": run.detail}]}
        text = f"hub paused the reaction {reaction.name} ({describe_trigger(reaction)}). {run.detail}"
        try:
            await self._submit(LogChange(text, run.at, run.device, params))
        except HubError as error:
            log.warning("That a reaction was paused could not be logged as activity (%s).", error.message)


def _command_fact(each: RunCommand) -> dict[str, str]:
    facts = {"device": each.device, "command": each.command, "problem": each.problem}
    return {key: value for key, value in facts.items() if value is not None}
