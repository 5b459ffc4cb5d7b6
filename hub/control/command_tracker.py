"""State machine of commands. Only this file changes a command's state. Pure: ``now`` is an argument.

::

    queued ──▶ sent ──▶ acknowledged ──▶ confirmed
      │ ▲       │ │           │
      │ └───────┘ └──▶ failed ┴──▶ unverified      (``acknowledged`` is final if no metric can confirm the command)
      └──▶ expired

A command is stored as ``sent`` before it is published. So if the hub is killed in between, it does not send the command
twice: the command becomes ``unverified``. If nobody answers, only a command that sets a state (``repeatable``) is sent
again. Every method that changes commands returns them; the caller publishes those whose state is ``sent``.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator

from msgspec.structs import replace

from hub.control.values import reached
from hub.errors import Conflict
from hub.model import Command, CommandState, Device, SendCommand, SendingFailed

REPLY_TIMEOUT_MS = 10_000
"""How long (ms) the hub waits for a device's answer before it sends the command again or marks it as unverified."""
MAX_ATTEMPTS = 2
MAX_OPEN_PER_DEVICE = 32
MAX_OPEN = 10_000
MAX_SETTLED = 10_000
"""Maximum number of settled (finished) commands that are kept.

A request that repeats the id of a kept command returns that command.
"""

Find = Callable[[str], Device | None]


class CommandTracker:
    """All open commands in the order of their requests, and the last commands that are finished."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Remove all commands. The caller then adds the stored ones with :meth:`restore`."""
        self._open: dict[str, Command] = {}
        self._of_device: dict[str, dict[str, None]] = {}  # ids of open commands by device, in order
        self._settled: OrderedDict[str, Command] = OrderedDict()

    def awaits(self, device: str) -> bool:
        """Return True if the device has an open command, which a message from it could confirm.

        This is called for every message.
        """
        return device in self._of_device

    def get(self, command: str) -> Command | None:
        return self._open.get(command) or self._settled.get(command)

    def restore(self, commands: Iterable[Command]) -> None:
        """Add commands that were read from the store."""
        for command in commands:
            self._update(command)

    def request(self, request: SendCommand, device: Device) -> list[Command]:
        """Accept a new command and return it: marked as sent, or as queued while the device is offline.

        A repeated request with a known id changes nothing and returns an empty list.

        Raises:
            Conflict: Too many commands are open, or the id belongs to another command.
        """
        new = request.command
        known = self.get(new.id)
        if known is not None:
            if (known.device, known.name, known.value) != (new.device, new.name, new.value):
                raise Conflict("This idempotency key was used for another command.", "Use a new key for each command.")
            return []
        if len(self._open) >= MAX_OPEN or len(self._of_device.get(device.id, ())) >= MAX_OPEN_PER_DEVICE:
            raise Conflict("Too many commands wait for this device.", "Wait until some are finished.")
        return [self._send(new, new.created_at) if _reachable(device) else self._update(new)]

    def not_sent(self, failure: SendingFailed) -> list[Command]:
        """Handle a command that could not be published. Return it in its new state.

        It is queued again if it certainly was not sent; otherwise it has failed.
        """
        command = self._open.get(failure.command)
        if command is None or command.state != "sent" or command.attempts != failure.attempt:
            return []
        if failure.again:
            return [self._update(replace(command, state="queued", attempts=command.attempts - 1, sent_at=None))]
        return [self._settle(command, "failed", failure.at, failure.detail)]

    def replied(self, command_id: str, device: str, done: bool, detail: str | None, now: int) -> list[Command]:
        """Handle a device's reply to a command: it was carried out (``done``) or failed.

        ``detail`` is the text of the reply, ``now`` the time in epoch ms. Return the command in its new state. Return
        an empty list if the reply is ignored, because the command waits for no reply or was sent to another device.
        """
        command = self._open.get(command_id)
        if command is None or command.device != device or command.state not in ("sent", "acknowledged"):
            return []
        if not done:
            return [self._settle(command, "failed", now, detail)]
        if not command.wanted:
            return [self._settle(command, "acknowledged", now, detail)]
        return [self._update(replace(command, state="acknowledged", detail=detail))]

    def reported(self, device: Device, now: int) -> list[Command]:
        """Confirm those commands of a device whose effect it now reports, and return them.

        Commands that are still queued stay queued, because the device has not received them.
        """
        commands = [self._open[command_id] for command_id in self._of_device.get(device.id, ())]
        return [
            self._settle(command, "confirmed", now, command.detail)
            for command in commands
            if command.state != "queued" and _is_reached(command, device)
        ]

    def tick(self, now: int, connected: bool, find: Find) -> list[Command]:
        """Send queued commands, repeat unanswered commands, and settle commands that have expired or timed out.

        Commands are only sent while the broker is ``connected``. ``find`` returns the device with an id.
        """
        return [
            changed for command in list(self._open.values()) for changed in self._check(command, now, connected, find)
        ]

    def _check(self, command: Command, now: int, connected: bool, find: Find) -> Iterator[Command]:
        device = find(command.device)
        if device is None:
            return
        if command.state == "queued":
            if now >= command.expires_at:
                yield self._settle(command, "expired", now, "The device was not reachable in time.")
            elif connected and _reachable(device):
                yield self._send(command, now)
        elif command.sent_at is not None and now - command.sent_at >= REPLY_TIMEOUT_MS:
            if _is_reached(command, device):
                yield self._settle(command, "confirmed", now, command.detail)
            elif command.repeatable and command.attempts < MAX_ATTEMPTS and now < command.expires_at and connected:
                yield self._send(command, now)
            else:
                detail = command.detail or "The device neither replied nor reported the requested value."
                yield self._settle(command, "unverified", now, detail)

    def forget(self, device: str) -> None:
        """Remove the open commands of a deleted device."""
        for command in self._of_device.pop(device, ()):
            del self._open[command]

    def _send(self, command: Command, now: int) -> Command:
        return self._update(replace(command, state="sent", attempts=command.attempts + 1, sent_at=now))

    def _settle(self, command: Command, state: CommandState, now: int, detail: str | None) -> Command:
        return self._update(replace(command, state=state, settled_at=now, detail=detail))

    def _update(self, command: Command) -> Command:
        """Store the new state of a command, and return the command."""
        if command.settled_at is None:
            self._open[command.id] = command
            self._of_device.setdefault(command.device, {})[command.id] = None
            return command
        self._settled[command.id] = command
        if len(self._settled) > MAX_SETTLED:
            self._settled.popitem(last=False)
        if self._open.pop(command.id, None) is not None:
            open_commands = self._of_device[command.device]
            del open_commands[command.id]
            if not open_commands:
                del self._of_device[command.device]
        return command


def _reachable(device: Device) -> bool:
    """Return True unless the device is offline. A stale device counts as reachable: it may just report rarely."""
    return device.presence != "offline"


def _is_reached(command: Command, device: Device) -> bool:
    latest = {metric: device.metrics[metric].value for metric in command.wanted if metric in device.metrics}
    return reached(command.wanted, device.reported | latest, command.tolerance)
