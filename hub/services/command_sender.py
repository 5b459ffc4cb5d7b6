"""Publish the commands that the command tracker has marked as sent, and report failures to the tracker.

Only the command tracker decides whether a command is sent again.
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

CAPACITY = 10_000


class CommandSender:
    """Bounded queue of commands to publish.

    If the queue is full, a new command is reported to the command tracker as not sent. The tracker retries it later.
    """

    def __init__(
        self, *, registry: DeviceRegistry, link: MqttClient, tell: Callable[[Input], None], now: Callable[[], int]
    ) -> None:
        self._registry = registry
        self._link = link
        self._tell = tell
        self._now = now
        self._queue: asyncio.Queue[Command] = asyncio.Queue(CAPACITY)

    def put(self, command: Command) -> None:
        """Queue a command."""
        try:
            self._queue.put_nowait(command)
        except asyncio.QueueFull:
            self._failed(command, again=True, detail="Too many commands are waiting to be sent.")

    async def run(self) -> None:
        """Publish commands one by one, so that each device gets its commands in order. Runs until cancelled."""
        while True:
            command = await self._queue.get()
            try:
                await self._send(command)
            except NotConnected as error:
                self._failed(command, again=True, detail=error.message)
            except Unconfirmed as error:
                # The device may have received the command, so the tracker waits for the device's reply or the time-out.
                log.info(
                    "Command %s to %s: the broker did not confirm it (%s). "
                    "Waiting for the device's reply or the time-out.",
                    *(command.id, command.device, error.message),
                )
            except HubError as error:
                self._failed(command, again=False, detail=error.message)
            except Exception as error:  # one command must not keep the others from being sent
                faults.unexpected("Command %s could not be sent. Report this.", command.id, cause=error)
                self._failed(command, again=False, detail="The hub could not send it. See the hub's log for details.")

    async def _send(self, command: Command) -> None:
        spec = descriptor(self._registry.require(command.device).info.commands, command.name)
        await self._link.publish(spec.topic, encode(spec, command), qos=1)

    def _failed(self, command: Command, *, again: bool, detail: str) -> None:
        self._tell(SendingFailed(command.id, command.attempts, again, detail, self._now()))
