"""Queue of messages and inputs that wait for the pipeline.

Bounded: a QoS 0 message that finds the queue full is dropped and counted (shed). The MQTT client's receive window
limits QoS 1 and 2 messages; ``reserve`` entries are kept free for them. ``max_inputs`` limits the inputs of
:meth:`IngestQueue.submit`.

Fair: while more than ``fair_above`` entries wait, each topic may add at most ``topic_quota`` QoS 0 messages. A device
that floods the hub loses its own messages, and the messages of other devices do not wait behind them.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from typing import Any

from hub.errors import Conflict
from hub.model import Input, RawMessage

MAX_TOPICS = 100_000
"""Maximum number of topics whose messages are counted at the same time. It bounds the memory."""
Entry = RawMessage | tuple[Input, "asyncio.Future[Any] | None"]
"""A message; or an input, with the future through which its caller gets the answer (None if nobody waits)."""


class IngestQueue:
    """Bounded queue of the MQTT messages and other inputs that wait for the ingest pipeline, its only consumer."""

    def __init__(
        self,
        capacity: int = 50_000,
        reserve: int = 21_000,
        max_inputs: int = 1_000,
        fair_above: int = 5_000,
        topic_quota: int = 2_000,
    ) -> None:
        self._parts: deque[list[Entry]] = deque()  # lists of entries as they were added; none is empty
        self._waiting = 0  # entries in all parts
        self._ready = asyncio.Event()  # there is something to take, or the queue is closed
        self._capacity = capacity
        self._reserve = reserve
        self._max_inputs = max_inputs
        self._inputs = 0  # submitted and not answered yet
        self._fair_above = min(fair_above, capacity - reserve)
        self._topic_quota = topic_quota
        self._accepted: Counter[str] = Counter()  # QoS 0 messages by topic since more than ``fair_above`` entries wait
        self.received = 0  # messages accepted or shed since start-up
        self.shed = 0  # QoS 0 messages dropped since start-up
        self.closed = False

    def __len__(self) -> int:
        return self._waiting

    def offer(self, messages: Sequence[RawMessage]) -> int:
        """Add messages that arrived together, and return how many of them need not be offered again.

        A message need not be offered again if the queue took it or, with QoS 0, dropped it to save room. If the number
        is lower than the number of messages, the first of the remaining ones (QoS 1 or 2) found no room: the caller
        offers the remaining ones later. Room for ``reserve`` messages is kept free for QoS 1 and 2, as many as the
        broker sends without an acknowledgement. A closed queue takes nothing and returns 0.
        """
        if self.closed:
            return 0
        # The usual case: all messages fit, so none has to be examined.
        if self._waiting + len(messages) <= self._fair_above:
            self._accepted.clear()
            self._put(list(messages))
            handled = len(messages)
        else:
            handled = self._offer_fairly(messages)
        self.received += handled
        return handled

    def _put(self, entries: list[Entry]) -> None:
        if entries:
            self._parts.append(entries)
            self._waiting += len(entries)
            self._ready.set()

    def _offer_fairly(self, messages: Sequence[RawMessage]) -> int:
        """Accept messages as :meth:`offer` does, but at most ``topic_quota`` QoS 0 messages per topic."""
        accepted: list[Entry] = []
        room, room_qos1 = self._capacity - self._reserve - self._waiting, self._capacity - self._waiting
        counts, handled = self._accepted, len(messages)
        for index, message in enumerate(messages):
            if message.qos:
                if len(accepted) >= room_qos1:
                    handled = index
                    break
                accepted.append(message)
            elif len(accepted) < room and (count := counts[message.topic]) < self._topic_quota:
                # Clearing the counts gives a topic that floods another quota, which is still bounded.
                if len(counts) >= MAX_TOPICS:
                    counts.clear()
                counts[message.topic] = count + 1
                accepted.append(message)
            else:
                self.shed += 1
        self._put(accepted)
        return handled

    def put(self, item: Input) -> None:
        """Add an input whose result nobody waits for, such as a tick of the clock or a lost session."""
        self._put([(item, None)])

    async def submit(self, item: Input) -> Any:
        """Add an input, wait for its commit, and return the answer.

        Raises:
            Conflict: too many inputs wait, or the hub is stopping.
            HubError: the handler or the store refused the input.
        """
        if self.closed or self._inputs >= self._max_inputs:
            raise Conflict("The hub is too busy to take this now.", "Try again in a moment.")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._inputs += 1
        self._put([(item, future)])
        try:
            return await future
        finally:
            self._inputs -= 1

    def close(self) -> None:
        """Accept no more entries.

        The consumer can still take the entries that are in the queue. When there are none left, :meth:`take` returns an
        empty list instead of waiting.
        """
        self.closed = True
        self._ready.set()

    async def take(self, max_entries: int) -> list[Entry]:
        """Wait for entries, and return up to ``max_entries``, oldest first.

        Return an empty list if the queue is closed and no entry is left.
        """
        while not self._parts and not self.closed:
            self._ready.clear()
            await self._ready.wait()
        taken: list[Entry] = []
        while self._parts and len(taken) < max_entries:
            taken += self._parts.popleft()
        if len(taken) > max_entries:
            self._parts.appendleft(taken[max_entries:])
            del taken[max_entries:]
        self._waiting -= len(taken)
        return taken
