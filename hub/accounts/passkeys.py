"""Passkeys of people (WebAuthn credentials), in ``passkeys.json`` of the data folder. They hold public keys only."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from pathlib import Path

import msgspec

from hub.accounts.json_file import JsonFile
from hub.errors import Conflict, Forbidden, NotFound

FILE = "passkeys.json"
MAX_PASSKEYS = 10
"""Maximum number of passkeys of one account."""


class Passkey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A passkey of a person.

    Attributes:
        id: Identifies the passkey in lists.
        account: Id of the account.
        name: The name that the person has given it.
        host: The host name of the hub for which it was registered (the relying party's id). It works there only.
        credential: The credential id that the authenticator chose; base64url.
        key: The public key, in CBOR (RFC 9052).
        counter: The authenticator's signature counter; 0 if it does not count.
        created: Epoch seconds.
        used: When it was last used to sign in, in epoch seconds.
    """

    id: str
    account: str
    name: str
    host: str
    credential: str
    key: bytes
    counter: int
    created: float
    used: float | None = None


class Passkeys:
    """The passkeys of all accounts, kept in memory and stored in ``passkeys.json``."""

    def __init__(self, data: Path, now: Callable[[], float]) -> None:
        self._file = JsonFile(data / FILE, Passkey)
        self._now = now
        self._changing = asyncio.Lock()
        self._passkeys = {each.credential: each for each in self._file.read()}

    def __len__(self) -> int:
        return len(self._passkeys)

    def of_account(self, account_id: str) -> list[Passkey]:
        """Return the passkeys of a person, oldest first."""
        own = (each for each in self._passkeys.values() if each.account == account_id)
        return sorted(own, key=lambda each: each.created)

    def find(self, credential: str) -> Passkey | None:
        """Return the passkey with this credential id; None if there is none."""
        return self._passkeys.get(credential)

    async def add(self, account_id: str, name: str, host: str, credential: str, key: bytes, counter: int) -> Passkey:
        """Store a new passkey.

        Raises Conflict if the account has too many passkeys or the passkey is registered already, and StoreError.
        """
        async with self._changing:
            if len(self.of_account(account_id)) >= MAX_PASSKEYS:
                raise Conflict(f"This account has {MAX_PASSKEYS} passkeys.", "Remove one that is not needed.")
            if credential in self._passkeys:
                raise Conflict("This passkey is registered already.", "Use another device or security key.")
            passkey = Passkey(
                secrets.token_hex(4), account_id, name, host, credential, key, counter, created=self._now()
            )
            await self._store([*self._passkeys.values(), passkey])
            return passkey

    async def count_use(self, passkey: Passkey, counter: int) -> bool:
        """Store the time of a sign-in and the signature counter. Return True if the counter is valid.

        If the counter has not grown, store nothing and return False: another device may have a copy of the private
        key. Raises Forbidden if the passkey was removed in the meantime, and StoreError.
        """
        async with self._changing:
            now = self._passkeys.get(passkey.credential)
            if now is None or now.account != passkey.account:
                raise Forbidden("This passkey was removed.", "Sign in another way.")
            if (counter or now.counter) and counter <= now.counter:
                return False
            used = msgspec.structs.replace(now, counter=counter, used=self._now())
            await self._store([*(self._passkeys | {used.credential: used}).values()])
            return True

    async def remove(self, account_id: str, passkey_id: str) -> Passkey:
        """Remove a passkey of this person and return it. Raises NotFound, StoreError."""
        async with self._changing:
            found = next((each for each in self.of_account(account_id) if each.id == passkey_id), None)
            if found is None:
                raise NotFound(f"There is no passkey {passkey_id[:64]!r}.", "GET /api/account/passkeys lists them.")
            await self._store([each for each in self._passkeys.values() if each is not found])
            return found

    async def remove_all(self, account_id: str) -> None:
        """Remove all passkeys of a person. Raises StoreError."""
        async with self._changing:
            if self.of_account(account_id):
                await self._store([each for each in self._passkeys.values() if each.account != account_id])

    async def _store(self, passkeys: list[Passkey]) -> None:
        await self._file.write(passkeys)
        self._passkeys = {each.credential: each for each in passkeys}
