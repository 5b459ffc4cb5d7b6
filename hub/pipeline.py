"""One message's way through: decode -> fleet -> rules -> store -> ack -> bus, in that order.

The one writer of state. Everything that waits in the inbox goes through together; history is written before anyone
is told, and the broker is acknowledged after the write. A commit that fails is tried again with the same bytes and
nothing is decoded twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from hub import events as ev
from hub.activity import narrate
from hub.batch import Batch
from hub.bus import Bus
from hub.committing import Committer, Counters
from hub.decider import Decider
from hub.dialects import Dialect, Effect
from hub.fleet import Fleet
from hub.inbox import Inbox
from hub.model import Command, JudgeDevices
from hub.mqtt.link import Link
from hub.rules import Engine
from hub.store.base import Delta, Store

MOST = 250
"""Entries decided at once (some 2 ms). Between two helpings the socket is read: what a flood makes the hub shed is
shed, and does not wait in the socket, where nobody can pass anybody."""
MOST_WRITTEN = 20_000
"""Messages a batch: bounds what waits while the store is slow."""


class Pipeline:
    """What is decided of an entry stands in ``decider.py``; here is when, and what happens with it."""

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
        self._fleet = fleet
        self._store = store
        self._bus = bus
        self._now = now
        self.counters = Counters()
        self._decider = Decider(dialects, fleet, engine, self.counters)
        self._committer = Committer(store, self.counters, on_commit)
        self._on_effect = on_effect
        self._on_command = on_command
        self._cursor = 0
        self._batch = Batch()
        self._filled, self._taken = asyncio.Event(), asyncio.Event()
        self.link: Link | None = None

    async def restore(self) -> None:
        """Load the state of the last run, with what the history knows beyond it."""
        snapshot = await self._store.load()
        self._cursor = snapshot.cursor
        await self._finish(self._decider.restore(snapshot, self._now()))

    async def run(self) -> None:
        """Until the inbox is closed and drained. While one batch is written, the next fills."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._finish_all(), name="commits")
            while entries := await self._inbox.take(MOST):
                self._decider.decide(self._batch, entries)
                if self._decider.judging:
                    self._decider.judging = False  # until that has been done
                    self._inbox.tell(JudgeDevices(self._now()))
                self._filled.set()
                self._taken.clear()
                await asyncio.sleep(0)  # everybody else has a turn between two helpings
                if self._batch.messages >= MOST_WRITTEN:
                    await self._taken.wait()
            self._filled.set()

    async def _finish_all(self) -> None:
        while not self._inbox.drained or self._batch.filled:
            await self._filled.wait()
            self._filled.clear()
            self._decider.flush(self._batch)
            batch, self._batch = self._batch, Batch()
            self._taken.set()
            await self._finish(batch)
        # With the last state of every device the next start has nothing to catch up on. Where one part cannot be
        # written the rest stays unwritten, too: its checkpoint would speak for states that are not there.
        while (last := self._decider.states(self._cursor, self._cursor))[0]:
            if not await self._committer.attempt(Delta(self._cursor, states=last[0], checkpoint=last[1])):
                break

    # -- commit, then tell -------------------------------------------------------------------------------------

    async def _finish(self, batch: Batch) -> None:
        if (delta := self._delta(batch)) is not None:
            await self._committer.commit(delta, self.link)
        if self.link is not None and batch.receipts:
            self.link.ack(batch.receipts)
        for effect in batch.effects:
            self._on_effect(effect)
        for command in batch.sending:
            self._on_command(command)
        batch.answer()
        if batch.records or batch.sheets:
            batch.events.append(ev.ReadingsStored(batch.records, self._now(), batch.sheets))
        if batch.events:
            self._bus.publish(batch.events)

    def _delta(self, batch: Batch) -> Delta | None:
        """What is to be written; None if nothing is (a tick that changed nothing)."""
        cursor = self._cursor + len(batch.records) + sum(map(len, batch.sheets))
        states, checkpoint = self._decider.states(cursor, self._store.wanted)
        activity = [line for event in batch.events if (line := narrate(event, self._fleet.get)) is not None]
        alerts = batch.alerts()
        changed = (
            batch.records,
            batch.sheets,
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
            sheets=batch.sheets,
            states=states,
            deleted=batch.deleted,
            alerts=alerts,
            diagnoses=batch.diagnoses,
            rejections=batch.rejections,
            activity=activity,
            commands=list(batch.commands.values()),
            learnt=batch.learnt,
        )
