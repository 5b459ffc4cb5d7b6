"""How a request was authenticated."""

from __future__ import annotations

from typing import Literal, NamedTuple

from hub.accounts import Account, Role, Session
from hub.accounts.requester import Requester
from hub.accounts.scope import Limits
from hub.model import Actor
from hub.notifications.locales import HUB_LOCALE, MessageLocale, locale_of

NOBODY = "operator"
"""Author of changes that are made without an account: at a hub without accounts, or with the access token."""


class Proof(NamedTuple):
    """How a request was authenticated.

    Attributes:
        kind: ``bearer``, ``cookie``, or ``open`` if the hub requires no authentication.
        role: Role that decides what the request may do.
        account: The person's account; None in an open hub and with the access token.
        session: The session of the request's cookie, None without a cookie.
        key: Key of the session or id of the token; when that ends, the streams with this key are closed.
        limits: Limits of the API token. The limits of the account apply as well.
        token: Name of the person's API token, None without one.
    """

    kind: Literal["open", "bearer", "cookie"]
    role: Role = "administrator"
    account: Account | None = None
    session: Session | None = None
    key: str | None = None
    limits: Limits | None = None
    token: str | None = None

    @property
    def by(self) -> str:
        """Return the author of a change that this request makes."""
        return self.account.name if self.account else NOBODY

    @property
    def requester(self) -> Requester:
        """Return who makes this request. It decides which personal objects, such as dashboards, the request may use."""
        return Requester(self.account.id if self.account else None, self.role)

    @property
    def locale(self) -> MessageLocale:
        """Return the language and the units of the person's profile; those of the hub without a profile."""
        return HUB_LOCALE if self.account is None else locale_of(self.account.profile)

    @property
    def language(self) -> str:
        """Return the language of the person's profile; English if none is set."""
        return (self.account.profile.language if self.account else None) or "en"

    @property
    def actor(self) -> Actor:
        """Return who makes this request, for the audit log."""
        return Actor(self.by, self.account.id if self.account else None, self.token)
