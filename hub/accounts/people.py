"""Everything that decides who somebody is: accounts, sessions, API tokens and one-time links."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from hub.accounts.account import Account, Role
from hub.accounts.accounts import Accounts
from hub.accounts.api_tokens import ApiTokens
from hub.accounts.links import OneTimeLink, OneTimeLinks
from hub.accounts.passwords import Passwords
from hub.accounts.sessions import SessionStore
from hub.errors import Conflict, Forbidden, StoreError


class People:
    """The people of one hub.

    Attributes:
        on_end: Called with the key of a session or the id of an API token that has ended; set by the API, which closes
            their streams.
    """

    def __init__(self, data: Path, token: str | None, now: Callable[[], float] = time.time) -> None:
        self.on_end: Callable[[str], None] = lambda key: None
        self._now = now
        self._passwords = Passwords()
        self.accounts = Accounts(data, now)
        self.sessions = SessionStore(data / "sessions.json", token, now, lambda key: self.on_end(key))
        self.tokens = ApiTokens(data, now, lambda key: self.on_end(key))
        self.links = OneTimeLinks(data, now)

    async def check_password(self, name: str, password: str) -> Account | None:
        """Return the account that may sign in with this name and password."""
        account = self.accounts.by_name(name)
        usable = account is not None and not account.disabled
        matches = await self._passwords.matches(account.password if account and usable else None, password)
        return account if matches else None

    async def invite(self, role: Role, by: str) -> tuple[OneTimeLink, str]:
        """Return a one-time link for a new account, and its secret. Raises Conflict before the first administrator."""
        if not self.accounts and role != "administrator":
            raise Conflict("The first account must be an administrator's.", "Invite an administrator first.")
        return await self.links.create(role, by=by)

    async def accept(self, secret: str, name: str, password: str) -> Account:
        """Use a link: make its account, or give its account a new password and end what was signed in with the old one.

        Raises Forbidden for an invalid link, Invalid, Conflict if the name is taken, StoreError.
        """
        link = await asyncio.to_thread(self.links.find, secret)
        hashed = await self._passwords.hashed(password)
        if link.account is None:
            account = await self.accounts.create(name, link.role, hashed)
        elif self.accounts.active(link.account) is None:
            raise Forbidden("The account of this link was disabled or removed.", "Ask an administrator.")
        else:
            account = await self.accounts.change(link.account, password=hashed)
            await self.sessions.end_of(account.id)
        await self.links.remove(link.id)
        return account

    async def change_password(self, account: Account, current: str, password: str, keep: str | None) -> None:
        """Change a person's own password and end the other sessions than ``keep``. Raises Forbidden, Invalid."""
        if not await self._passwords.matches(account.password, current):
            raise Forbidden("The current password is wrong.", "Somebody who forgot it can ask for a link.")
        hashed = await self._passwords.hashed(password)
        await self.accounts.change(account.id, password=hashed)
        await self.sessions.end_of(account.id, but=keep)

    async def signed_in(self, account: Account) -> None:
        """Store that a person has signed in now. A failure is not worth refusing the sign-in."""
        with contextlib.suppress(StoreError):
            await self.accounts.change(account.id, signed_in=self._now())

    async def rename(self, account_id: str, name: str) -> Account:
        """Change the name of an account. Raises Conflict if another has it."""
        other = self.accounts.by_name(name)
        if other is not None and other.id != account_id:
            raise Conflict(f"There is an account {name!r} already.", "Choose another name.")
        return await self.accounts.change(account_id, name=name)

    async def change_role(self, account_id: str, role: Role) -> Account:
        """Change the role of an account; it counts from the next request on."""
        return await self.accounts.change(account_id, role=role)

    async def disable(self, account_id: str, disabled: bool) -> Account:
        """Disable an account, which ends all that was signed in with it, or enable it again."""
        account = await self.accounts.change(account_id, disabled=disabled)
        if disabled:
            await self.sessions.end_of(account_id)
            await self.tokens.revoke_all(account_id)
        return account

    async def remove(self, account_id: str) -> None:
        """Remove an account and all that was signed in with it."""
        await self.accounts.remove(account_id)
        await self.sessions.end_of(account_id)
        await self.tokens.revoke_all(account_id)
