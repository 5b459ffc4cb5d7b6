"""The one queue into the pipeline: messages from the links, facts from the clock and from people.

Bounded. A QoS 0 message that finds it full is shed and counted, since QoS 0 cannot be pushed back; QoS 1 is bounded
by the link's own in-flight window, which must be smaller than ``reserve``. Facts from people are bounded by
``facts`` and refused beyond that.

Fair: while more than ``calm`` wait, a topic may add ``share`` messages of QoS 0 and no more until it is calm again. So
one device that floods sheds its own messages, and the others do not wait behind them.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from typing import Any

from hub.errors import Conflict
from hub.model import Input, RawMessage

TOPICS = 100_000
"""Topics whose shares are counted at once; it bounds the memory."""
Entry = RawMessage | tuple[Input, "asyncio.Future[Any] | None"]


class IngestQueue:
    """Take everything that waits with :meth:`take`; nothing here has a timer."""

    def __init__(
        self,
        capacity: int = 50_000,
        reserve: int = 21_000,
        facts: int = 1_000,
        calm: int = 5_000,
        share: int = 2_000,
    ) -> None:
        self._parts: deque[list[Entry]] = deque()
        self._waiting = 0
        self._ready = asyncio.Event()
        self._capacity = capacity
        self._reserve = reserve
        self._max_facts = facts
        self._facts = 0
        self._calm = min(calm, capacity - reserve)
        self._share = share
        self._shares: Counter[str] = Counter()
        self.received = 0
        self.shed = 0
        self.closed = False

    def __len__(self) -> int:
        return self._waiting

    def offer(self, messages: Sequence[RawMessage]) -> int:
        """Take in what came together; how many were kept, or shed and counted (QoS 0). Fewer than all says that the
        next one, of QoS 1, found no room. A full window of QoS 1 always finds room. A closed queue keeps none."""
        if self.closed:
            return 0
        if self._waiting + len(messages) <= self._calm:
            self._shares.clear()
            self._put(list(messages))
            taken = len(messages)
        else:
            taken = self._squeeze(messages)
        self.received += taken
        return taken

    def _put(self, entries: list[Entry]) -> None:
        if entries:
            self._parts.append(entries)
            self._waiting += len(entries)
            self._ready.set()

    def _squeeze(self, messages: Sequence[RawMessage]) -> int:
        """:meth:`offer` while many wait."""
        kept: list[Entry] = []
        room, most = self._capacity - self._reserve - self._waiting, self._capacity - self._waiting
        shares, taken = self._shares, len(messages)
        for done, message in enumerate(messages):
            if message.qos:
                if len(kept) >= most:
                    taken = done
                    break
                kept.append(message)
            elif len(kept) < room and (share := shares[message.topic]) < self._share:
                if len(shares) >= TOPICS:
                    shares.clear()
                shares[message.topic] = share + 1
                kept.append(message)
            else:
                self.shed += 1
        self._put(kept)
        return taken

    def tell(self, fact: Input) -> None:
        """Put in a fact that nobody waits for (the clock, a link)."""
        self._put([(fact, None)])

    async def submit(self, fact: Input) -> Any:
        """Put in a fact and wait until it is committed; raises what the pipeline made of it.

        Raises :class:`Conflict` when too many wait already or the hub is stopping.
        """
        if self.closed or self._facts >= self._max_facts:
            raise Conflict("The hub is too busy to take this now.", "Try again in a moment.")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._facts += 1
        self._put([(fact, future)])
        try:
            return await future
        finally:
            self._facts -= 1

    def close(self) -> None:
        """Take in nothing more; what waits is still handed out, then :meth:`take` gives an empty list."""
        self.closed = True
        self._ready.set()

    async def take(self, most: int) -> list[Entry]:
        """Everything that waits, oldest first, at most ``most``; empty only when closed and drained."""
        while not self._parts and not self.closed:
            self._ready.clear()
            await self._ready.wait()
        taken: list[Entry] = []
        while self._parts and len(taken) < most:
            taken += self._parts.popleft()
        if len(taken) > most:
            self._parts.appendleft(taken[most:])
            del taken[most:]
        self._waiting -= len(taken)
        return taken
