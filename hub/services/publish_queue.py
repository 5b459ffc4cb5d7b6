"""What dialects want done on the broker after a commit: subscriptions, and messages that ask devices to speak.

Bounded; what finds the queue full is dropped with a line in the log, since a dialect asks again (a rebirth, a status
poll). Commands of people do not go this way: they are kept until they are settled.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from hub.dialects import Action, Publish, Subscribe
from hub.errors import BrokerError
from hub.mqtt.client import MqttClient
from hub.runtime.fault_log import FaultLog
from hub.topics import printable

log = logging.getLogger(__name__)
faults = FaultLog(log)

CAPACITY = 10_000
LOOK_S = 1.0
"""How often an idle outbox looks for a new connection."""


class PublishQueue:
    """Takes effects without waiting; :meth:`run` carries them out in order. ``greetings`` go out first on every
    connection: devices that wait for a hub announce themselves again."""

    def __init__(self, link: MqttClient, greetings: Sequence[Publish] = ()) -> None:
        self._link = link
        self._greetings = greetings
        self._greeted: int | None = None
        self._queue: asyncio.Queue[Publish] = asyncio.Queue(CAPACITY)
        self._dropping = False

    def put(self, effect: Action) -> None:
        if isinstance(effect, Publish):
            self._enqueue(effect)
        elif isinstance(effect, Subscribe):
            self._link.subscribe(effect.filters)
        else:
            self._link.unsubscribe(effect.filters)

    def _enqueue(self, message: Publish) -> None:
        try:
            self._queue.put_nowait(message)
            self._dropping = False
        except asyncio.QueueFull:
            if not self._dropping:
                log.warning("too much waits to be published; messages to devices are dropped until it is less")
            self._dropping = True

    async def run(self) -> None:
        """Until cancelled. A message that cannot be sent now is dropped: it would be stale later."""
        while True:
            self._greet()
            try:
                async with asyncio.timeout(LOOK_S):
                    message = await self._queue.get()
            except TimeoutError:
                continue
            try:
                await self._link.publish(message.topic, message.payload, qos=message.qos, retained=message.retained)
            except BrokerError as error:
                text, level = "A message to %s was not sent: %s", logging.INFO
                faults.error(error.code, text, printable(message.topic), error.message, level=level)
            except Exception as error:
                faults.unexpected("A message to %s was not sent.", printable(message.topic), cause=error)

    def _greet(self) -> None:
        state = self._link.state
        if state.subscribed and state.since != self._greeted:
            self._greeted = state.since
            for message in self._greetings:
                self.put(message)
