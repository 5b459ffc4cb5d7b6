"""One-time links: to create the first account, to accept an invitation, or to set a new password.

A link contains a secret of 256 random bits; only its SHA-256 is stored, in ``links.json`` of the data folder. The
command ``hub link`` changes this file while the hub runs. So the file is read at each use, and changed under a lock.
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
from hub.accounts.scope import Limits
from hub.errors import Forbidden

FILE = "links.json"
PATH = "/welcome"
"""Path of the dashboard's page that a link opens.

The link's secret is in the fragment of the URL. Browsers do not send fragments to servers, so it appears in no log.
"""
LIFETIME_S = 7 * 86_400.0
MAX_LINKS = 200


class OneTimeLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An unused link.

    Attributes:
        id: Identifies the link in lists.
        digest: SHA-256 of its secret.
        role: Role of the new account.
        account: Id of the account for which the link sets a new password; None if the link creates an account.
        expires: Epoch seconds.
        by: Name of the person who made the link.
        maker: Id of the account that made the link; None for ``hub link`` and the access token. A link is valid only
            while its maker is an administrator.
        email: E-mail address of the invited person. Somebody who signs in with OpenID Connect and has this verified
            address gets the account without opening the link.
        limits: Limits of the new account.
    """

    id: str
    digest: str
    role: Role
    expires: float
    account: str | None = None
    by: str = ""
    maker: str | None = None
    email: str | None = None
    limits: Limits | None = None


class OneTimeLinks:
    """The one-time links of one hub. Each call reads ``links.json`` again, because ``hub link`` also changes it."""

    def __init__(self, data: Path, now: Callable[[], float] = time.time) -> None:
        self._file = JsonFile(data / FILE, OneTimeLink)
        self._now = now

    def valid(self) -> list[OneTimeLink]:
        """Return the links that can still be used. Raises ConfigError if the file is damaged."""
        return self._unexpired(self._file.read())

    async def create(
        self,
        role: Role,
        *,
        by: str,
        account: str | None = None,
        maker: str | None = None,
        email: str | None = None,
        limits: Limits | None = None,
    ) -> tuple[OneTimeLink, str]:
        """Make a one-time link, and return it with its secret. An earlier link for the same account becomes invalid.

        Args:
            role: The role of the new account.
            by: The name of the person who makes the link.
            account: The id of the account that gets a new password; None for a new account.
            maker: The id of the account that makes the link; None for ``hub link`` and the access token.
            email: The e-mail address of the invited person (see :class:`OneTimeLink`).
            limits: The limits of the new account.
        """
        secret = secrets.token_urlsafe(32)
        expires = self._now() + LIFETIME_S
        link = OneTimeLink(secrets.token_hex(4), _digest(secret), role, expires, account, by, maker, email, limits)
        await self.restore(link)
        return link, secret

    async def restore(self, link: OneTimeLink) -> None:
        """Store a link that is new, or that was removed with :meth:`take` and then could not be used.

        It replaces an earlier link for the same account.
        """

        def add(links: list[OneTimeLink]) -> list[OneTimeLink]:
            kept = [each for each in self._unexpired(links) if link.account is None or each.account != link.account]
            return [*kept[-(MAX_LINKS - 1) :], link]

        await self._file.edit(add)

    def find(self, secret: str) -> OneTimeLink:
        """Return the link with this secret. Raises Forbidden if there is none or it has expired."""
        return _find(self.valid(), secret)

    async def take(self, secret: str) -> OneTimeLink:
        """Remove the link with this secret and return it, so that nobody can use it again.

        Raises Forbidden if there is none or it has expired, and StoreError.
        """
        taken: list[OneTimeLink] = []

        def remove(links: list[OneTimeLink]) -> list[OneTimeLink]:
            links = self._unexpired(links)
            taken.append(_find(links, secret))
            return [link for link in links if link is not taken[0]]

        await self._file.edit(remove)
        return taken[0]

    async def remove(self, link_id: str) -> OneTimeLink | None:
        """Remove the link with this id and return it; None if there is none or it had expired."""
        removed: list[OneTimeLink] = []

        def remove(links: list[OneTimeLink]) -> list[OneTimeLink]:
            removed.extend(link for link in self._unexpired(links) if link.id == link_id)
            return [link for link in links if link.id != link_id]

        await self._file.edit(remove)
        return removed[0] if removed else None

    async def clear(self) -> None:
        """Remove all links."""
        await self._file.write([])

    def _unexpired(self, links: list[OneTimeLink]) -> list[OneTimeLink]:
        return [link for link in links if link.expires > self._now()]


def _find(links: list[OneTimeLink], secret: str) -> OneTimeLink:
    digest = _digest(secret)
    for link in links:
        if secrets.compare_digest(link.digest, digest):
            return link
    raise Forbidden("This link was used, has expired or is not valid.", "Ask for another one.")


def url(origin: str, secret: str) -> str:
    """Return the URL of a link with this secret. ``origin`` is the hub's, such as ``https://hub.example``."""
    return f"{origin}{PATH}#{secret}"


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "replace")).hexdigest()
