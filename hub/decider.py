"""What one entry of the queue changes: decode -> fleet -> rules, gathered in a batch. Nothing here waits.

The one writer of state, on behalf of the pipeline. A message is decided as a whole; a decoder's fault costs that one
message and never the loop.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from hub import events as ev
from hub.batch import Batch
from hub.control import Ledger
from hub.dialects import Dialect, Layout, MappingDialect, Result, is_plain, rejection
from hub.errors import HubError, Rejected
from hub.fault_log import FaultLog
from hub.fleet import Fleet
from hub.inbox import Entry
from hub.liveness import Liveness
from hub.model import Alert, Fact, RawMessage, Record, TwinUpdate
from hub.model import fact as facts
from hub.recovery import recover
from hub.rules import Engine
from hub.store.base import Snapshot
from hub.store.rows import Unreadable
from hub.topics import printable

log = logging.getLogger(__name__)
faults = FaultLog(log)

MOST_WAITING = 1_000
"""Messages of steady topics that wait to be taken up together; it bounds how long that keeps the loop."""
JUDGED_AT_ONCE = 500
"""Devices judged in one go when the rules have changed; it bounds how long that keeps the loop (some 5 ms)."""
_NOTHING = Result()


class Decider:
    """Owns fleet, rules, dedupe window and commands while the pipeline runs; others only read them."""

    def __init__(self, dialects: Sequence[Dialect], fleet: Fleet, engine: Engine) -> None:
        self._dialects = dialects
        self._fleet = fleet
        self._engine = engine
        self._liveness = Liveness(fleet, engine)
        self._ledger = Ledger()
        self._ticked = 0
        self._learnt: set[tuple[str, str]] = set()
        self.judging = False
        """Whether devices wait to be judged by rules that have changed: :class:`JudgeDevices` goes on with it."""

    def restore(self, snapshot: Snapshot, now: int) -> tuple[Batch, list[Unreadable]]:
        """See :func:`hub.recovery.recover`."""
        return recover(
            snapshot,
            fleet=self._fleet,
            engine=self._engine,
            ledger=self._ledger,
            dialects=self._dialects,
            learnt=self._learnt,
            now=now,
        )

    def states(self, cursor: int, wanted: int) -> tuple[dict[str, bytes], int]:
        """What :meth:`hub.fleet.Fleet.take_states` gives, with what the rules remember of the devices."""
        for name in self._engine.take_changed():
            self._fleet.touch(name)
        return self._fleet.take_states(cursor, wanted)

    def decide(self, batch: Batch, entries: Sequence[Entry]) -> None:
        batch.filled = True
        take, messages = self._fleet.steady.take, 0
        self._liveness.note_connection(entries)
        for entry in entries:
            if isinstance(entry, RawMessage):
                messages += 1
                if entry.receipt is not None:
                    batch.receipts.append(entry)
                if not take(entry):
                    self._message(batch, entry)
            else:
                self.flush(batch)
                fact, future = entry
                answer = self._answer(batch, fact)
                if future is not None:
                    batch.answers.append((future, answer))
        batch.messages += messages
        if self._fleet.steady.waiting >= MOST_WAITING:
            self.flush(batch)
        batch.events += self._liveness.gateways()

    def flush(self, batch: Batch) -> None:
        """Take up what steady topics have said, and what of it has to go the usual way; before the batch is written."""
        if self._fleet.steady.waiting:
            sheets, left = self._fleet.steady.flush()
            for sheet in sheets:
                self._fleet.take_sheet(sheet)
            batch.sheets += sheets
            for message in left:
                self._message(batch, message)
        batch.events += self._liveness.gateways()

    def _usual(self, batch: Batch, device: str) -> None:
        """What comes next of a steady device is nothing of the kind: first all that came before it is taken up."""
        if device in self._fleet.steady:
            self.flush(batch)
            if device in self._fleet.steady:  # else it has left with a message of its own
                self._fleet.steady.leave(self._fleet.require(device))

    def _message(self, batch: Batch, message: RawMessage) -> None:
        try:
            for dialect in self._dialects:
                if dialect.owns(message.topic):
                    break
            else:
                raise Rejected("no_dialect", "No dialect reads this topic.")
            said = dialect.decode(message, self._fleet)
            if is_plain(said):  # nearly all are
                for record in said.records:
                    self._record(batch, record, message, len(said.records))
                if said.layout is not None:
                    self._let_in(message.topic, said.layout, said.records[0].device)
            else:
                self._apply(batch, message, dialect, said)
        except Rejected as error:
            batch.reject(rejection(message, error))
            self._usual(batch, error.sender)
            batch.events += self._liveness.hear_sender(error.sender, message)
        except Exception as error:
            text = "The message on %s failed to decode and is kept as rejected. Report this."
            faults.unexpected(text, printable(message.topic), cause=error)
            unread = "The hub failed to read this message; see its log."
            batch.reject(rejection(message, Rejected("decoder_fault", unread)))

    def _apply(self, batch: Batch, message: RawMessage, dialect: Dialect, result: Result) -> None:
        fleet, engine, now = self._fleet, self._engine, message.received
        for told in (result.identities, result.availability, result.lapses, result.twins, result.replies):
            for one in told:
                self._usual(batch, one.device)
        for name in (*result.gone, *result.withdrawn):
            self._usual(batch, name)
        # First what it takes to read the next message: a birth and its data may share a batch.
        for change in result.changes:
            batch.learnt[dialect.name, change.key] = change.value
            self._learnt.add((dialect.name, change.key))
            batch.effects += dialect.apply(change)
        batch.effects += result.effects
        for identity in result.identities:
            changes = fleet.identify(identity, now)
            batch.events += changes
            if changes and identity.info is not None:
                batch.events += engine.judge(fleet.require(identity.device), now)
        batch.events += self._liveness.take(result, message)
        for record in result.records:
            self._record(batch, record, message, len(result.records))
        for lapse in result.lapses:
            batch.events += self._liveness.lapse(lapse)
        for update in result.twins:
            batch.events += fleet.twin(update, now)
            self._settle(batch, update.device, now)
        for reply in result.replies:
            changed = self._ledger.replied(reply.command, reply.device, reply.done, reply.detail, now)
            batch.command(changed, now)
        for rejected in result.rejections:
            batch.reject(rejected)

    def _record(self, batch: Batch, record: Record, message: RawMessage, items: int) -> None:
        """Take in one of the ``items`` records of a message."""
        name = record.device
        self._usual(batch, name)
        if record.key is not None:
            again, changed = self._fleet.repeated(record, record.key, items, redelivered=message.redelivered)
            batch.events += changed
            if again:
                batch.duplicates += 1
                batch.events += self._liveness.hear_sender(name, message)
                return
        try:
            heard = self._fleet.observe(record)
        except Rejected as error:
            batch.reject(rejection(message, error))
            record = self._fleet.with_room(record)
            if not record.values:
                return
            heard = self._fleet.observe(record)
        device = self._fleet.require(name)
        judged = self._engine.observe(device, record)
        if heard or judged:
            batch.events += heard
            batch.events += judged
        if self._ledger.awaits(name):
            self._settle(batch, name, record.received)
        if record.quality != "retained" and message.topic:  # without a topic it is the hub's own conclusion
            self._fleet.presence.hear_through(name, record.received)
        # A replayed value is of unknown age and may have been stored before: it is no history.
        if record.values and record.quality != "retained":
            batch.records.append(record)
        else:
            self._fleet.touch(name)

    def _let_in(self, topic: str, layout: Layout, name: str) -> None:
        """A message of the usual kind has come; if they go on like this, the topic becomes steady."""
        device = self._fleet.require(name)
        if device.presence == "online" and device.constant_id is None and not self._ledger.awaits(name):
            self._fleet.let_in(topic, layout, device, lambda: self._engine.calm(device, layout.names))

    def _settle(self, batch: Batch, device: str, now: int) -> None:
        """What a device has just reported may confirm what it was told to do."""
        if self._ledger.awaits(device):
            batch.command(self._ledger.reported(self._fleet.require(device), now), now)

    def _answer(self, batch: Batch, fact: Fact) -> Any:
        """Apply one fact; what it answers, or the error its sender gets."""
        try:
            return self._fact(batch, fact)
        except HubError as error:
            return error
        except Exception as error:
            faults.unexpected("The hub failed at %s. Report this.", type(fact).__name__, cause=error)
            return HubError(f"The hub failed at this ({type(error).__name__}).", "Its log has the details.")

    def _fact(self, batch: Batch, fact: Fact) -> Any:
        fleet, engine = self._fleet, self._engine
        match fact:
            case facts.Tick():
                self._tick_dialects(batch, fact.now)
                happened = fleet.tick(fact.now, fact.listening_since)
                happened += engine.tick(fact.now, fact.listening_since, fleet.get)
                batch.events += happened
                for event in happened:
                    match event:
                        case ev.PresenceChanged(device=name) | ev.AlertRaised(alert=Alert(device=name)):
                            self._usual(batch, name)
                connected = fact.listening_since is not None
                batch.command(self._ledger.tick(fact.now, connected, fleet.get), fact.now)
            case facts.Acknowledge() | facts.Unacknowledge():
                alert, changes = engine.acknowledge(fact)
                batch.events += changes
                return alert
            case facts.LogChange():
                batch.events.append(ev.SettingChanged(fact.text, fact.at, fact.device))
            case facts.EditDevice():
                self._usual(batch, fact.device)
                batch.events += fleet.edit(fact)
                device = fleet.require(fact.device)
                batch.events += engine.judge(device, fact.at)
                return device
            case facts.DesireState():
                device = fleet.require(fact.device)
                batch.events += fleet.twin(TwinUpdate(device.id, "desired", fact.values), fact.at)
                return device
            case facts.DeleteDevice():
                fleet.delete(fact.device)
                fleet.window.forget(fact.device)
                self._ledger.forget(fact.device)
                batch.events += engine.forget(fact.device, fact.at)
                batch.delete(fact.device)
                batch.events.append(ev.DeviceDeleted(fact.device, fact.at))
            case facts.Introduce():
                if changes := fleet.identify(fact.identity, fact.at):
                    batch.events += changes
                    batch.events += engine.judge(fleet.require(fact.identity.device), fact.at)
            case facts.WriteDiagnosis():
                batch.diagnoses.append(fact.diagnosis)
                batch.events.append(ev.DiagnosisReady(fact.diagnosis, fact.diagnosis.created_at))
            case facts.ReplaceRules():
                self._fleet.steady.leave_all(fleet.require)
                engine.replace(fact.rules, [device.id for device in fleet.described()])
                self._judge_next(batch, fact.at)
            case facts.JudgeDevices():
                self._judge_next(batch, fact.at)
            case facts.ReplaceMappings():
                mapped = next(each for each in self._dialects if isinstance(each, MappingDialect))
                batch.effects += mapped.replace(fact.mappings)
            case facts.SendCommand():
                asked = fact.command
                self._usual(batch, asked.device)
                batch.command(self._ledger.request(fact, fleet.require(asked.device)), asked.created_at)
                return self._ledger.get(asked.id)
            case facts.SendingFailed():
                batch.command(self._ledger.not_sent(fact), fact.at)
            case facts.LostSession():
                batch.events.append(ev.GapSuspected(fact.since, fact.at, fact.dropped))
        return None

    def _judge_next(self, batch: Batch, now: int) -> None:
        """Judge some of the devices whose rules have changed; the pipeline asks for the rest."""
        batch.events += self._engine.judge_next(JUDGED_AT_ONCE, self._fleet.get, now)
        self.judging = self._engine.unjudged > 0

    def _tick_dialects(self, batch: Batch, now: int) -> None:
        if now - self._ticked < 1_000:
            return
        self._ticked = now
        for dialect in self._dialects:
            said = dialect.tick(self._fleet, now)
            if said != _NOTHING:
                self._apply(batch, RawMessage("", b"", now), dialect, said)
