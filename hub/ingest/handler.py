"""Handle one entry of the queue: decode, apply to the registry, judge by the rules, gather what changed in a batch.

The only writer of state. A message is handled as a whole; a decoder's fault costs one message and never the loop.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from hub import events as ev
from hub.control import CommandTracker
from hub.dialects import Dialect, MappingDialect, PayloadSchema, Result, is_plain, rejection
from hub.errors import HubError, Rejected
from hub.ingest.batch import Batch
from hub.ingest.liveness import Liveness
from hub.ingest.queue import Entry
from hub.ingest.recovery import recover
from hub.model import Input, RawMessage, Record, RecordBatch, TwinUpdate
from hub.model import input as facts
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.runtime.fault_log import FaultLog
from hub.store.base import StoredSnapshot
from hub.store.rows import Unreadable
from hub.topics import printable

faults = FaultLog(logging.getLogger(__name__))

MAX_WAITING = 1_000
"""Messages that wait in the fast path before a flush; it bounds how long a flush keeps the event loop."""
JUDGED_AT_ONCE = 500
"""Devices judged at once after the rules have changed; it bounds how long that keeps the event loop (some 5 ms)."""
_NOTHING = Result()


class IngestHandler:
    """Changes registry, rules and commands while the pipeline runs; others only read them."""

    def __init__(self, dialects: Sequence[Dialect], registry: DeviceRegistry, engine: Engine) -> None:
        self._dialects = dialects
        self._registry = registry
        self._engine = engine
        self._liveness = Liveness(registry, engine)
        self._command_tracker = CommandTracker()
        self._batch = Batch()  # the one that handle and flush were called with last
        self._ticked = 0  # when the dialects were ticked last
        self._learnt: set[tuple[str, str]] = set()  # dialect and key of the states they have learned since the start
        self.judging = False  # devices wait to be judged by rules that have changed; JudgeDevices goes on with it
        registry.set_flush_handler(self._handle_flushed)

    def restore(self, snapshot: StoredSnapshot, now: int) -> tuple[Batch, list[Unreadable]]:
        """Load the stored state; see :func:`hub.ingest.recovery.recover`."""
        return recover(
            snapshot,
            registry=self._registry,
            engine=self._engine,
            command_tracker=self._command_tracker,
            dialects=self._dialects,
            learnt=self._learnt,
            now=now,
        )

    def states(self, cursor: int, requested_checkpoint: int) -> tuple[dict[str, bytes], int]:
        """Return the states to commit with a batch, and the checkpoint; see :meth:`StoredStates.take`."""
        for name in self._engine.take_changed():
            self._registry.touch(name)
        return self._registry.take_states(cursor, requested_checkpoint)

    def handle(self, batch: Batch, entries: Sequence[Entry]) -> None:
        """Handle entries of the queue in their order. Messages may wait in the fast path until :meth:`flush`."""
        batch.filled = True
        self._batch = batch
        accept, messages = self._registry.fast_path.accept, 0
        self._liveness.note_connection(entries)
        for entry in entries:
            if isinstance(entry, RawMessage):
                messages += 1
                if entry.receipt is not None:
                    batch.receipts.append(entry)
                if not accept(entry):
                    self._message(batch, entry)
            else:
                self.flush(batch)
                fact, future = entry
                answer = self._answer(batch, fact)
                if future is not None:
                    batch.answers.append((future, answer))
        batch.messages += messages
        if self._registry.fast_path.waiting >= MAX_WAITING:
            self.flush(batch)
        batch.events += self._liveness.gateways()

    def flush(self, batch: Batch) -> None:
        """Apply the messages that wait in the fast path, and handle those that do not fit one by one."""
        self._batch = batch
        self._registry.fast_path.flush()
        batch.events += self._liveness.gateways()

    def _handle_flushed(self, record_batches: list[RecordBatch], messages: list[RawMessage]) -> None:
        """Add what the fast path has applied to the batch, and handle what it leaves for the slow path."""
        batch = self._batch
        batch.record_batches += record_batches
        for message in messages:
            self._message(batch, message)
        batch.events += self._liveness.gateways()

    def _message(self, batch: Batch, message: RawMessage) -> None:
        try:
            for dialect in self._dialects:
                if dialect.owns(message.topic):
                    break
            else:
                raise Rejected("no_dialect", "No dialect reads this topic.")
            said = dialect.decode(message, self._registry)
            if is_plain(said):  # nearly all are
                for record in said.records:
                    self._record(batch, record, message, len(said.records))
                if said.payload_schema is not None:
                    self._offer_fast_path(message.topic, said.payload_schema, said.records[0].device)
            else:
                self._apply(batch, message, dialect, said)
        except Rejected as error:
            batch.reject(rejection(message, error))
            self._registry.fast_path.demote(error.sender)
            batch.events += self._liveness.hear_sender(error.sender, message)
        except Exception as error:
            text = "The message on %s failed to decode and is kept as rejected. Report this."
            faults.unexpected(text, printable(message.topic), cause=error)
            unread = "The hub failed to read this message; see its log."
            batch.reject(rejection(message, Rejected("decoder_fault", unread)))

    def _apply(self, batch: Batch, message: RawMessage, dialect: Dialect, result: Result) -> None:
        registry, engine, now = self._registry, self._engine, message.received
        # First what it takes to read the next message: a birth and its data may share a batch.
        for change in result.changes:
            batch.learnt[dialect.name, change.key] = change.value
            self._learnt.add((dialect.name, change.key))
            batch.effects += dialect.apply(change)
        batch.effects += result.effects
        for identity in result.identities:
            changes = registry.identify(identity, now)
            batch.events += changes
            if changes and identity.info is not None:
                batch.events += engine.judge(registry.require(identity.device), now)
        batch.events += self._liveness.gateways()  # what came before comes first
        batch.events += self._liveness.take(result, message)
        for record in result.records:
            self._record(batch, record, message, len(result.records))
        for expiration in result.expirations:
            batch.events += self._liveness.expiration(expiration)
        for update in result.desired_state:
            batch.events += registry.twin(update, now)
            self._confirm_commands(batch, update.device, now)
        for reply in result.replies:
            changed = self._command_tracker.replied(reply.command, reply.device, reply.done, reply.detail, now)
            batch.command(changed, now)
        for rejected in result.rejections:
            batch.reject(rejected)

    def _record(self, batch: Batch, record: Record, message: RawMessage, items: int) -> None:
        """Apply and judge one of the ``items`` records of a message."""
        name = record.device
        if record.key is not None:
            again, changed = self._registry.check_duplicate(record, record.key, items, redelivered=message.redelivered)
            batch.events += changed
            if again:
                batch.duplicates += 1
                batch.events += self._liveness.hear_sender(name, message)
                return
        try:
            heard = self._registry.observe(record)
        except Rejected as error:
            batch.reject(rejection(message, error))
            record = self._registry.with_room(record)
            if not record.values:
                return
            heard = self._registry.observe(record)
        device = self._registry.require(name)
        judged = self._engine.observe(device, record)
        if heard or judged:
            batch.events += heard
            batch.events += judged
        if self._command_tracker.awaits(name):
            self._confirm_commands(batch, name, record.received)
        if record.quality != "retained" and message.topic:  # without a topic it is the hub's own conclusion
            self._registry.presence.mark_gateway_seen(name, record.received)
        # A replayed value is of unknown age and may have been stored before: it is no history.
        if record.values and record.quality != "retained":
            batch.records.append(record)
        else:
            self._registry.touch(name)

    def _offer_fast_path(self, topic: str, payload_schema: PayloadSchema, name: str) -> None:
        """Offer the topic to the fast path, unless each message of the device matters."""
        device = self._registry.require(name)
        if device.presence == "online" and device.constant_id is None and not self._command_tracker.awaits(name):
            self._registry.offer_fast_path(
                topic, payload_schema, device, lambda: self._engine.calm(device, payload_schema.names)
            )

    def _confirm_commands(self, batch: Batch, device: str, now: int) -> None:
        """Let what a device has just reported confirm the commands that wait for it."""
        if self._command_tracker.awaits(device):
            batch.command(self._command_tracker.reported(self._registry.require(device), now), now)

    def _answer(self, batch: Batch, fact: Input) -> Any:
        """Apply one input. Return the answer for its sender, or the error."""
        try:
            return self._fact(batch, fact)
        except HubError as error:
            return error
        except Exception as error:
            faults.unexpected("The hub failed at %s. Report this.", type(fact).__name__, cause=error)
            return HubError(f"The hub failed at this ({type(error).__name__}).", "Its log has the details.")

    def _fact(self, batch: Batch, fact: Input) -> Any:
        registry, engine = self._registry, self._engine
        match fact:
            case facts.Tick():
                self._tick_dialects(batch, fact.now)
                batch.events += registry.tick(fact.now, fact.listening_since)
                happened = engine.tick(fact.now, fact.listening_since, registry.get)
                batch.events += happened
                for event in happened:
                    if isinstance(event, ev.AlertRaised):  # from now on each of its values matters
                        registry.fast_path.demote(event.alert.device)
                connected = fact.listening_since is not None
                batch.command(self._command_tracker.tick(fact.now, connected, registry.get), fact.now)
            case facts.Acknowledge() | facts.Unacknowledge():
                alert, changes = engine.acknowledge(fact)
                batch.events += changes
                return alert
            case facts.LogChange():
                batch.events.append(ev.SettingChanged(fact.text, fact.at, fact.device))
            case facts.EditDevice():
                batch.events += registry.edit(fact)
                device = registry.require(fact.device)
                batch.events += engine.judge(device, fact.at)
                return device
            case facts.DesireState():
                device = registry.require(fact.device)
                batch.events += registry.twin(TwinUpdate(device.id, "desired", fact.values), fact.at)
                return device
            case facts.DeleteDevice():
                registry.delete(fact.device)
                self._command_tracker.forget(fact.device)
                batch.events += engine.forget(fact.device, fact.at)
                batch.delete(fact.device)
                batch.events.append(ev.DeviceDeleted(fact.device, fact.at))
            case facts.Introduce():
                if changes := registry.identify(fact.identity, fact.at):
                    batch.events += changes
                    batch.events += engine.judge(registry.require(fact.identity.device), fact.at)
            case facts.WriteDiagnosis():
                batch.diagnoses.append(fact.diagnosis)
                batch.events.append(ev.DiagnosisReady(fact.diagnosis, fact.diagnosis.created_at))
            case facts.ReplaceRules():
                registry.fast_path.demote_all()
                engine.replace(fact.rules, [device.id for device in registry.devices()])
                self._judge_next(batch, fact.at)
            case facts.JudgeDevices():
                self._judge_next(batch, fact.at)
            case facts.ReplaceMappings():
                mapped = next(each for each in self._dialects if isinstance(each, MappingDialect))
                batch.effects += mapped.replace(fact.mappings)
            case facts.SendCommand():
                asked = fact.command
                registry.fast_path.demote(asked.device)  # each report may confirm the command
                batch.command(self._command_tracker.request(fact, registry.require(asked.device)), asked.created_at)
                return self._command_tracker.get(asked.id)
            case facts.SendingFailed():
                batch.command(self._command_tracker.not_sent(fact), fact.at)
            case facts.LostSession():
                batch.events.append(ev.GapSuspected(fact.since, fact.at, fact.dropped))
        return None

    def _judge_next(self, batch: Batch, now: int) -> None:
        """Judge some of the devices whose rules have changed; the pipeline asks for the rest by JudgeDevices."""
        batch.events += self._engine.judge_next(JUDGED_AT_ONCE, self._registry.get, now)
        self.judging = self._engine.unjudged > 0

    def _tick_dialects(self, batch: Batch, now: int) -> None:
        if now - self._ticked < 1_000:
            return
        self._ticked = now
        for dialect in self._dialects:
            said = dialect.tick(self._registry, now)
            if said != _NOTHING:
                self._apply(batch, RawMessage("", b"", now), dialect, said)
