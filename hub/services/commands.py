"""Validate commands to devices, submit them to the pipeline and look up their state.

The command tracker inside the pipeline follows a command; :mod:`hub.services.command_sender` publishes it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from hub.control import descriptor, encode, tolerance, validate_value, wanted
from hub.errors import Conflict, Invalid, NotFound
from hub.model import Command, Input, SendCommand
from hub.registry.reader import DeviceReader
from hub.store.reader import HistoryReader

DEFAULT_EXPIRY_S = 60
MAX_EXPIRY_S = 7 * 86_400


class Commands:
    """Sends commands to devices, and finds stored commands. Methods raise NotFound for an unknown device or command."""

    def __init__(
        self,
        *,
        registry: DeviceReader,
        store: HistoryReader,
        submit: Callable[[Input], Awaitable[Any]],
        now: Callable[[], int],
    ) -> None:
        self._registry = registry
        self._store = store
        self._submit = submit
        self._now = now

    async def send(
        self,
        device_id: str,
        name: str,
        value: Any,
        *,
        by: str,
        key: str | None = None,
        expires_s: int = DEFAULT_EXPIRY_S,
        once: bool = False,
    ) -> Command:
        """Queue a command and return it.

        Args:
            device_id: The device.
            name: Name of the command, as the device announces it.
            value: Value of the command; None if it takes none.
            by: Name of the sender.
            key: Idempotency key. If a command with this key exists, it is returned and nothing is sent.
            expires_s: Seconds after which the command expires if it could not be sent.
            once: Send it at most once, even if the device does not reply.

        Raises:
            Invalid: The value or the expiry is not allowed.
            Conflict: The key was used for another command, or too many commands are waiting.
        """
        if not 1 <= expires_s <= MAX_EXPIRY_S:
            raise Invalid(f"expires_s is {expires_s}. A command expires after 1 to {MAX_EXPIRY_S} seconds.")
        device = self._registry.require(device_id)
        spec = descriptor(device.info.commands, name)
        value = validate_value(spec, value)
        now = self._now()
        confirming = wanted(spec, value)
        command = Command(
            id=command_id(device_id, key),
            device=device_id,
            name=name,
            value=value,
            by=by,
            state="queued",
            created_at=now,
            expires_at=now + expires_s * 1000,
            # It is harmless to set a state twice, but it may be harmful to press a button twice.
            repeatable=bool(confirming) and spec.type != "none" and not once,
            wanted=confirming,
            tolerance=tolerance(spec),
        )
        if key is not None and (earlier := await self._store.command(command.id)) is not None:
            if (earlier.name, earlier.value) != (name, value):
                raise Conflict("This idempotency key was used for another command.", "Use a new key for each command.")
            return earlier
        encode(spec, command)  # raises now if the value cannot be encoded
        queued: Command = await self._submit(SendCommand(command))
        return queued

    async def of_device(self, device_id: str, limit: int) -> list[Command]:
        """Return the last commands to the device, at most ``limit``, newest first."""
        self._registry.require(device_id)
        return await self._store.commands(device_id, limit)

    async def get(self, command_id: str) -> Command:
        """Return one command."""
        found = await self._store.command(command_id)
        if found is None:
            raise NotFound(f"There is no command {command_id[:64]!r}.", "GET /api/devices/ID/commands lists them.")
        return found


def command_id(device_id: str, key: str | None) -> str:
    """Return the id of a new command: a hash of device and idempotency key, or a random id if ``key`` is None.

    A repeated request has the same key, so it gets the same id and the hub finds the existing command.
    """
    if key is None:
        return f"c-{secrets.token_hex(8)}"
    return f"c-{hashlib.blake2b(f'{device_id}/{key}'.encode(), digest_size=8).hexdigest()}"
