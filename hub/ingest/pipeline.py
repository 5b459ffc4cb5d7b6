"""One message's way through: decode -> fleet -> rules -> store -> ack -> bus, in that order.

The one writer of state. Everything that waits in the inbox goes through together; history is written before anyone
is told, and the broker is acknowledged after the write. A commit that fails is tried again with the same bytes and
nothing is decoded twice.

A batch that the store refuses for what is in it is taken apart: the state is loaded again as it is stored, and the
entries are decided and stored in smaller and smaller groups, in their order, until those are found that cannot be
stored. A message among these is kept as rejected, a fact is answered with the error; all others are stored.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from hub import events as ev
from hub.dialects import Action, Dialect, rejection
from hub.errors import HubError, Rejected, StoreError, StoreRefused
from hub.ingest.activity import narrate
from hub.ingest.batch import Batch
from hub.ingest.committer import Committer, IngestCounters
from hub.ingest.handler import IngestHandler
from hub.ingest.queue import Entry, IngestQueue
from hub.model import Command, JudgeDevices, RawMessage
from hub.mqtt.client import MqttClient
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.runtime.bus import Bus
from hub.runtime.fault_log import FaultLog
from hub.store.base import Delta, Store

log = logging.getLogger(__name__)
faults = FaultLog(log)

MOST = 250
"""Entries decided at once (some 2 ms). Between two helpings the socket is read: what a flood makes the hub shed is
shed, and does not wait in the socket, where nobody can pass anybody."""
MOST_WRITTEN = 20_000
"""Messages a batch: bounds what waits while the store is slow."""
RELOAD_S = 1.0
"""How long a store has before the state is asked for again."""


class Pipeline:
    """Run the handler over what waits, commit the batch, acknowledge, publish the events: in that order."""

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
    ) -> None:
        self._ingest_queue = ingest_queue
        self._registry = registry
        self._store = store
        self._bus = bus
        self._now = now
        self.counters = IngestCounters()
        self._handler = IngestHandler(dialects, registry, engine)
        self._committer = Committer(store, self.counters, on_commit)
        self._on_effect = on_effect
        self._on_command = on_command
        self._cursor = 0
        # The batch that fills, what is decided in it, and what has failed at that.
        self._batch = Batch()
        self._entries: list[Entry] = []
        self._fault: Exception | None = None
        self._filled, self._taken = asyncio.Event(), asyncio.Event()
        self._loaded = asyncio.Event()  # not while the state is loaded again
        self._loaded.set()
        self._all_taken = False  # the queue is closed and its last entry is in the batch
        self.link = link

    async def restore(self) -> None:
        """Load the state of the last run, with what the history knows beyond it."""
        snapshot = await self._store.load(self._registry.capacity.most_encoded)
        self._cursor = snapshot.cursor
        batch, unreadable = self._handler.restore(snapshot, self._now())
        await self._store.put_aside(unreadable)
        try:
            await self._finish(batch)
        except StoreRefused as error:
            faults.unexpected("What follows from the stored state cannot be stored. Report this.", cause=error)

    async def run(self) -> None:
        """Handle what the queue gives until it is closed and drained. While one batch is written, the next fills.

        What is put into the queue later is neither stored nor acknowledged: the broker sends it again."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._finish_all(), name="commits")
            while entries := await self._ingest_queue.take(MOST):
                await self._loaded.wait()
                self._entries += entries
                try:
                    self._handler.handle(self._batch, entries)
                except Exception as error:
                    self._fault = error
                if self._handler.judging:
                    self._handler.judging = False  # until that has been done
                    self._ingest_queue.tell(JudgeDevices(self._now()))
                self._filled.set()
                self._taken.clear()
                await asyncio.sleep(0)  # everybody else has a turn between two helpings
                if self._batch.messages >= MOST_WRITTEN:
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
        # With the last state of every device the next start has nothing to catch up on.
        await self._write_states()

    def _take_batch(self) -> tuple[Batch, list[Entry]]:
        """Return the batch that has filled and begin another. Raises what failed as it filled."""
        batch, self._batch = self._batch, Batch()
        entries, self._entries = self._entries, []
        self._taken.set()
        if (fault := self._fault) is not None:
            self._fault = None
            self._entries = entries + self._entries
            raise fault
        return batch, entries

    # -- commit, then tell -------------------------------------------------------------------------------------

    async def _finish(self, batch: Batch) -> None:
        """Raises StoreRefused for what cannot be stored; nobody has been told then."""
        try:
            delta = self._delta(batch)
        except StoreRefused:
            raise
        except Exception as error:
            raise StoreRefused(f"It could not be put together ({type(error).__name__}).") from error
        if delta is not None:
            await self._committer.commit(delta, self.link)
        self.counters.duplicates += batch.duplicates
        self._publish_events(batch)

    def _publish_events(self, batch: Batch) -> None:
        if self.link is not None and batch.receipts:
            self.link.ack(batch.receipts)
        batch.answer()
        try:
            for effect in batch.effects:
                self._on_effect(effect)
            for command in batch.sending:
                self._on_command(command)
            if batch.records or batch.record_batches:
                batch.events.append(ev.ReadingsStored(batch.records, self._now(), batch.record_batches))
            if batch.events:
                self._bus.publish(batch.events)
        except Exception as error:  # it is stored and acknowledged: whoever was not told finds it there
            faults.unexpected("What was stored could not be passed on to everybody. Report this.", cause=error)

    def _delta(self, batch: Batch) -> Delta | None:
        """What is to be written; None if nothing is (a tick that changed nothing). Raises StoreRefused."""
        cursor = self._cursor + len(batch.records) + sum(map(len, batch.record_batches))
        states, checkpoint = self._handler.states(cursor, self._store.wanted)
        if broken := self._registry.take_faults():
            raise StoreRefused(f"The states of these devices cannot be encoded: {_listed(broken)}.")
        activity = [line for event in batch.events if (line := narrate(event, self._registry.get)) is not None]
        alerts = batch.alerts()
        changed = (
            batch.records,
            batch.record_batches,
            states,
            batch.deleted,
            alerts,
            batch.diagnoses,
            batch.rejections,
            activity,
        )
        if not any(changed) and not batch.commands and not batch.learnt:
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
            diagnoses=batch.diagnoses,
            rejections=batch.rejections,
            activity=activity,
            commands=list(batch.commands.values()),
            learnt=batch.learnt,
        )

    async def _write_states(self) -> None:
        """Write the states of all devices that lag behind. Where one part cannot be written the rest stays unwritten,
        too: its checkpoint would speak for states that are not there."""
        while (last := self._handler.states(self._cursor, self._cursor))[0]:
            if broken := self._registry.take_faults():
                log.error("The states of these devices cannot be stored: %s. Report this.", _listed(broken))
            if not await self._committer.try_commit(Delta(self._cursor, states=last[0], checkpoint=last[1])):
                break

    # -- what cannot be stored ---------------------------------------------------------------------------------

    async def _bisect(self, entries: list[Entry], error: Exception) -> None:
        """Store all that can be stored of these entries and of those that have been decided since."""
        self._loaded.clear()
        entries, self._entries, self._batch, self._fault = entries + self._entries, [], Batch(), None
        self._taken.set()
        text = "%d messages and requests cannot be stored together (%s). Storing them in smaller groups."
        faults.error(("group", type(error)), text, len(entries), error)
        await self._reload()
        waiting = _halves(entries)
        while waiting:
            group = waiting.pop()
            try:
                batch = Batch()
                self._handler.handle(batch, group)
                self._handler.flush(batch)
                await self._finish(batch)
            except Exception as fault:
                await self._reload()
                if len(group) > 1:
                    waiting += _halves(group)
                else:
                    await self._reject_stored(group[0], fault)
        self._loaded.set()

    async def _reload(self) -> None:
        """Go back to what is stored, as a start does."""
        while True:
            try:
                await self.restore()
                await self._write_states()  # so that the next time less has to be replayed
                return
            except StoreError as error:
                faults.error("reload", "The stored state cannot be read (%s). Trying until it can.", error)
                await asyncio.sleep(RELOAD_S)

    async def _reject_stored(self, entry: Entry, error: Exception) -> None:
        """Keep a message that cannot be stored as rejected; tell whoever waits for a fact."""
        if isinstance(entry, RawMessage):
            text = "The message on %s cannot be stored (%s). It is kept as rejected: GET /api/rejected."
            faults.error(("message", type(error)), text, entry.topic, error, cause=error.__cause__)
            batch = Batch()
            why = error.message if isinstance(error, HubError) else f"{type(error).__name__}: {error!s:.200}"
            batch.reject(rejection(entry, Rejected("not_storable", f"What it says cannot be stored. {why}")))
            if entry.receipt is not None:
                batch.receipts.append(entry)
            if (delta := self._delta(batch)) is not None:
                await self._committer.commit(delta, self.link, refusable=False)
            self._publish_events(batch)
            return
        fact, future = entry
        text = "What %s asks for cannot be stored (%s). Nothing has changed."
        faults.error(("fact", type(fact), type(error)), text, type(fact).__name__, error, cause=error.__cause__)
        if future is not None and not future.done():
            future.set_exception(error if isinstance(error, StoreError) else StoreRefused(str(error)))


def _halves(entries: list[Entry]) -> list[list[Entry]]:
    """Both halves, the first one last."""
    middle = len(entries) // 2
    return [half for half in (entries[middle:], entries[:middle]) if half]


def _listed(broken: dict[str, str]) -> str:
    return ", ".join(f"{name} ({problem[:200]})" for name, problem in list(broken.items())[:5])
