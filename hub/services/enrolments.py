"""Let devices enrol themselves: a device that sends an enrolment key gets its own broker user with a password.

A key is valid for a number of devices, and until a date. The hub stores only the SHA-256 of the key.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec

from hub.accounts.json_file import JsonFile
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.services.credentials import Credentials, IssuedCredential

FILE = "enrolment-keys.json"
PREFIX = "wke_"
"""First characters of every key, by which secret scanners can recognize a key."""
MAX_KEYS = 50


class EnrolmentKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key with which devices can enrol themselves.

    Attributes:
        id: Identifies the key in lists.
        digest: SHA-256 of the key.
        prefix: Only devices whose names begin with this prefix may use the key.
        left: How many more devices can enrol with the key.
        expires: When the key expires (epoch ms).
        by: Name of the person who created the key.
    """

    id: str
    digest: str
    prefix: str
    left: int
    expires: int
    by: str


class Enrolments:
    """Creates, lists and revokes enrolment keys, and enrols devices. The keys are in the data folder ``data``.

    ``known`` takes the id of a device, and returns whether the hub knows the device already.
    """

    def __init__(
        self, data: Path, credentials: Credentials, known: Callable[[str], bool], now: Callable[[], int]
    ) -> None:
        self._file = JsonFile(data / FILE, EnrolmentKey, "Delete it: its keys are lost then.")
        self._credentials = credentials
        self._known = known
        self._now = now

    async def keys(self) -> list[EnrolmentKey]:
        """Return the keys that can still be used. Raises ConfigError."""
        return self._usable(await asyncio.to_thread(self._file.read))

    async def create_key(self, prefix: str, devices: int, lifetime_ms: int, by: str) -> tuple[EnrolmentKey, str]:
        """Create a key. Return the key, and its secret value, which cannot be read again.

        Raises Conflict if there are too many keys or the hub manages no broker, and StoreError.
        """
        if not self._credentials.managed:
            raise Conflict("This hub manages no broker.", "Run hub serve with your own broker.")
        value = PREFIX + secrets.token_urlsafe(32)
        key = EnrolmentKey(secrets.token_hex(8), _digest(value), prefix, devices, self._now() + lifetime_ms, by)

        def add(keys: list[EnrolmentKey]) -> list[EnrolmentKey]:
            if len(usable := self._usable(keys)) >= MAX_KEYS:
                raise Conflict(f"There are {MAX_KEYS} keys.", "Revoke one that is not needed.")
            return [*usable, key]

        await self._file.edit(add)
        return key, value

    async def revoke_key(self, key_id: str) -> None:
        """Remove a key. Devices that it enrolled stay. Raises NotFound, StoreError."""

        def remove(keys: list[EnrolmentKey]) -> list[EnrolmentKey]:
            kept = [each for each in self._usable(keys) if each.id != key_id]
            if len(kept) == len(self._usable(keys)):
                raise NotFound("There is no such key.")
            return kept

        await self._file.edit(remove)

    async def enrol(self, value: str, name: str, host: str | None) -> tuple[EnrolmentKey, IssuedCredential]:
        """Create a broker user for the device ``name``, which has sent the enrolment key ``value``.

        Returns:
            The enrolment key, and the new user with its password.

        Raises:
            Forbidden: The key is wrong, used up, expired or revoked.
            Invalid: The name does not begin with the key's prefix, or is not allowed.
            Conflict: The device has a credential or is already known. A key must not take over a device.
        """
        key = self._find(await asyncio.to_thread(self._file.read), value)
        if not name.startswith(key.prefix):
            raise Invalid("The key is not for this name.", f"Allowed: names that begin with {key.prefix!r}.")
        if self._known(name):
            raise Conflict("A device with this name exists already.", "An administrator can give it a credential.")
        issued: list[IssuedCredential] = []

        def use(keys: list[EnrolmentKey]) -> list[EnrolmentKey]:
            """Create the user. Return the keys that are still valid, after counting one more use of this key.

            The file of the keys is locked while this function runs.
            """
            found = self._find(keys, value)
            issued.append(self._credentials.add(name, host=host))
            used = msgspec.structs.replace(found, left=found.left - 1)
            return [used if each.id == found.id else each for each in self._usable(keys)]

        try:
            await self._file.edit(use)
        except BaseException:
            if issued:  # the use was not counted, so the user must not stay
                await asyncio.to_thread(self._credentials.revoke, name)
            raise
        return key, issued[0]

    def _find(self, keys: list[EnrolmentKey], value: str) -> EnrolmentKey:
        digest = _digest(value)
        for each in self._usable(keys):
            if secrets.compare_digest(each.digest, digest):
                return each
        raise Forbidden("The key is not valid.", "It may be used up, expired or revoked. Ask an administrator.")

    def _usable(self, keys: list[EnrolmentKey]) -> list[EnrolmentKey]:
        return [each for each in keys if each.left > 0 and each.expires > self._now()]


def _digest(value: str) -> str:
    return sha256(value.encode("utf-8", "replace")).hexdigest()
