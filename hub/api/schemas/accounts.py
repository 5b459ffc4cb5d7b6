"""Accounts, sessions and API tokens as the API returns them. Times are epoch milliseconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from hub.accounts import Account, Role, Session
from hub.accounts.api_tokens import ApiToken
from hub.accounts.links import OneTimeLink
from hub.accounts.passkeys import Passkey
from hub.accounts.profile import Language, UnitSystem
from hub.accounts.scope import Limits
from hub.api.schemas.api_object import ApiObject
from hub.api.schemas.models import SpentShape


class ProfileShape(ApiObject):
    """A person's preferences, which apply in all browsers of that person.

    Null lets the browser decide. `units` is the system of units for all quantities except those in `units_of`, which
    maps a quantity to a system of units of its own. `home_order` are ids of devices that come first in their area on
    the Home page. `home_hidden` are ids of devices that the Home page does not show.
    """

    language: Language | None
    units: UnitSystem | None
    units_of: Mapping[str, UnitSystem]
    time_zone: str | None
    home_order: list[str]
    home_hidden: list[str]


class LimitsShape(ApiObject):
    """Devices that may be seen: those in these areas (ids) or areas inside them, and those with one of these labels."""

    areas: list[str]
    labels: list[str]

    @classmethod
    def from_record(cls, limits: Limits | None) -> Self | None:
        """Return ``limits`` as an object of the API; None stays None and permits the whole hub."""
        return None if limits is None else cls(list(limits.areas), list(limits.labels))


class AccountShape(ApiObject):
    """The account of a person. `signed_in_at` is null before the first sign-in; `limits` is null for the whole hub.

    `has_password` is true if the person can sign in with a password. `connected` is true if the person can sign in with
    the OpenID provider.
    """

    id: str
    name: str
    role: Role
    disabled: bool
    created_at: int
    signed_in_at: int | None
    has_password: bool
    connected: bool
    profile: ProfileShape
    limits: LimitsShape | None

    @classmethod
    def from_record(cls, account: Account) -> Self:
        """Return the account without its password."""
        return cls.of(
            account,
            created_at=_ms(account.created),
            signed_in_at=None if account.signed_in is None else _ms(account.signed_in),
            has_password=account.password is not None,
            connected=account.identity is not None,
            profile=ProfileShape.of(account.profile),
            limits=LimitsShape.from_record(account.limits),
        )


class SignInShape(ApiObject):
    """The sign-in state of this request, and the ways to sign in.

    `auth` is `open` if the hub requires no authentication. `accounts`, `passkeys` and `token` are the ways to
    sign in, and `openid` is the name of the OpenID provider, null without one.
    `account` is null in an open hub and with the access token. `role` is null for a request that is
    not signed in.
    """

    auth: Literal["open", "token"]
    authenticated: bool
    accounts: bool
    passkeys: bool
    openid: str | None
    token: bool
    role: Role | None
    account: AccountShape | None


class LinkShape(ApiObject):
    """The purpose of a one-time link. `account` is the account whose password it sets, null for a new account."""

    role: Role
    account: str | None
    expires_at: int


class SessionShape(ApiObject):
    """A browser that is signed in. `current` is true for the browser that sent this request."""

    id: str
    address: str
    agent: str
    created_at: int
    used_at: int
    current: bool

    @classmethod
    def from_record(cls, session: Session, current: Session | None) -> Self:
        """Return ``session`` as an object of the API. ``current`` is the session of this request.

        The id is the beginning of the hash of the session's key. The hash is not a secret.
        """
        return cls(
            id=session.key[:16],
            address=session.address,
            agent=session.agent,
            created_at=_ms(session.created),
            used_at=_ms(session.used),
            current=current is not None and current.key == session.key,
        )


class TokenShape(ApiObject):
    """A personal API token, without its value."""

    id: str
    name: str
    role: Role
    created_at: int
    expires_at: int
    limits: LimitsShape | None

    @classmethod
    def from_record(cls, token: ApiToken) -> Self:
        """Return ``token`` as an object of the API."""
        limits = LimitsShape.from_record(token.limits)
        return cls.of(token, created_at=_ms(token.created), expires_at=_ms(token.expires), limits=limits)


class PasskeyShape(ApiObject):
    """A passkey. It works only if the hub is opened under the host name `host`."""

    id: str
    name: str
    host: str
    created_at: int
    used_at: int | None

    @classmethod
    def from_record(cls, passkey: Passkey) -> Self:
        """Return a passkey without its key."""
        used = None if passkey.used is None else _ms(passkey.used)
        return cls.of(passkey, created_at=_ms(passkey.created), used_at=used)


class InvitationShape(ApiObject):
    """A one-time link that was not used yet. `account` is null if the link creates a new account.

    With an `email`, a person whose OpenID provider verified that address may use the link by signing in.
    """

    id: str
    role: Role
    account: str | None
    by: str
    email: str | None
    expires_at: int
    limits: LimitsShape | None

    @classmethod
    def from_record(cls, link: OneTimeLink) -> Self:
        """Return a link without its secret."""
        return cls.of(link, expires_at=_ms(link.expires), limits=LimitsShape.from_record(link.limits))


class IssuedToken(ApiObject):
    """A new API token. `value` is returned only once."""

    value: str
    token: TokenShape


class IssuedLink(ApiObject):
    """A new one-time link. `url` is the address to open; it is returned only once."""

    url: str
    invitation: InvitationShape


class SessionList(ApiObject):
    items: list[SessionShape]


class TokenList(ApiObject):
    items: list[TokenShape]


class PasskeyList(ApiObject):
    items: list[PasskeyShape]


class PasskeyOptions(ApiObject):
    """The `publicKey` argument of `navigator.credentials.create()` or `navigator.credentials.get()`, as JSON."""

    options: dict[str, Any]


class ProviderPage(ApiObject):
    """The address (`url`) of the OpenID provider's page that the browser has to open."""

    url: str


class PeopleList(ApiObject):
    items: list[AccountShape]
    invitations: list[InvitationShape]
    ai_usage: dict[str, SpentShape]


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
