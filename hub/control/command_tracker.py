"""What becomes of each command: the only place that moves one from state to state. Pure: ``now`` is an argument.

::

    queued ──▶ sent ──▶ acknowledged ──▶ confirmed
      │ ▲       │ │           │
      │ └───────┘ └──▶ failed ┴──▶ unverified      (``acknowledged`` is the end where nothing can confirm it)
      └──▶ expired

A command is written down as sent before it is handed to the broker, so that a hub that dies in between never sends it
twice: it is then told as unverified. Only one that sets a state (``repeatable``) is said a second time. Every method
returns the commands that have changed; one that is returned as ``sent`` is to be sent now.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator

from msgspec.structs import replace

from hub.control.values import reached
from hub.errors import Conflict
from hub.model import Command, CommandState, Device, SendCommand, SendingFailed

PATIENCE_MS = 10_000
"""How long a device has to answer before it is asked again or given up."""
ATTEMPTS = 2
WAITING_PER_DEVICE = 32
WAITING = 10_000
REMEMBERED = 10_000
"""Settled commands whose ids are remembered, so that a request that is repeated finds the first one."""

Find = Callable[[str], Device | None]


class CommandTracker:
    """All commands that are not settled, in the order in which they were asked for."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget all commands; :meth:`restore` brings them back."""
        self._open: dict[str, Command] = {}
        self._of_device: dict[str, dict[str, None]] = {}
        self._settled: OrderedDict[str, Command] = OrderedDict()

    def awaits(self, device: str) -> bool:
        """Whether a report of this device could settle anything. Cheap: it is asked at every message."""
        return device in self._of_device

    def get(self, command: str) -> Command | None:
        return self._open.get(command) or self._settled.get(command)

    def restore(self, commands: Iterable[Command]) -> None:
        for command in commands:
            self._keep(command)

    def request(self, fact: SendCommand, device: Device) -> list[Command]:
        """Take in a new command. One whose id is known already changes nothing. Raises Conflict when too many wait."""
        known = self.get(fact.command.id)
        if known is not None:
            if (known.device, known.name, known.value) != (fact.command.device, fact.command.name, fact.command.value):
                raise Conflict("This idempotency key was used for another command.", "Use a new key for each command.")
            return []
        if len(self._open) >= WAITING or len(self._of_device.get(device.id, ())) >= WAITING_PER_DEVICE:
            raise Conflict("Too many commands wait for this device.", "Wait until some are settled.")
        return [self._send(fact.command, fact.command.created_at) if _reachable(device) else self._keep(fact.command)]

    def not_sent(self, fact: SendingFailed) -> list[Command]:
        """The broker could not be given it. Without a connection it waits on; else it has failed."""
        command = self._open.get(fact.command)
        if command is None or command.state != "sent" or command.attempts != fact.attempt:
            return []
        if fact.again:
            return [self._keep(replace(command, state="queued", attempts=command.attempts - 1, sent_at=None))]
        return [self._settle(command, "failed", fact.at, fact.detail)]

    def replied(self, command_id: str, device: str, done: bool, detail: str | None, now: int) -> list[Command]:
        """The device has answered. An answer for another device's command counts for nothing."""
        command = self._open.get(command_id)
        if command is None or command.device != device or command.state not in ("sent", "acknowledged"):
            return []
        if not done:
            return [self._settle(command, "failed", now, detail)]
        if not command.wanted:
            return [self._settle(command, "acknowledged", now, detail)]
        return [self._keep(replace(command, state="acknowledged", detail=detail))]

    def reported(self, device: Device, now: int) -> list[Command]:
        """The device has reported something: which of its commands does that confirm?"""
        waiting = [self._open[known] for known in self._of_device.get(device.id, ())]
        return [
            self._settle(command, "confirmed", now, command.detail)
            for command in waiting
            if command.state != "queued" and _shown(command, device)
        ]

    def tick(self, now: int, connected: bool, find: Find) -> list[Command]:
        """Send what waited, say again what was not answered, give up what took too long."""
        return [
            changed for command in list(self._open.values()) for changed in self._look(command, now, connected, find)
        ]

    def _look(self, command: Command, now: int, connected: bool, find: Find) -> Iterator[Command]:
        device = find(command.device)
        if device is None:
            return
        if command.state == "queued":
            if now >= command.expires_at:
                yield self._settle(command, "expired", now, "The device could not be reached in time.")
            elif connected and _reachable(device):
                yield self._send(command, now)
        elif command.sent_at is not None and now - command.sent_at >= PATIENCE_MS:
            if _shown(command, device):
                yield self._settle(command, "confirmed", now, command.detail)
            elif command.repeatable and command.attempts < ATTEMPTS and now < command.expires_at and connected:
                yield self._send(command, now)
            else:
                yield self._settle(command, "unverified", now, command.detail or "Nothing shows that it was done.")

    def forget(self, device: str) -> None:
        """The device was deleted, and its commands with it."""
        for command in self._of_device.pop(device, ()):
            del self._open[command]

    def _send(self, command: Command, now: int) -> Command:
        return self._keep(replace(command, state="sent", attempts=command.attempts + 1, sent_at=now))

    def _settle(self, command: Command, state: CommandState, now: int, detail: str | None) -> Command:
        return self._keep(replace(command, state=state, settled_at=now, detail=detail))

    def _keep(self, command: Command) -> Command:
        if command.settled_at is None:
            self._open[command.id] = command
            self._of_device.setdefault(command.device, {})[command.id] = None
            return command
        self._settled[command.id] = command
        if len(self._settled) > REMEMBERED:
            self._settled.popitem(last=False)
        if self._open.pop(command.id, None) is not None:
            waiting = self._of_device[command.device]
            del waiting[command.id]
            if not waiting:
                del self._of_device[command.device]
        return command


def _reachable(device: Device) -> bool:
    """One that is only silent may still hear: many sensors speak seldom."""
    return device.presence != "offline"


def _shown(command: Command, device: Device) -> bool:
    latest = {metric: device.metrics[metric].value for metric in command.wanted if metric in device.metrics}
    return reached(command.wanted, device.reported | latest, command.tolerance)
