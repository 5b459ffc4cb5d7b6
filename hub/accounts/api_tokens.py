"""Personal API tokens, in ``api-tokens.json`` of the data folder. Only the SHA-256 of a token is stored."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec

from hub.accounts.account import Role, check_limits
from hub.accounts.json_file import JsonFile
from hub.accounts.scope import Limits
from hub.errors import Conflict, NotFound

FILE = "api-tokens.json"
PREFIX = "wk_"
"""Prefix of every token, by which secret scanners can recognize it."""
MAX_TOKENS = 20
"""Maximum number of tokens of one account."""
MAX_LIFETIME_S = 366 * 86_400.0


class ApiToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token of a person.

    Attributes:
        id: Identifies the token in lists.
        account: Id of the account.
        name: What the person calls it.
        digest: SHA-256 of the token.
        role: The highest role that requests with the token can have. They never have more rights than the account.
        created: Epoch seconds.
        expires: Epoch seconds.
        limits: Areas and labels of the devices that requests with the token may see; None: the account's own limits,
            which always apply as well.
    """

    id: str
    account: str
    name: str
    digest: str
    role: Role
    created: float
    expires: float
    limits: Limits | None = None


class ApiTokens:
    """All API tokens. The hub calls ``on_end`` with the id of each token that is revoked, but not when one expires."""

    def __init__(self, data: Path, now: Callable[[], float], on_end: Callable[[str], None]) -> None:
        self._file = JsonFile(data / FILE, ApiToken)
        self._now = now
        self._on_end = on_end
        self._changing = asyncio.Lock()
        self._tokens = {token.digest: token for token in self._file.read()}

    def of_account(self, account_id: str) -> list[ApiToken]:
        """Return the tokens of a person, including expired ones, newest first."""
        own = (token for token in self._tokens.values() if token.account == account_id)
        return sorted(own, key=lambda token: -token.created)

    def find(self, value: str) -> ApiToken | None:
        """Return the token with this value; None if there is no such token or it has expired."""
        token = self._tokens.get(_digest(value)) if value.startswith(PREFIX) else None
        return token if token is not None and token.expires > self._now() else None

    def valid(self, token_id: str) -> bool:
        """Return whether the token with this id exists and has not expired."""
        return any(token.id == token_id and token.expires > self._now() for token in self._tokens.values())

    def remaining_s(self, token_id: str) -> float | None:
        """Return the seconds until the token with this id expires; None if there is no such token.

        The number is negative for a token that has expired but is still stored.
        """
        expires = (token.expires - self._now() for token in self._tokens.values() if token.id == token_id)
        return next(expires, None)

    async def create(
        self, account_id: str, name: str, role: Role, lifetime_s: float, limits: Limits | None = None
    ) -> tuple[ApiToken, str]:
        """Create a token. Return it and its value, which is not stored and cannot be read again.

        Raises Invalid for limits of an administrator, Conflict if the account has too many tokens, and StoreError.
        """
        check_limits(role, limits)
        async with self._changing:
            if len(self.of_account(account_id)) >= MAX_TOKENS:
                raise Conflict(f"This account has {MAX_TOKENS} tokens.", "Revoke one that is not needed.")
            value = PREFIX + secrets.token_urlsafe(32)
            now = self._now()
            expires = now + lifetime_s
            token = ApiToken(secrets.token_hex(4), account_id, name, _digest(value), role, now, expires, limits)
            await self._store([*self._tokens.values(), token])
            return token, value

    async def revoke(self, account_id: str, token_id: str) -> None:
        """Make a token of this person invalid. Raises NotFound, StoreError."""
        async with self._changing:
            if all(token.id != token_id for token in self.of_account(account_id)):
                raise NotFound(f"There is no token {token_id[:64]!r}.", "GET /api/account/tokens lists them.")
            await self._store([token for token in self._tokens.values() if token.id != token_id])
        self._on_end(token_id)

    async def revoke_all(self, account_id: str) -> None:
        """Make all tokens of a person invalid and close their streams.

        Raises StoreError if the file cannot be written. The streams are closed in that case as well.
        """
        ended = self.of_account(account_id)
        try:
            async with self._changing:
                if ended:
                    await self._store([token for token in self._tokens.values() if token.account != account_id])
        finally:
            for token in ended:
                self._on_end(token.id)

    async def _store(self, tokens: list[ApiToken]) -> None:
        await self._file.write(tokens)
        self._tokens = {token.digest: token for token in tokens}


def _digest(value: str) -> str:
    return sha256(value.encode("utf-8", "replace")).hexdigest()
