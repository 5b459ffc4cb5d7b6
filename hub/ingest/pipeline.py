"""Pipeline: take entries from the queue, handle them, commit, acknowledge, publish.

Two tasks share the batch that is being filled. While one batch is committed, the next fills::

    run          take max. 250 entries --> handler.handle --> self._batch
    _finish_all  swap self._batch for an empty one --> commit --> acknowledge, answer, publish

Invariants:

- Commit, then acknowledge, then publish. Messages are acknowledged in the order of receipt. No event is
  published for a change that is not on disk.
- The handler is the only writer of registry, engine and command tracker; all else changes them through the queue.
- A failed commit is retried with the same bytes. Nothing is decoded or applied twice.
- Memory is bounded: a batch has at most ``MAX_BATCH_MESSAGES`` messages, then ``run`` waits for the commit.

If the store refuses a batch for a value in it, the pipeline bisects: it restores the stored state, then handles and
commits the entries in halves, in their order, until it has found those at fault. A message at fault is kept as
rejected, the caller of an input gets the error, and all other entries are committed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from hub import events as ev
from hub.calculated import Calculation
from hub.dialects import Action, Dialect, rejection
from hub.errors import HubError, Rejected, StoreError, StoreRefused
from hub.ingest.activity import in_words, narrate
from hub.ingest.batch import Batch
from hub.ingest.committer import Committer, IngestCounters
from hub.ingest.handler import IngestHandler
from hub.ingest.queue import Entry, IngestQueue
from hub.ingest.recovery import subscriptions_to_end
from hub.model import Command, PendingNotice, RawMessage
from hub.model.reaction import AlertStepTaken
from hub.mqtt.client import MqttClient
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.runtime.bus import Bus
from hub.runtime.fault_log import FaultLog
from hub.store.base import Delta, Store

log = logging.getLogger(__name__)
faults = FaultLog(log)

MAX_ENTRIES = 250
"""Maximum number of entries handled at once (about 2 ms). After them, the event loop reads the socket again."""
MAX_BATCH_MESSAGES = 20_000
"""Maximum number of messages in a batch. It bounds the memory while the store is slow."""
RELOAD_S = 1.0  # pause before the stored state is read again after a failure


class Pipeline:
    """Decodes queued messages in one task, stores the results in another, and then acts on each commit."""

    def __init__(
        self,
        *,
        ingest_queue: IngestQueue,
        dialects: Sequence[Dialect],
        registry: DeviceRegistry,
        engine: Engine,
        store: Store,
        bus: Bus,
        now: Callable[[], int],
        link: MqttClient | None = None,
        on_commit: Callable[[float], None] = lambda seconds: None,
        on_effect: Callable[[Action], None] = lambda effect: None,
        on_command: Callable[[Command], None] = lambda command: None,
        notices: Callable[[Sequence[ev.Event]], Sequence[PendingNotice]] = lambda events: (),
        calculation: Calculation | None = None,
        reaction_steps: Callable[[Sequence[ev.Event]], Sequence[AlertStepTaken]] = lambda events: (),
    ) -> None:
        self._ingest_queue = ingest_queue
        self._dialects, self._registry = dialects, registry
        self._store, self._bus = store, bus
        self._now, self.counters = now, IngestCounters()
        self._handler = IngestHandler(dialects, registry, engine, calculation)
        self._committer = Committer(store, self.counters, on_commit)
        self._on_effect, self._on_command = on_effect, on_command
        self._notices, self._reaction_steps = notices, reaction_steps
        self._cursor = 0  # number of the last committed record
        self._batch = Batch()  # the batch being filled
        self._entries: list[Entry] = []  # the entries of that batch, to bisect them if the store refuses it
        self._fault: Exception | None = None  # raised by the handler while the batch was being filled
        self._filled = asyncio.Event()  # set when a batch waits to be committed
        self._taken = asyncio.Event()  # set when the batch was swapped for an empty one
        self._loaded = asyncio.Event()  # cleared while the state is restored and entries are bisected
        self._loaded.set()
        self._all_taken = False  # the queue is closed and its last entry is in the batch
        self.link = link

    async def restore(self, disabled: Sequence[Dialect] = ()) -> None:
        """Restore the stored state, and commit the resulting changes. End subscriptions of ``disabled`` dialects."""
        snapshot = await self._store.load(self._registry.capacity.max_stored_bytes)
        self._cursor = snapshot.cursor
        batch, unreadable = self._handler.restore(snapshot, self._now())
        batch.effects += subscriptions_to_end(snapshot, self._dialects, disabled, batch.effects)
        await self._store.put_aside(unreadable)
        try:
            await self._finish(batch)
        except StoreRefused as error:
            faults.unexpected(
                "The changes that follow from the stored state cannot be stored. Report this.", cause=error
            )

    async def run(self) -> None:
        """Handle and commit entries until the queue is closed and empty.

        A message that arrives after that is neither stored nor acknowledged, so the broker delivers it again.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._finish_all(), name="commits")
            while entries := await self._ingest_queue.take(MAX_ENTRIES):
                await self._loaded.wait()
                self._entries += entries
                try:
                    self._handler.handle(self._batch, entries)
                except Exception as error:
                    self._fault = error
                for item in self._handler.take_unfinished(self._now()):
                    self._ingest_queue.put(item)
                self._filled.set()
                self._taken.clear()
                await asyncio.sleep(0)  # let the socket, the API and the commits run
                if self._batch.messages >= MAX_BATCH_MESSAGES:
                    await self._taken.wait()
            self._all_taken = True
            self._filled.set()

    async def _finish_all(self) -> None:
        while not self._all_taken or self._batch.filled:
            await self._filled.wait()
            self._filled.clear()
            entries: list[Entry] = []
            try:
                self._handler.flush(self._batch)
                batch, entries = self._take_batch()
                await self._finish(batch)
            except Exception as error:
                await self._bisect(entries, error)
        # With all device states stored, the next start has no records to replay.
        await self._write_states()

    def _take_batch(self) -> tuple[Batch, list[Entry]]:
        """Return the present batch and its queue entries, and begin a new one. Raise the handler's error, if any."""
        batch, self._batch = self._batch, Batch()
        entries, self._entries = self._entries, []
        self._taken.set()
        if (fault := self._fault) is not None:
            self._fault = None
            self._entries = entries + self._entries
            raise fault
        return batch, entries

    # -- commit, acknowledge, publish --------------------------------------------------------------------------

    async def _finish(self, batch: Batch) -> None:
        """Commit a batch; only then acknowledge its messages and publish its events. Raises StoreRefused."""
        try:
            delta = self._delta(batch)
        except StoreRefused:
            raise
        except Exception as error:
            raise StoreRefused(f"It could not be encoded ({type(error).__name__}).") from error
        if delta is not None:
            await self._committer.commit(delta, self.link)
        self.counters.duplicates += batch.duplicates
        self._publish_events(batch)

    def _publish_events(self, batch: Batch) -> None:
        """Acknowledge the messages of a committed batch, answer the callers of its inputs, and publish its events."""
        if self.link is not None and batch.receipts:
            self.link.ack(batch.receipts)
        batch.resolve_answers()
        try:
            for effect in batch.effects:
                self._on_effect(effect)
            for command in batch.sending:
                self._on_command(command)
            if batch.records or batch.record_batches:
                batch.events.append(ev.ReadingsStored(batch.records, self._now(), batch.record_batches))
            if batch.events:
                self._bus.publish(batch.events)
        except Exception as error:  # stored and acknowledged already: subscribers find it in the store
            faults.unexpected("A stored change could not be published to all subscribers. Report this.", cause=error)

    def _delta(self, batch: Batch) -> Delta | None:
        """Return what to commit for the batch; None if nothing, as after most clock ticks. Raises StoreRefused."""
        cursor = self._cursor + len(batch.records) + sum(map(len, batch.record_batches))
        states, checkpoint = self._handler.states(cursor, self._store.requested_checkpoint)
        if broken := self._registry.take_faults():
            raise StoreRefused(f"The states of these devices cannot be encoded: {_listed(broken)}.")
        activity = [line for event in batch.events if (line := narrate(event, self._registry.get)) is not None]
        alerts, silences, incidents = batch.alerts(), batch.silences(), batch.incidents()
        written = (batch.records, batch.record_batches, states, batch.deleted, alerts, batch.diagnoses, activity)
        if not any((*written, silences, incidents, batch.rejections, batch.commands, batch.learnt)):
            return None
        self._cursor = cursor
        return Delta(
            cursor=cursor,
            checkpoint=checkpoint,
            records=batch.records,
            record_batches=batch.record_batches,
            states=states,
            deleted=batch.deleted,
            alerts=alerts,
            alert_entries=batch.alert_entries(),
            silences=silences,
            incidents=incidents,
            diagnoses=batch.diagnoses,
            rejections=batch.rejections,
            activity=activity,
            commands=list(batch.commands.values()),
            learnt=batch.learnt,
            notices=self._notices(batch.events),
            reaction_steps=self._reaction_steps(batch.events),
        )

    async def _write_states(self) -> None:
        """Write the states of all devices whose stored state is older than their last record, in portions.

        Stop when a portion fails: a later portion would record that the states before it are stored, too.
        """
        while (portion := self._handler.states(self._cursor, self._cursor))[0]:
            if broken := self._registry.take_faults():
                log.error("The states of these devices cannot be stored: %s. Report this.", _listed(broken))
            if not await self._committer.try_commit(Delta(self._cursor, states=portion[0], checkpoint=portion[1])):
                break

    # -- refused batches ---------------------------------------------------------------------------------------

    async def _bisect(self, entries: list[Entry], error: Exception) -> None:
        """Commit the refused batch and later entries in ever smaller groups. Reject each entry that fails alone."""
        self._loaded.clear()
        entries, self._entries, self._batch, self._fault = entries + self._entries, [], Batch(), None
        self._taken.set()
        text = "%d messages and requests cannot be stored together (%s). Storing them in smaller groups."
        faults.error(("group", type(error)), text, len(entries), error)
        await self._reload()
        groups = _halves(entries)
        while groups:
            group = groups.pop()
            try:
                batch = Batch()
                self._handler.handle(batch, group)
                self._handler.flush(batch)
                await self._finish(batch)
            except Exception as fault:
                await self._reload()
                if len(group) > 1:
                    groups += _halves(group)
                else:
                    await self._reject_stored(group[0], fault)
        self._loaded.set()

    async def _reload(self) -> None:
        """Restore the stored state, as at start-up. Retry until the store can be read."""
        while True:
            try:
                await self.restore()
                await self._write_states()  # the next reload has fewer records to replay
                return
            except StoreError as error:
                faults.error("reload", "Cannot read the stored state (%s). Retrying.", error)
                await asyncio.sleep(RELOAD_S)

    async def _reject_stored(self, entry: Entry, error: Exception) -> None:
        """Reject a message that cannot be stored. If ``entry`` is an input, its caller gets the error instead."""
        if isinstance(entry, RawMessage):
            text = "The message on %s cannot be stored (%s). It is listed as rejected: GET /api/rejected."
            faults.error(("message", type(error)), text, entry.topic, error, cause=error.__cause__)
            batch = Batch()
            reason = error.message if isinstance(error, HubError) else f"{type(error).__name__}: {error!s:.200}"
            batch.reject(rejection(entry, Rejected("not_storable", f"Its content cannot be stored. {reason}")))
            if entry.receipt is not None:
                batch.receipts.append(entry)
            if (delta := self._delta(batch)) is not None:
                await self._committer.commit(delta, self.link, refusable=False)
            self._publish_events(batch)
            return
        item, future = entry
        text = "The requested change %r cannot be stored (%s). Nothing has changed. Report this."
        faults.error(("input", type(item), type(error)), text, in_words(item), error, cause=error.__cause__)
        if future is not None and not future.done():
            future.set_exception(error if isinstance(error, StoreError) else StoreRefused(str(error)))


def _halves(entries: list[Entry]) -> list[list[Entry]]:
    """Return the second half of the entries, then the first half, because the caller takes them from a stack."""
    middle = len(entries) // 2
    return [half for half in (entries[middle:], entries[:middle]) if half]


def _listed(broken: dict[str, str]) -> str:
    return ", ".join(f"{name} ({problem[:200]})" for name, problem in list(broken.items())[:5])
