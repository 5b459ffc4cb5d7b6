"""Operations on a person's account, sessions, API tokens, passkeys and one-time links together."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from hub.accounts.account import Account, Role, account_name, check_limits
from hub.accounts.accounts import Accounts
from hub.accounts.api_tokens import ApiTokens
from hub.accounts.links import OneTimeLink, OneTimeLinks
from hub.accounts.passkey_ceremonies import PasskeyCeremonies
from hub.accounts.passkeys import Passkey, Passkeys
from hub.accounts.passwords import Passwords
from hub.accounts.profile import check_time_zone
from hub.accounts.scope import Limits
from hub.accounts.sessions import SessionStore
from hub.errors import Conflict, Forbidden, HubError, NotFound, StoreError


class People:
    """The accounts of one hub, with their sessions, passkeys, API tokens and one-time links.

    Attributes:
        on_end: Called with the key of a session that has ended, or the id of an API token that was revoked. The API
            sets this function, which closes the event streams of that session or token.
        issuer: Issuer of the OpenID provider, None without a provider.
    """

    def __init__(self, data: Path, token: str | None, now: Callable[[], float] = time.time) -> None:
        self.on_end: Callable[[str], None] = lambda key: None
        self.issuer: str | None = None
        self._now = now
        self._passwords = Passwords()
        self.accounts = Accounts(data, now)
        self.sessions = SessionStore(data / "sessions.json", token, now, lambda key: self.on_end(key))
        self.tokens = ApiTokens(data, now, lambda key: self.on_end(key))
        self.links = OneTimeLinks(data, now)
        self.passkeys = Passkeys(data, now)
        self.ceremonies = PasskeyCeremonies(self.passkeys, now)

    async def check_password(self, name: str, password: str, client: str) -> Account | None:
        """Return the account with this name if the password is right and the account is not disabled, else None.

        Raises TooBusy.
        """
        account = self.accounts.by_name(name)
        usable = account is not None and not account.disabled
        stored = account.password if account and usable else None
        matches = await self._passwords.matches(stored, password, client)
        # During the check, the account may have been disabled or may have got another password.
        account = self.accounts.active(account.id) if account and matches else None
        return account if account is not None and account.password == stored else None

    async def invite(
        self,
        role: Role,
        by: str,
        maker: str | None = None,
        email: str | None = None,
        limits: Limits | None = None,
    ) -> tuple[OneTimeLink, str]:
        """Create a one-time link for a new account. Return the link and its secret.

        Raises Conflict if there is no account yet and ``role`` is not administrator, Invalid for limits of an
        administrator, and StoreError.
        """
        check_limits(role, limits)
        if not self.accounts and role != "administrator":
            raise Conflict("The first account must be an administrator.", "Invite an administrator first.")
        return await self.links.create(role, by=by, maker=maker, email=email, limits=limits)

    async def take_invitation(self, email: str) -> OneTimeLink | None:
        """Remove the invitation for this verified e-mail address and return it, None if there is none."""
        links = await asyncio.to_thread(self.open_links)
        found = next((link for link in links if link.account is None and link.email == email), None)
        return None if found is None else await self.links.remove(found.id)

    def open_links(self) -> list[OneTimeLink]:
        """Return the one-time links that can still be used. Raises ConfigError if the file of links is damaged."""
        return [link for link in self.links.valid() if self._usable(link)]

    def find_link(self, secret: str) -> OneTimeLink:
        """Return the one-time link with this secret. Raises Forbidden if there is none or it can no longer be used."""
        link = self.links.find(secret)
        if not self._usable(link):
            raise Forbidden(
                "This link is no longer valid: its account or its creator was disabled, removed or given another role.",
                "Ask an administrator for another one.",
            )
        return link

    def _usable(self, link: OneTimeLink) -> bool:
        maker = self.accounts.active(link.maker)
        made_by_administrator = link.maker is None or (maker is not None and maker.role == "administrator")
        return made_by_administrator and (link.account is None or self.accounts.active(link.account) is not None)

    async def accept(self, secret: str, name: str, password: str, client: str) -> Account:
        """Use a one-time link, and return its account.

        For a new person, create the account. For an existing account, set the new password and end its sessions. The
        link is removed first, so that two requests at the same time cannot both use it, and restored if the rest fails.
        Raises Forbidden for an invalid link, Invalid, Conflict if the name is taken, TooBusy, and StoreError.
        """
        link = await asyncio.to_thread(self.find_link, secret)
        before = None if link.account is None else self.accounts.require(link.account)
        hashed = await self._passwords.hashed(password, client)
        await self.links.take(secret)
        try:
            if not self._usable(link):
                raise Forbidden("This link is no longer valid.", "Ask an administrator for another one.")
            if before is None:
                account = await self.accounts.create(name, link.role, hashed, limits=link.limits)
            else:
                account = await self.accounts.set_password(before, hashed)
        except HubError:
            with contextlib.suppress(HubError):
                await self.links.restore(link)
            raise
        if before is not None:
            await self.sessions.end_all(account.id)
        return account

    async def change_password(
        self, account: Account, current: str, password: str, *, keep: str | None, client: str
    ) -> bool:
        """Change a person's own password and end all sessions of the person except the one with the key ``keep``.

        Return False if ``current`` is not the password. Raises Invalid for a password that is not allowed, Conflict if
        the account was changed in the meantime, TooBusy, and StoreError.
        """
        if not await self._passwords.matches(account.password, current, client):
            return False
        hashed = await self._passwords.hashed(password, client)
        await self.accounts.set_password(account, hashed)
        await self.sessions.end_all(account.id, keep=keep)
        return True

    async def signed_in(self, account: Account) -> None:
        """Store the time of a sign-in. If that fails, ignore the error, so that the person can sign in anyway."""
        with contextlib.suppress(StoreError, NotFound):
            await self.accounts.change(account.id, signed_in=self._now())

    async def edit_own(
        self, account: Account, *, name: str | None = None, profile: Mapping[str, Any] | None = None
    ) -> Account:
        """Change the name and the profile of a person's own account.

        A ``name`` that is None stays unchanged, and so do fields that ``profile`` does not contain. Raises Invalid,
        Conflict if another account has the name, and StoreError.
        """
        profile = profile or {}
        check_time_zone(profile.get("time_zone"))
        changed = msgspec.structs.replace(account.profile, **profile)
        named = {} if name is None else {"name": account_name(name)}
        return await self.accounts.change(account.id, profile=changed, **named)

    async def remove_passkey(self, account: Account, passkey_id: str) -> Passkey:
        """Remove a passkey of a person and return it.

        Raises NotFound, Conflict if the passkey is the person's only way to sign in, and StoreError.
        """
        connected = account.identity is not None and account.identity.issuer == self.issuer
        if account.password is None and not connected and len(self.passkeys.of_account(account.id)) == 1:
            raise Conflict("This passkey is the only way to sign in to this account.", "Add another passkey first.")
        return await self.passkeys.remove(account.id, passkey_id)

    async def edit(
        self,
        account_id: str,
        *,
        role: Role | None = None,
        disabled: bool | None = None,
        limits: Limits | msgspec.UnsetType | None = msgspec.UNSET,
    ) -> Account:
        """Change the role and the limits of an account, and disable or enable it. If one change fails, change nothing.

        ``role`` and ``disabled`` stay unchanged if they are None, ``limits`` if they are UNSET. A person who becomes
        administrator loses the limits. The changes apply from the next request on. Disabling an account ends its
        sessions and revokes its API tokens.
        """
        if disabled is False:
            # The tokens may not have been revoked when the account was disabled.
            await self.tokens.revoke_all(account_id)
        wanted = {"role": role, "disabled": disabled}
        edits: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
        if role == "administrator" and limits is msgspec.UNSET:
            limits = None
        edits |= {} if limits is msgspec.UNSET else {"limits": limits}
        account = await self.accounts.change(account_id, **edits) if edits else self.accounts.require(account_id)
        if disabled:
            await self.sessions.end_all(account_id)
            await self.tokens.revoke_all(account_id)
        return account

    async def remove(self, account_id: str) -> None:
        """Remove an account with its sessions, API tokens and passkeys."""
        await self.accounts.remove(account_id)
        await self.passkeys.remove_all(account_id)
        await self.sessions.end_all(account_id)
        await self.tokens.revoke_all(account_id)
