"""Gives the broker the commands that the ledger has written down as sent, and tells it when that failed.

It decides nothing: whether one is said again is the ledger's word.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from hub.control import descriptor, encode
from hub.errors import HubError, NotConnected, Unconfirmed
from hub.model import Command, Input, SendingFailed
from hub.mqtt.client import MqttClient
from hub.registry.registry import DeviceRegistry
from hub.runtime.fault_log import FaultLog

log = logging.getLogger(__name__)
faults = FaultLog(log)

QUEUED = 10_000


class CommandSender:
    """Bounded: what finds no room goes back to the ledger."""

    def __init__(
        self, *, registry: DeviceRegistry, link: MqttClient, tell: Callable[[Input], None], now: Callable[[], int]
    ) -> None:
        self._registry = registry
        self._link = link
        self._tell = tell
        self._now = now
        self._queue: asyncio.Queue[Command] = asyncio.Queue(QUEUED)

    def put(self, command: Command) -> None:
        try:
            self._queue.put_nowait(command)
        except asyncio.QueueFull:
            self._failed(command, again=True, detail="Too much waits to be sent.")

    async def run(self) -> None:
        """Until cancelled. One after the other, so that a device gets its commands in order."""
        while True:
            command = await self._queue.get()
            try:
                await self._send(command)
            except NotConnected as error:
                self._failed(command, again=True, detail=error.message)
            except Unconfirmed as error:
                log.info("command %s: %s", command.id, error.message)  # it may have arrived: time will tell
            except HubError as error:
                self._failed(command, again=False, detail=error.message)
            except Exception as error:  # one command must not keep the others from being sent
                faults.unexpected("Command %s could not be sent. Report this.", command.id, cause=error)
                self._failed(command, again=False, detail="The hub failed to send it; its log has the details.")

    async def _send(self, command: Command) -> None:
        wants = descriptor(self._registry.require(command.device).info.commands, command.name)
        await self._link.publish(wants.topic, encode(wants, command), qos=1)

    def _failed(self, command: Command, *, again: bool, detail: str) -> None:
        self._tell(SendingFailed(command.id, command.attempts, again, detail, self._now()))
