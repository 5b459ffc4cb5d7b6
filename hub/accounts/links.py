"""One-time links: to set up the first account, to accept an invitation, to set a new password.

A link contains 256 random bits; only their SHA-256 is stored, in ``links.json`` of the data folder. ``hub link`` writes
the same file while the hub runs, so it is read each time that it is needed.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec

from hub.accounts.account import Role
from hub.accounts.json_file import JsonFile
from hub.errors import Forbidden

FILE = "links.json"
PATH = "/welcome"
"""The dashboard's page that accepts a link. Its secret is in the fragment, which no server and no log sees."""
LIFETIME_S = 7 * 86_400.0
MAX_LINKS = 200


class OneTimeLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A link that was not used yet.

    Attributes:
        id: Names it in lists.
        digest: SHA-256 of its secret.
        role: The role of the account that it makes.
        account: Id of the account for which it sets a new password, None for a new account.
        expires: Epoch seconds.
        by: Who made it.
    """

    id: str
    digest: str
    role: Role
    expires: float
    account: str | None = None
    by: str = ""


class OneTimeLinks:
    """All links of the data folder."""

    def __init__(self, data: Path, now: Callable[[], float] = time.time) -> None:
        self._file = JsonFile(data / FILE, OneTimeLink)
        self._now = now

    def valid(self) -> list[OneTimeLink]:
        """Return the links that can still be used. Raises ConfigError if the file is damaged."""
        return [link for link in self._file.read() if link.expires > self._now()]

    async def create(self, role: Role, *, by: str, account: str | None = None) -> tuple[OneTimeLink, str]:
        """Make a link and return it with its secret. One for the same account replaces the one before."""
        secret = secrets.token_urlsafe(32)
        link = OneTimeLink(secrets.token_hex(4), _digest(secret), role, self._now() + LIFETIME_S, account, by)
        kept = [each for each in self.valid() if account is None or each.account != account]
        await self._file.write([*kept[-(MAX_LINKS - 1) :], link])
        return link, secret

    def find(self, secret: str) -> OneTimeLink:
        """Return the link with this secret. Raises Forbidden if there is none."""
        digest = _digest(secret)
        for link in self.valid():
            if secrets.compare_digest(link.digest, digest):
                return link
        raise Forbidden("This link was used, has expired or is not valid.", "Ask for another one.")

    async def remove(self, link_id: str) -> None:
        """Make a link invalid."""
        await self._file.write([link for link in self.valid() if link.id != link_id])


def url(origin: str, secret: str) -> str:
    """Return the address to open, at a hub with this origin."""
    return f"{origin}{PATH}#{secret}"


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "replace")).hexdigest()
