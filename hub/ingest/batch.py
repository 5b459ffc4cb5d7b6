"""What one turn of the pipeline changes, gathered before it is committed. It decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from hub.dialects import Action
from hub.events import (
    AlertAcknowledged,
    AlertChanged,
    AlertCleared,
    AlertRaised,
    CommandChanged,
    Event,
    MessageRejected,
)
from hub.model import Alert, Command, Diagnosis, RawMessage, Record, RecordBatch, Rejection


class Batch:
    """``filled`` once anything was decided, even if it changes nothing. ``messages`` counts what came from the broker,
    ``duplicates`` what had come before. ``answers`` go to those who wait for a fact, ``receipts`` are acknowledged,
    commands are sent, all after the commit.
    """

    def __init__(self) -> None:
        self.filled = False
        self.records: list[Record] = []
        self.record_batches: list[RecordBatch] = []
        self.rejections: list[Rejection] = []
        self.events: list[Event] = []
        self.deleted: list[str] = []
        self.dropped: set[str] = set()
        self.diagnoses: list[Diagnosis] = []
        self.commands: dict[str, Command] = {}
        self.sending: list[Command] = []
        self.learnt: dict[tuple[str, str], bytes | None] = {}
        self.effects: list[Action] = []
        self.messages = 0
        self.duplicates = 0
        self.receipts: list[RawMessage] = []
        self.answers: list[tuple[asyncio.Future[Any], Any]] = []

    def alerts(self) -> list[Alert]:
        """The last word on each alert that changed."""
        changed = (AlertRaised, AlertAcknowledged, AlertChanged, AlertCleared)
        last = {event.alert.id: event.alert for event in self.events if isinstance(event, changed)}
        return [alert for alert in last.values() if alert.id not in self.dropped]

    def command(self, changed: Iterable[Command], at: int) -> None:
        """Commands have moved; those that are sent now go out after the commit."""
        for command in changed:
            self.commands[command.id] = command
            self.events.append(CommandChanged(command, at))
            if command.state == "sent":
                self.sending.append(command)

    def delete(self, device: str) -> None:
        """Forget what this batch has gathered of a device so far; what it says later in the batch is new."""
        self.records = [record for record in self.records if record.device != device]
        self.record_batches = [
            record_batch for each in self.record_batches if len(record_batch := each.without(device))
        ]
        self.dropped.update(alert.id for alert in self.alerts() if alert.device == device)
        self.commands = {key: command for key, command in self.commands.items() if command.device != device}
        self.sending = [command for command in self.sending if command.device != device]
        self.deleted.append(device)

    def reject(self, rejected: Rejection) -> None:
        """Keep a message, or an item of one, that could not be understood."""
        self.rejections.append(rejected)
        self.events.append(MessageRejected(rejected, rejected.received))

    def answer(self) -> None:
        """Tell those who wait for their fact what became of it."""
        for future, answer in self.answers:
            if future.done():
                continue  # whoever asked has gone away
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
