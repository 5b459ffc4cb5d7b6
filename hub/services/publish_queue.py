"""Carry out the actions of dialects on the broker: subscriptions, and messages that request data from devices.

The queue is bounded. Messages that do not fit are dropped and logged, because dialects repeat their requests (rebirths,
status polls). Commands of users do not go through this queue; see :mod:`hub.services.command_sender`.
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
POLL_S = 1.0
"""Interval in seconds at which an idle queue checks for a new connection."""


class PublishQueue:
    """Publishes the messages that dialects send to devices.

    :meth:`put` only adds a message to the queue, without waiting; :meth:`run` publishes the messages in order. After
    each new connection it publishes the birth messages first. They announce the hub, so that devices that wait for a
    hub announce themselves again.
    """

    def __init__(self, link: MqttClient, birth_messages: Sequence[Publish] = ()) -> None:
        self._link = link
        self._birth_messages = birth_messages
        self._born: int | None = None  # when the connection began on which the birth messages were last published
        self._queue: asyncio.Queue[Publish] = asyncio.Queue(CAPACITY)
        self._dropping = False

    def put(self, action: Action) -> None:
        """Carry out an action of a dialect: change the subscriptions at once, or queue a message.

        If the queue is full, the message is dropped.
        """
        if isinstance(action, Publish):
            self._enqueue(action)
        elif isinstance(action, Subscribe):
            self._link.subscribe(action.filters)
        else:
            self._link.unsubscribe(action.filters)

    def _enqueue(self, message: Publish) -> None:
        try:
            self._queue.put_nowait(message)
            self._dropping = False
        except asyncio.QueueFull:
            if not self._dropping:
                log.warning(
                    "The queue of messages to devices is full (%d). Requests of dialects are dropped until it drains.",
                    CAPACITY,
                )
            self._dropping = True

    async def run(self) -> None:
        """Publish queued messages until cancelled. A message that cannot be sent now is dropped as outdated."""
        while True:
            self._announce()
            try:
                async with asyncio.timeout(POLL_S):
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

    def _announce(self) -> None:
        """Queue the birth messages if there is a new connection."""
        state = self._link.state
        if state.subscribed and state.since != self._born:
            self._born = state.since
            for message in self._birth_messages:
                self.put(message)
