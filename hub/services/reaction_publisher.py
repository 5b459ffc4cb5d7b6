"""Publish the MQTT messages of reactions in a separate task, one after the other.

A message is published at most once. While the broker is not connected or acknowledges slowly, messages wait. A message
is dropped after :data:`EXPIRY_MS`, because it may do harm if it is late. It is also dropped if people have switched off
or changed its reaction meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

from msgspec.structs import replace

from hub.errors import HubError, NotConnected, Unconfirmed
from hub.model.reaction import PublishAction, Reaction, ReactionRun
from hub.runtime.fault_log import FaultLog

log = logging.getLogger(__name__)
faults = FaultLog(log)

CAPACITY = 1_000
"""Maximum number of messages that wait."""
EXPIRY_MS = 60_000
"""How long a message may wait, in ms from the decision to run the reaction. Commands wait equally long for a device."""
RETRY_S = 0.5
_LATE = f"The message waited for {EXPIRY_MS // 1_000} s and was not published."


class PublishMessage(Protocol):
    """A function that publishes an MQTT message. See :meth:`hub.mqtt.client.MqttClient.publish`."""

    async def __call__(self, topic: str, payload: bytes, *, qos: int, retained: bool) -> None: ...


class ReactionBroker(NamedTuple):
    """The functions of the broker connection that reactions use.

    Attributes:
        publish: Publishes a message.
        read_by: Returns the name of the dialect with which the hub reads a topic; None if it does not read the topic.
    """

    publish: PublishMessage
    read_by: Callable[[str], str | None]


class _Waiting(NamedTuple):
    """A message that waits, with its reaction and the stored run of the reaction."""

    reaction: Reaction
    run: ReactionRun
    action: PublishAction
    payload: bytes


class ReactionPublisher:
    """Publishes messages. :meth:`put` never waits; :meth:`run` does the work.

    Args:
        publish: Publishes a message.
        finish: Stores a run with its outcome.
        now: Returns the time in epoch ms.
    """

    def __init__(
        self,
        publish: PublishMessage,
        finish: Callable[[Reaction, ReactionRun], Awaitable[None]],
        now: Callable[[], int],
    ) -> None:
        self._publish = publish
        self._finish = finish
        self._now = now
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue(CAPACITY)

    def put(self, reaction: Reaction, run: ReactionRun, action: PublishAction, payload: str) -> bool:
        """Queue the message of a run. Return False if too many messages wait."""
        try:
            self._queue.put_nowait(_Waiting(reaction, run, action, payload.encode()))
        except asyncio.QueueFull:
            return False
        return True

    async def run(self, refusal: Callable[[Reaction], str | None]) -> None:
        """Publish queued messages until cancelled. Messages that then still wait are not published.

        ``refusal`` returns why a message of a reaction must not be published any more; None if it may be published.
        """
        while True:
            waiting = await self._queue.get()
            try:
                await self._finish(waiting.reaction, await self._sent(waiting, refusal))
            except HubError as error:
                faults.error(error.code, "The outcome of a run of a reaction cannot be stored (%s).", error)
            except Exception as error:  # one message must not keep the others from being published
                faults.unexpected("A reaction could not publish its message. Report this.", cause=error)

    async def _sent(self, waiting: _Waiting, refusal: Callable[[Reaction], str | None]) -> ReactionRun:
        """Publish a message, and wait while the broker is not connected. Return the run with its outcome."""
        run, action, late = waiting.run, waiting.action, _LATE
        while True:
            if (problem := refusal(waiting.reaction)) is not None:
                return replace(run, outcome="failed", detail=problem)
            if not 0 <= self._now() - run.at < EXPIRY_MS:
                return replace(run, outcome="failed", detail=late)
            try:
                await self._publish(action.topic, waiting.payload, qos=action.qos, retained=action.retain)
            except NotConnected as error:
                late = error.message
                await asyncio.sleep(RETRY_S)
            except Unconfirmed as error:
                return replace(run, outcome="ran", detail=error.message)  # it may have arrived, so it is not sent again
            except HubError as error:
                return replace(run, outcome="failed", detail=error.message)
            else:
                return replace(run, outcome="ran")
