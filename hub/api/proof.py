"""How a request was authenticated."""

from __future__ import annotations

from typing import Literal, NamedTuple

from hub.accounts import Account, Role, Session
from hub.accounts.requester import Requester
from hub.accounts.scope import Limits
from hub.model import Actor

NOBODY = "operator"
"""Author of changes at a hub without accounts, or with the access token."""


class Proof(NamedTuple):
    """How a request was authenticated.

    Attributes:
        kind: ``open``: the hub requires no authentication.
        role: Role that decides what the request may do.
        account: The person; None in an open hub and with the access token.
        session: The session of a cookie.
        key: Key of the session or id of the token; streams are closed when it ends. None without one.
        limits: Limits of the API token; the account may have other limits.
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
        """Return who makes this request, as the owner of personal objects such as dashboards."""
        return Requester(self.account.id if self.account else None, self.role)

    @property
    def language(self) -> str:
        """Return the language that the person has chosen, English without a choice."""
        return (self.account.profile.language if self.account else None) or "en"

    @property
    def actor(self) -> Actor:
        """Return who makes this request, for the audit log."""
        return Actor(self.by, self.account.id if self.account else None, self.token)
