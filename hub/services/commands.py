"""What people ask devices to do: check it, have it kept, tell what became of it.

What happens to a command is the ledger's business, inside the pipeline. It knows no HTTP and sends nothing itself.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from hub.control import descriptor, encode, fitting, tolerance, wanted
from hub.errors import Conflict, Invalid, NotFound
from hub.model import Command, Input, SendCommand
from hub.registry.registry import DeviceRegistry
from hub.store.base import Store

EXPIRES_S = 60
LONGEST_S = 7 * 86_400


class Commands:
    """Raises NotFound for a device or command that is not there, Invalid for a value that does not fit, Conflict when
    too many wait or an idempotency key was used for something else."""

    def __init__(
        self,
        *,
        registry: DeviceRegistry,
        store: Store,
        submit: Callable[[Input], Awaitable[Any]],
        now: Callable[[], int],
    ) -> None:
        self._registry = registry
        self._store = store
        self._submit = submit
        self._now = now

    async def send(
        self, device_id: str, name: str, value: Any, *, by: str, key: str | None = None, expires_s: int = EXPIRES_S
    ) -> Command:
        """Take a command in. With the ``key`` of an earlier one, that one is the answer and nothing is sent again."""
        if not 1 <= expires_s <= LONGEST_S:
            raise Invalid(f"A command expires after 1 to {LONGEST_S} seconds.")
        device = self._registry.require(device_id)
        wants = descriptor(device.info.commands, name)
        value = fitting(wants, value)
        at = self._now()
        confirming = wanted(wants, value)
        command = Command(
            id=_id_of(device_id, key),
            device=device_id,
            name=name,
            value=value,
            by=by,
            state="queued",
            created_at=at,
            expires_at=at + expires_s * 1000,
            # To set a state twice does no harm; to press a button twice may.
            repeatable=bool(confirming) and wants.type != "none",
            wanted=confirming,
            tolerance=tolerance(wants),
        )
        if key is not None and (before := await self._store.command(command.id)) is not None:
            if (before.name, before.value) != (name, value):
                raise Conflict("This idempotency key was used for another command.", "Use a new key for each command.")
            return before
        encode(wants, command)  # what cannot be written is told now, to whoever asks
        taken: Command = await self._submit(SendCommand(command))
        return taken

    async def of_device(self, device_id: str, limit: int) -> list[Command]:
        """Newest first."""
        self._registry.require(device_id)
        return await self._store.commands(device_id, limit)

    async def get(self, command_id: str) -> Command:
        found = await self._store.command(command_id)
        if found is None:
            raise NotFound(f"There is no command {command_id[:64]!r}.", "GET /api/devices/ID/commands lists them.")
        return found


def _id_of(device_id: str, key: str | None) -> str:
    """The same for the same key, so that a request that is repeated finds the first command, also after a restart."""
    if key is None:
        return f"c-{secrets.token_hex(8)}"
    return f"c-{hashlib.blake2b(f'{device_id}/{key}'.encode(), digest_size=8).hexdigest()}"
