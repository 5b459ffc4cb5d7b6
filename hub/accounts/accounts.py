"""The accounts of a hub, in ``accounts.json`` of the data folder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from hub.accounts.account import (
    Account,
    ExternalIdentity,
    Role,
    account_name,
    check_limits,
    lookup_key,
    new_account_id,
)
from hub.accounts.json_file import JsonFile
from hub.accounts.scope import Limits
from hub.errors import Conflict, NotFound

FILE = "accounts.json"
MAX_ACCOUNTS = 1_000


class Accounts:
    """The accounts of one hub, kept in memory and stored in ``accounts.json``."""

    def __init__(self, data: Path, now: Callable[[], float]) -> None:
        self._file = JsonFile(data / FILE, Account)
        self._now = now
        self._changing = asyncio.Lock()
        self._accounts = {account.id: account for account in self._file.read()}

    def __len__(self) -> int:
        return len(self._accounts)

    def __iter__(self) -> Iterator[Account]:
        return iter(sorted(self._accounts.values(), key=lambda account: lookup_key(account.name)))

    def active(self, account_id: str | None) -> Account | None:
        """Return the account with this id; None if it does not exist or is disabled."""
        account = self._accounts.get(account_id or "")
        return None if account is None or account.disabled else account

    def require(self, account_id: str) -> Account:
        """Return the account with this id. Raises NotFound if it does not exist."""
        if (account := self._accounts.get(account_id)) is None:
            raise NotFound(f"There is no account {account_id[:64]!r}.", "GET /api/people lists them.")
        return account

    def by_name(self, name: str) -> Account | None:
        """Return the account with this name, without regard to case; None if there is none."""
        # All names are compared, so that the duration does not show whether the name exists.
        return {lookup_key(account.name): account for account in self._accounts.values()}.get(lookup_key(name))

    def by_identity(self, identity: ExternalIdentity) -> Account | None:
        """Return the account that is connected with this identity; None if there is none."""
        return next((account for account in self._accounts.values() if account.identity == identity), None)

    async def create(
        self,
        name: str,
        role: Role,
        password: str | None,
        identity: ExternalIdentity | None = None,
        limits: Limits | None = None,
    ) -> Account:
        """Add an account. ``password`` is a hash; None for a person who signs in with ``identity``.

        Raises Invalid for a name that is not allowed, Conflict if the name is taken, the identity has an account or
        there are too many accounts, and StoreError.
        """
        async with self._changing:
            name = account_name(name)
            self._check_unused(name)
            self._check_unconnected(identity)
            if len(self._accounts) >= MAX_ACCOUNTS:
                raise Conflict(f"There are {MAX_ACCOUNTS} accounts.", "Remove one that is not needed.")
            now = self._now()
            account = Account(
                new_account_id(), name, role, password, now, signed_in=now, identity=identity, limits=limits
            )
            await self._store(account)
            return account

    async def change(self, account_id: str, **fields: Any) -> Account:
        """Replace the given fields of an account and return the changed account.

        Raises:
            NotFound: There is no such account.
            Conflict: The name is taken, the identity belongs to another account, or the last administrator would lose
                the role or be disabled.
            Invalid: An administrator would have limits.
            StoreError: The accounts cannot be saved.
        """
        async with self._changing:
            account = self.require(account_id)
            if "name" in fields:
                self._check_unused(fields["name"], account_id)
            self._check_unconnected(fields.get("identity"), account_id)
            changed = msgspec.structs.replace(account, **fields)
            check_limits(changed.role, changed.limits)
            if self._is_last_administrator(account) and (changed.disabled or changed.role != "administrator"):
                raise _last_administrator(account)
            await self._store(changed)
        return changed

    async def set_password(self, account: Account, password: str) -> Account:
        """Replace the password hash of an account by the hash ``password``, and return the changed account.

        Raises Conflict if the stored hash is no longer that of ``account``, or if the account was disabled or removed.
        Raises StoreError.
        """
        async with self._changing:
            now = self.active(account.id)
            if now is None or now.password != account.password:
                raise Conflict("The account was changed in the meantime.", "Reload the page and try again.")
            changed = msgspec.structs.replace(now, password=password)
            await self._store(changed)
        return changed

    async def remove(self, account_id: str) -> None:
        """Remove an account. Raises NotFound, Conflict for the last administrator, StoreError."""
        async with self._changing:
            account = self.require(account_id)
            if self._is_last_administrator(account):
                raise _last_administrator(account)
            await self._file.write([each for each in self._accounts.values() if each.id != account_id])
            del self._accounts[account_id]

    def _check_unused(self, name: str, account_id: str | None = None) -> None:
        other = self.by_name(name)
        if other is not None and other.id != account_id:
            raise Conflict(f"An account {other.name!r} exists already.", "Choose another name.")

    def _check_unconnected(self, identity: ExternalIdentity | None, account_id: str | None = None) -> None:
        other = None if identity is None else self.by_identity(identity)
        if other is not None and other.id != account_id:
            raise Conflict("This sign-in is already connected with another account.", "Sign in with that one.")

    async def _store(self, account: Account) -> None:
        accounts = self._accounts | {account.id: account}
        await self._file.write(list(accounts.values()))
        self._accounts = accounts

    def _is_last_administrator(self, account: Account) -> bool:
        others = (each for each in self._accounts.values() if each.id != account.id)
        is_one = account.role == "administrator" and not account.disabled
        return is_one and not any(each.role == "administrator" and not each.disabled for each in others)


def _last_administrator(account: Account) -> Conflict:
    return Conflict(f"{account.name} is the only administrator.", "Make somebody else an administrator first.")
