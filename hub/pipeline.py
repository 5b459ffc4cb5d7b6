"""One message's way through: decode -> fleet -> rules -> store -> ack -> bus, in that order.

The one writer of state. Everything that waits in the inbox goes through together; history is written before anyone
is told, and the broker is acknowledged after the write. A commit that fails is tried again with the same bytes and
nothing is decoded twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from hub import events as ev
from hub.activity import narrate
from hub.batch import Batch
from hub.bus import Bus
from hub.committing import Committer, Counters
from hub.control import Ledger
from hub.dedupe import Window
from hub.dialects import Change, Dialect, Effect, MappingDialect, Result, rejection
from hub.errors import HubError, Rejected
from hub.fleet import Fleet
from hub.inbox import Entry, Inbox
from hub.model import Command, Fact, RawMessage, Record, Rejection, TwinUpdate
from hub.model import fact as facts
from hub.mqtt.link import Link
from hub.rules import Engine
from hub.store.base import Delta, Store

log = logging.getLogger(__name__)

MOST = 1_000
"""Entries decided at once: bounds how long that keeps the loop (some 10 ms)."""
MOST_WRITTEN = 20_000
"""Messages a batch: bounds what waits while the store is slow."""
_NOTHING = Result()


class Pipeline:
    """Owns fleet, rules and dedupe window while it runs; others only read them."""

    def __init__(
        self,
        *,
        inbox: Inbox,
        dialects: Sequence[Dialect],
        fleet: Fleet,
        engine: Engine,
        store: Store,
        bus: Bus,
        now: Callable[[], int],
        on_commit: Callable[[float], None] = lambda seconds: None,
        on_effect: Callable[[Effect], None] = lambda effect: None,
        on_command: Callable[[Command], None] = lambda command: None,
    ) -> None:
        self._inbox = inbox
        self._dialects = dialects
        self._fleet = fleet
        self._engine = engine
        self._window = Window()
        self._ledger = Ledger()
        self._store = store
        self._bus = bus
        self._now = now
        self.counters = Counters()
        self._committer = Committer(store, self.counters, on_commit)
        self._on_effect = on_effect
        self._on_command = on_command
        self._cursor = 0
        self._batch = Batch()
        self._filled, self._taken = asyncio.Event(), asyncio.Event()
        self._ticked = 0
        self.link: Link | None = None

    async def restore(self) -> None:
        """Load the state of the last run. Alerts of rules that are gone are withdrawn with the first batch."""
        snapshot = await self._store.load()
        now = self._now()
        self._cursor = snapshot.cursor
        self._window.restore(snapshot.keys)
        self._fleet.restore(snapshot.states.values(), now)
        self._ledger.restore(snapshot.commands)
        batch = Batch()
        batch.events += self._engine.restore(self._fleet.devices(), snapshot.alerts, now)
        for dialect in self._dialects:
            for key, value in snapshot.learnt.get(dialect.name, {}).items():
                batch.effects += dialect.apply(Change(key, value))
        await self._finish(batch)

    async def run(self) -> None:
        """Until the inbox is closed and drained. While one batch is written, the next fills."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._finish_all(), name="commits")
            while entries := await self._inbox.take(MOST):
                self._decide(self._batch, entries)
                self._filled.set()
                self._taken.clear()
                await asyncio.sleep(0)  # everybody else has a turn between two helpings
                if len(self._batch.messages) >= MOST_WRITTEN:
                    await self._taken.wait()
            self._filled.set()

    async def _finish_all(self) -> None:
        while not self._inbox.drained or self._batch.filled:
            await self._filled.wait()
            self._filled.clear()
            batch, self._batch = self._batch, Batch()
            self._taken.set()
            await self._finish(batch)

    # -- decide: no await in here ------------------------------------------------------------------------------

    def _decide(self, batch: Batch, entries: Sequence[Entry]) -> None:
        batch.filled = True
        for entry in entries:
            if isinstance(entry, RawMessage):
                batch.messages.append(entry)
                self._message(batch, entry)
            else:
                fact, future = entry
                answer = self._answer(batch, fact)
                if future is not None:
                    batch.answers.append((future, answer))

    def _message(self, batch: Batch, message: RawMessage) -> None:
        try:
            for dialect in self._dialects:
                if dialect.owns(message.topic):
                    break
            else:
                raise Rejected("no_dialect", "No dialect reads this topic.")
            self._apply(batch, message, dialect, dialect.decode(message, self._fleet))
        except Rejected as error:
            self._reject(batch, rejection(message, error))
        except Exception:
            # A decoder's own fault must cost one message, never the loop.
            log.exception("a message could not be decoded; it is kept as rejected")
            fault = Rejected("decoder_fault", "The hub failed to read this message; see its log.")
            self._reject(batch, rejection(message, fault))

    def _apply(self, batch: Batch, message: RawMessage, dialect: Dialect, result: Result) -> None:
        fleet, engine, now = self._fleet, self._engine, message.received
        # First what it takes to read the next message: a birth and its data may share a batch.
        for change in result.changes:
            batch.learnt[dialect.name, change.key] = change.value
            batch.effects += dialect.apply(change)
        batch.effects += result.effects
        for identity in result.identities:
            changes = fleet.identify(identity, now)
            batch.events += changes
            if changes and identity.info is not None:
                batch.events += engine.refresh(fleet.require(identity.device), now)
        for availability in result.availability:
            batch.events += fleet.available(availability)
        for record in result.records:
            self._record(batch, record, message)
        for lapse in result.lapses:
            batch.events += fleet.lapse(lapse)
        for update in result.twins:
            batch.events += fleet.twin(update, now)
            self._settle(batch, update.device, now)
        for reply in result.replies:
            changed = self._ledger.replied(reply.command, reply.device, reply.done, reply.detail, now)
            batch.command(changed, now)
        for rejected in result.rejections:
            self._reject(batch, rejected)

    def _record(self, batch: Batch, record: Record, message: RawMessage) -> None:
        if record.key is not None and self._window.seen(record.device, record.key):
            self.counters.duplicates += 1
            return
        try:
            batch.events += self._fleet.observe(record)
        except Rejected as error:
            self._reject(batch, rejection(message, error))
            return
        batch.events += self._engine.observe(self._fleet.require(record.device), record)
        self._settle(batch, record.device, record.received)
        # A replayed value is of unknown age and may have been stored before: it is no history.
        if record.values and record.quality != "retained":
            batch.records.append(record)

    def _settle(self, batch: Batch, device: str, now: int) -> None:
        """What a device has just reported may confirm what it was told to do."""
        if self._ledger.awaits(device):
            batch.command(self._ledger.reported(self._fleet.require(device), now), now)

    def _reject(self, batch: Batch, rejected: Rejection) -> None:
        self.counters.rejected += 1
        batch.rejections.append(rejected)
        batch.events.append(ev.MessageRejected(rejected, rejected.received))

    def _answer(self, batch: Batch, fact: Fact) -> Any:
        """Apply one fact; what it answers, or the error its sender gets."""
        try:
            return self._fact(batch, fact)
        except HubError as error:
            return error

    def _fact(self, batch: Batch, fact: Fact) -> Any:
        fleet, engine = self._fleet, self._engine
        match fact:
            case facts.Tick():
                self._tick_dialects(batch, fact.now)
                batch.events += fleet.tick(fact.now, fact.listening_since)
                fired = engine.tick(fact.now, fact.listening_since, fleet.get)
                batch.events += fired
                for raised in (event for event in fired if isinstance(event, ev.AlertRaised)):
                    fleet.touch(raised.alert.device)
                connected = fact.listening_since is not None
                batch.command(self._ledger.tick(fact.now, connected, fleet.get), fact.now)
            case facts.Acknowledge():
                alert, changes = engine.acknowledge(fact)
                batch.events += changes
                return alert
            case facts.EditDevice():
                batch.events += fleet.edit(fact)
                device = fleet.require(fact.device)
                batch.events += engine.refresh(device, fact.at)
                return device
            case facts.DesireState():
                device = fleet.require(fact.device)
                batch.events += fleet.twin(TwinUpdate(device.id, "desired", fact.values), fact.at)
                return device
            case facts.DeleteDevice():
                fleet.delete(fact.device)
                self._window.forget(fact.device)
                self._ledger.forget(fact.device)
                batch.events += engine.forget(fact.device, fact.at)
                batch.delete(fact.device)
                batch.events.append(ev.DeviceDeleted(fact.device, fact.at))
            case facts.Introduce():
                batch.events += fleet.identify(fact.identity, fact.at)
            case facts.WriteDiagnosis():
                batch.diagnoses.append(fact.diagnosis)
                batch.events.append(ev.DiagnosisReady(fact.diagnosis, fact.diagnosis.created_at))
            case facts.ReplaceRules():
                batch.events += engine.replace(fact.rules, fleet.devices(), fact.at)
            case facts.ReplaceMappings():
                mapped = next(each for each in self._dialects if isinstance(each, MappingDialect))
                batch.effects += mapped.replace(fact.mappings)
            case facts.SendCommand():
                asked = fact.command
                batch.command(self._ledger.request(fact, fleet.require(asked.device)), asked.created_at)
                return self._ledger.get(asked.id)
            case facts.SendingFailed():
                batch.command(self._ledger.not_sent(fact), fact.at)
            case facts.LostSession():
                batch.events.append(ev.GapSuspected(fact.since, fact.at, fact.dropped))
        return None

    def _tick_dialects(self, batch: Batch, now: int) -> None:
        if now - self._ticked < 1_000:
            return
        self._ticked = now
        for dialect in self._dialects:
            said = dialect.tick(self._fleet, now)
            if said != _NOTHING:
                self._apply(batch, RawMessage("", b"", now), dialect, said)

    # -- commit, then tell -------------------------------------------------------------------------------------

    async def _finish(self, batch: Batch) -> None:
        if (delta := self._delta(batch)) is not None:
            await self._committer.commit(delta, self.link)
        if self.link is not None and batch.messages:
            self.link.ack(batch.messages)
        for effect in batch.effects:
            self._on_effect(effect)
        for command in batch.sending:
            self._on_command(command)
        batch.answer()
        if batch.records:
            batch.events.append(ev.ReadingsStored(batch.records, self._now()))
        if batch.events:
            self._bus.publish(batch.events)

    def _delta(self, batch: Batch) -> Delta | None:
        """What is to be written; None if nothing is (a tick that changed nothing)."""
        states = self._fleet.take_dirty()
        activity = [line for event in batch.events if (line := narrate(event, self._fleet.get)) is not None]
        alerts = batch.alerts()
        changed = (batch.records, states, batch.deleted, alerts, batch.diagnoses, batch.rejections, activity)
        if not any(changed) and not batch.commands and not batch.learnt:
            return None
        self._cursor += len(batch.records)
        return Delta(
            cursor=self._cursor,
            records=batch.records,
            states=states,
            deleted=batch.deleted,
            alerts=alerts,
            diagnoses=batch.diagnoses,
            rejections=batch.rejections,
            activity=activity,
            commands=list(batch.commands.values()),
            learnt=batch.learnt,
        )
