"""Handler of queue entries: decode, apply to the registry, evaluate the rules, add the changes to a batch.

While the pipeline runs, nothing else writes to registry, engine and command tracker. A message is handled as a whole.
An exception in a decoder costs only its message: that one is rejected, and the loop goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from hub.calculated import Calculation
from hub.control import CommandTracker
from hub.dialects import Dialect, PayloadSchema, Result, is_plain, rejection
from hub.errors import Rejected
from hub.ingest.batch import Batch
from hub.ingest.calculating import Calculating
from hub.ingest.coordinates import has_coordinates, with_valid_coordinates, within_coordinates
from hub.ingest.input_handler import InputHandler
from hub.ingest.judging import Judging
from hub.ingest.liveness import Liveness
from hub.ingest.queue import Entry
from hub.ingest.recovery import recover
from hub.model import (
    CalculateNext,
    Device,
    Input,
    JudgeDevices,
    PostedMessages,
    PostMessages,
    RawMessage,
    Record,
    RecordBatch,
)
from hub.registry.fastpath import Follow
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.runtime.fault_log import FaultLog
from hub.store.base import StoredSnapshot
from hub.store.rows import Unreadable
from hub.topics import printable

faults = FaultLog(logging.getLogger(__name__))

MAX_WAITING = 1_000
"""The fast path is flushed when this many messages wait in it. This limits how long a flush blocks the event loop."""


class IngestHandler:
    """Applies messages and inputs to devices, rules and commands. It is the only place where these are changed."""

    def __init__(
        self,
        dialects: Sequence[Dialect],
        registry: DeviceRegistry,
        engine: Engine,
        calculation: Calculation | None = None,
    ) -> None:
        self._dialects = dialects
        self._registry = registry
        self._engine = engine
        self._liveness = Liveness(registry, engine)
        self._command_tracker = CommandTracker()
        self._batch = Batch()  # of the last call of handle or flush, for what the fast path flushes
        self._learnt: set[tuple[str, str]] = set()  # dialect and key of the states learned since start-up
        self._judging = Judging(registry, engine)
        calculation = calculation or Calculation((), engine.matcher)
        self._calculating = Calculating(registry, engine, calculation, self._liveness, self._derived)
        self._inputs = InputHandler(
            dialects=dialects,
            registry=registry,
            engine=engine,
            command_tracker=self._command_tracker,
            judging=self._judging,
            calculating=self._calculating,
            apply=self._apply,
        )
        registry.set_flush_handler(self._handle_flushed)

    def restore(self, snapshot: StoredSnapshot, now: int) -> tuple[Batch, list[Unreadable]]:
        """Load the stored state. Return what to commit because of it, and unreadable rows (see :func:`recover`)."""
        self._calculating.clear()
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
        """Return the device states to store with a batch, by device id, and the checkpoint after the batch."""
        for name in self._engine.take_changed():
            self._registry.touch(name)
        return self._registry.take_states(cursor, requested_checkpoint)

    def take_unfinished(self, now: int) -> list[Input]:
        """Return inputs that continue unfinished work, for the caller to put into the queue."""
        found: list[Input] = []
        if self._judging.pending:
            self._judging.pending = False  # set again while devices are left
            found.append(JudgeDevices(now))
        if self._calculating.pending:
            self._calculating.pending = False
            found.append(CalculateNext(now))
        return found

    def handle(self, batch: Batch, entries: Sequence[Entry]) -> None:
        """Handle queue entries in their order, and add the changes to ``batch``.

        Messages on the fast path may only take effect at the next :meth:`flush`.
        """
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
                item, future = entry
                if isinstance(item, PostMessages):
                    answer: Any = self._posted(batch, item.messages)
                else:
                    answer = self._inputs.answer(batch, item)
                if future is not None:
                    batch.answers.append((future, answer))
        batch.messages += messages
        if self._registry.fast_path.pending >= MAX_WAITING:
            self.flush(batch)
        batch.events += self._liveness.gateways()
        self._place_alerts(batch)

    def flush(self, batch: Batch) -> None:
        """Apply the messages that wait in the fast path. Those that it cannot apply are handled one by one."""
        self._batch = batch
        self._registry.fast_path.flush()
        batch.events += self._liveness.gateways()
        self._place_alerts(batch)

    def _place_alerts(self, batch: Batch) -> None:
        """Assign the alerts in new events to incidents. New are the events that were added since the last call."""
        new = batch.events[batch.placed :]
        if new:
            batch.events[batch.placed :] = self._engine.incidents.apply(new, self._registry.get)
        batch.placed = len(batch.events)

    def _handle_flushed(self, record_batches: list[RecordBatch], messages: list[RawMessage]) -> None:
        """Add the record batches that the fast path has applied, and handle the remaining ``messages`` one by one."""
        batch = self._batch
        batch.record_batches += record_batches
        for message in messages:
            self._message(batch, message)
        batch.events += self._liveness.gateways()

    def _posted(self, batch: Batch, messages: Sequence[RawMessage]) -> PostedMessages:
        """Handle messages that a program sent over HTTP. Return how many were stored, and the rejected messages."""
        records, duplicates, rejections, retimed = len(batch.records), batch.duplicates, [], []
        for number, message in enumerate(messages):
            stored, rejected = len(batch.records), len(batch.rejections)
            self._message(batch, message)
            rejections += [(number, each) for each in batch.rejections[rejected:]]
            if any(each.quality == "clock" for each in batch.records[stored:]):
                retimed.append(number)
        batch.messages += len(messages)
        return PostedMessages(len(batch.records) - records, batch.duplicates - duplicates, rejections, retimed)

    def _message(self, batch: Batch, message: RawMessage) -> None:
        try:
            for dialect in self._dialects:
                if dialect.owns(message.topic):
                    break
            else:
                raise Rejected("no_dialect", "No dialect decodes this topic.")
            result = dialect.decode(message, self._registry)
            if is_plain(result):  # nearly all are
                for record in result.records:
                    self._record(batch, record, message, len(result.records))
                if result.payload_schema is not None:
                    self._offer_fast_path(message.topic, result.payload_schema, result.records[0].device)
            else:
                self._apply(batch, message, dialect, result)
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
        # Dialect states first: a Sparkplug birth and the data that need it may share a batch.
        for change in result.changes:
            batch.learnt[dialect.name, change.key] = change.value
            self._learnt.add((dialect.name, change.key))
            batch.effects += dialect.apply(change)
        batch.effects += result.effects
        for identity in result.identities:
            gateway = registry.presence.gateway(identity.device)
            changes = registry.identify(identity, now)
            batch.events += changes
            if changes and identity.info is not None:
                batch.events += engine.judge(registry.require(identity.device), now)
            if gateway != registry.presence.gateway(identity.device):
                batch.events += self._judging.start(registry.presence.behind(identity.device), now)
        batch.events += self._liveness.gateways()  # events keep the order of the messages
        batch.events += self._liveness.take(result, message)
        for record in result.records:
            self._record(batch, record, message, len(result.records))
        for expiration in result.expirations:
            batch.events += self._liveness.expire(expiration)
        for update in result.desired_state:
            batch.events += registry.twin(update, now)
            self._confirm_commands(batch, update.device, now)
        for reply in result.replies:
            changed = self._command_tracker.replied(reply.command, reply.device, reply.done, reply.detail, now)
            batch.add_commands(changed, now)
        for rejected in result.rejections:
            batch.reject(rejected)

    def _record(self, batch: Batch, record: Record, message: RawMessage, items: int) -> None:
        """Apply one record of a message, which has ``items`` records in all, and evaluate the rules on it."""
        name = record.device
        if record.key is not None:
            duplicate, events = self._registry.check_duplicate(
                record, record.key, items, redelivered=message.redelivered
            )
            batch.events += events
            if duplicate:
                batch.duplicates += 1
                batch.events += self._liveness.hear_sender(name, message)
                return
        if has_coordinates(record.values):
            record, rejected = with_valid_coordinates(record, message)
            for each in rejected:
                batch.reject(each)
        try:
            changed = self._registry.observe(record)
        except Rejected as error:  # too many metrics: keep the values of the metrics that fit
            batch.reject(rejection(message, error))
            record = self._registry.with_room(record)
            if not record.values:
                return
            changed = self._registry.observe(record)
        device = self._registry.require(name)
        alerts = self._engine.observe(device, record)
        if changed or alerts:
            batch.events += changed
            batch.events += alerts
        if self._command_tracker.awaits(name):
            self._confirm_commands(batch, name, record.received)
        if record.quality != "retained" and message.topic:  # no topic: from a dialect's tick, not from the device
            self._registry.presence.mark_gateway_seen(name, record.received)
        # A retained value is of unknown age and may be stored already: it does not enter the history.
        if record.values and record.quality != "retained":
            batch.records.append(record)
        else:
            self._registry.touch(name)

    def _derived(self, batch: Batch, record: Record) -> None:
        """Apply a record that the hub has calculated. There is no message for it."""
        self._record(batch, record, RawMessage("", b"", record.received), 1)

    def _offer_fast_path(self, topic: str, payload_schema: PayloadSchema, name: str) -> None:
        """Offer a topic to the fast path, if its device is online and awaits no command.

        A device that sends the same ``id`` or ``seq`` with different messages is not offered.
        """
        device = self._registry.require(name)
        if device.presence == "online" and device.constant_id is None and not self._command_tracker.awaits(name):
            self._registry.offer_fast_path(
                topic, payload_schema, device, lambda: self._bounds(device, payload_schema.names)
            )

    def _bounds(
        self, device: Device, metrics: Sequence[str]
    ) -> tuple[list[float], list[float], int, Follow | None] | None:
        """Return for each metric the range in which no rule changes state, in the form of ``fast_path.Bounds``."""
        calm, follow = self._engine.calm(device, metrics), self._engine.follow
        if calm is None:
            return None
        rules = calm.follows
        least, most = within_coordinates(metrics, calm.least, calm.most)
        return least, most, calm.until, (lambda readings: follow(device, rules, readings)) if rules else None

    def _confirm_commands(self, batch: Batch, device: str, now: int) -> None:
        """Confirm the commands whose effect the device has just reported."""
        if self._command_tracker.awaits(device):
            batch.add_commands(self._command_tracker.reported(self._registry.require(device), now), now)
