"""Changes that the hub has made since the last commit, and is about to commit together."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from hub.dialects import Action
from hub.events import AlertEvent, CommandChanged, Event, IncidentChanged, MessageRejected, SilenceChanged
from hub.model import (
    Alert,
    AlertEntry,
    AlertSilence,
    Command,
    Diagnosis,
    Incident,
    RawMessage,
    Record,
    RecordBatch,
    Rejection,
)
from hub.rules.alert_entries import entries_of


class Batch:
    """Changes that are committed together, and the actions that follow the commit."""

    def __init__(self) -> None:
        self.filled = False  # an entry was handled, even if nothing changed
        # Written by the commit.
        self.records: list[Record] = []  # from the slow path
        self.record_batches: list[RecordBatch] = []  # from the fast path
        self.rejections: list[Rejection] = []
        self.events: list[Event] = []  # their activity entries are written, the events are published afterwards
        self.placed = 0  # events at the beginning whose alerts are placed in incidents
        self.deleted: list[str] = []  # ids of devices
        self.deleted_alerts: set[str] = set()  # ids of alerts of deleted devices
        self.diagnoses: list[Diagnosis] = []
        self.commands: dict[str, Command] = {}  # last state by id
        self.learnt: dict[tuple[str, str], bytes | None] = {}  # learned state by dialect and key; None: deleted
        # Done after the commit.
        self.receipts: list[RawMessage] = []  # messages to acknowledge
        self.answers: list[tuple[asyncio.Future[Any], Any]] = []  # for the callers of IngestQueue.submit
        self.effects: list[Action] = []  # what dialects publish and subscribe to
        self.sending: list[Command] = []  # commands to publish
        # Counters.
        self.messages = 0  # messages from the broker
        self.duplicates = 0  # records that had been received before

    def alerts(self) -> list[Alert]:
        """Return each alert that changed, in its last state."""
        last = {event.alert.id: event.alert for event in self.events if isinstance(event, AlertEvent)}
        return [alert for alert in last.values() if alert.id not in self.deleted_alerts]

    def alert_entries(self) -> list[AlertEntry]:
        """Return the new entries for the histories of alerts."""
        changes = (event for event in self.events if isinstance(event, AlertEvent))
        kept = (event for event in changes if event.alert.id not in self.deleted_alerts)
        return [entry for event in kept for entry in entries_of(event)]

    def silences(self) -> list[AlertSilence]:
        """Return each silence that changed, in its last state."""
        changes = (event for event in self.events if isinstance(event, SilenceChanged))
        return list({event.silence.id: event.silence for event in changes}.values())

    def incidents(self) -> list[Incident]:
        """Return the incidents that changed in this batch, each once and in the state after its last change."""
        changes = (event for event in self.events if isinstance(event, IncidentChanged))
        return list({event.incident.id: event.incident for event in changes}.values())

    def add_commands(self, changed: Iterable[Command], at: int) -> None:
        """Add commands whose state changed. Those in state ``sent`` are published after the commit."""
        for command in changed:
            self.commands[command.id] = command
            self.events.append(CommandChanged(command, at))
            if command.state == "sent":
                self.sending.append(command)

    def delete(self, device: str) -> None:
        """Delete a device: drop its changes from this batch, and note that it is deleted from the store.

        Changes that are added to this batch later create the device again.
        """
        self.records = [record for record in self.records if record.device != device]
        self.record_batches = [
            record_batch for each in self.record_batches if len(record_batch := each.without(device))
        ]
        self.deleted_alerts.update(alert.id for alert in self.alerts() if alert.device == device)
        self.commands = {key: command for key, command in self.commands.items() if command.device != device}
        self.sending = [command for command in self.sending if command.device != device]
        self.deleted.append(device)

    def reject(self, rejected: Rejection) -> None:
        """Add a rejected message, or a rejected part of a message, to the batch."""
        self.rejections.append(rejected)
        self.events.append(MessageRejected(rejected, rejected.received))

    def resolve_answers(self) -> None:
        """Give each caller that waits in :meth:`IngestQueue.submit` its answer or error."""
        for future, answer in self.answers:
            if future.done():
                continue  # the caller was cancelled
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
