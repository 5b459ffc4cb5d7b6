"""Hash passwords with Argon2id (RFC 9106), check them, and refuse the most common ones (NIST SP 800-63B, 5.1.1.2)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from hub.errors import Invalid, TooBusy

MIN_CHARS = 8
MAX_CHARS = 256
MOST_COMMON = 3_000
"""Number of passwords that are refused: the most frequent ones in public leaks."""
_CONCURRENT = 2
"""Number of hashes that are calculated at the same time. Each takes 64 MiB, so this limits the memory of sign-ins."""
WAITING_PER_CLIENT = 16
"""Maximum number of simultaneous sign-ins of one client. Further ones are refused."""


class Passwords:
    """Hashes and checks passwords in threads. A check takes the same time whether or not the account exists.

    The parameter ``client`` is a string that identifies the client, such as its address. The passwords of one client
    are hashed one after another, so a client that sends many passwords does not delay the sign-ins of other clients.
    """

    hasher = PasswordHasher()
    """Argon2id with the parameters that RFC 9106 recommends for environments with little memory."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(_CONCURRENT)
        self._clients: dict[str, asyncio.Lock] = {}
        self._waiting: Counter[str] = Counter()
        self._decoy: str | None = None

    async def hashed(self, password: str, client: str) -> str:
        """Return the hash to store for a new password.

        Raises Invalid for a password that is too short, too long or too common, and TooBusy.
        """
        if not MIN_CHARS <= len(password) <= MAX_CHARS:
            raise Invalid(f"The password has {len(password)} characters.", f"Allowed: {MIN_CHARS} to {MAX_CHARS}.")
        async with self._turn(client):
            if password.lower() in await asyncio.to_thread(_common_passwords):
                raise Invalid("This password is one of the most common ones.", "Choose one that is hard to guess.")
            return await asyncio.to_thread(self.hasher.hash, password)

    async def matches(self, stored: str | None, password: str, client: str) -> bool:
        """Return whether ``password`` matches the hash ``stored``.

        If ``stored`` is None, return False, but only after the time that a check takes. Raises TooBusy.
        """
        async with self._turn(client):
            return await asyncio.to_thread(self._verify, stored, password[: MAX_CHARS + 1])

    @asynccontextmanager
    async def _turn(self, client: str) -> AsyncIterator[None]:
        if self._waiting[client] >= WAITING_PER_CLIENT:
            raise TooBusy("Too many sign-ins from this address are in progress.", "Try again in a moment.", after_s=5)
        self._waiting[client] += 1
        try:
            async with self._clients.setdefault(client, asyncio.Lock()), self._slots:
                yield
        finally:
            self._waiting[client] -= 1
            if not self._waiting[client]:
                del self._waiting[client], self._clients[client]

    def _verify(self, stored: str | None, password: str) -> bool:
        # Created also if there is a stored hash, so that the first check takes the same time for every name.
        self._decoy = self._decoy or self.hasher.hash("no account has this password")
        try:
            self.hasher.verify(stored or self._decoy, password)
        except (Argon2Error, InvalidHashError):
            return False
        return stored is not None


@cache
def _common_passwords() -> frozenset[str]:
    # Imported here because it takes 0.2 s and some megabytes, and is needed only when a password is set.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"][:MOST_COMMON])
