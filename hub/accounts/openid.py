"""Sign in with an OpenID provider: decide which people sign in, as which account, and with which role.

A person is known by the provider's issuer and subject, never by name or e-mail: those can be given to somebody else. A
new person gets an account by an invitation for the verified e-mail address, or if the settings say so. An account that
exists is connected by a person who is signed in to it.
"""

from __future__ import annotations

import contextlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from hub.accounts.account import MAX_NAME_CHARS, ROLES, Account, ExternalIdentity, Role, account_name
from hub.accounts.openid_provider import Handshake, OpenIdClient, OpenIdProvider
from hub.accounts.pending import Pending
from hub.accounts.people import People
from hub.accounts.scope import Limits
from hub.errors import Conflict, Forbidden, HubError, Invalid

LIFETIME_S = 600.0
MAX_GROUPS = 1_000
_TRIES = 100


class OpenIdSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the provider.

    Attributes:
        client: The hub's registration at the provider.
        name: Name of the provider on the sign-in button.
        domains: Domains of e-mail addresses that may sign in; any if empty.
        new_people: Role of people without an account, None if they need an invitation.
        groups_claim: The claim that lists a person's groups.
        roles: By role, the groups that have it. If there are any, one of them is needed, and decides at each sign-in.
    """

    client: OpenIdClient
    name: str
    domains: tuple[str, ...] = ()
    new_people: Role | None = None
    groups_claim: str = "groups"
    roles: Mapping[Role, tuple[str, ...]] = {}


class SignInRefused(Forbidden):
    """The provider identified a person that this hub does not admit. ``reason`` is a stable key."""

    code = "sign_in_refused"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message, "Ask an administrator.")
        self.reason = reason


class Begun(NamedTuple):
    """A sign-in in progress: the person is at the provider.

    Attributes:
        handshake: The random values that the provider's answer must match.
        secret: Value of a cookie in the browser that started the sign-in.
        session: Key of the session that the browser had before.
        account: Id of the account to connect, None to sign in.
    """

    handshake: Handshake
    secret: str
    session: str | None
    account: str | None


class SignedIn(NamedTuple):
    """The account that signed in, and what the sign-in changed: ``created``, ``connected``, ``role`` or None."""

    account: Account
    changed: str | None


class OpenId:
    """Sign-ins with the provider of the settings."""

    def __init__(self, settings: OpenIdSettings, people: People, now: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self._people = people
        people.issuer = settings.client.issuer
        self._provider = OpenIdProvider(settings.client)
        self._begun: Pending[Begun] = Pending(LIFETIME_S, now)

    async def begin(
        self, redirect_uri: str, client: str, session: str | None, account: str | None = None
    ) -> tuple[str, str]:
        """Return the provider's page to open, and the value for the browser's cookie. Raises SignInUnavailable."""
        state, nonce, verifier, secret = (secrets.token_urlsafe(48) for _ in range(4))
        handshake = Handshake(redirect_uri, state, nonce, verifier)
        url = await self._provider.address(handshake)
        self._begun.add(state, Begun(handshake, secret, session, account), client)
        return url, secret

    def take(self, state: str, secret: str) -> Begun | None:
        """Remove and return the sign-in that this browser started; None if there is none or it has expired."""
        begun = self._begun.take(state)
        return begun if begun is not None and hmac.compare_digest(begun.secret.encode(), secret.encode()) else None

    async def complete(self, begun: Begun, code: str) -> SignedIn:
        """Finish the sign-in and return its account. Raises SignInUnavailable, SignInRefused, StoreError."""
        claims = await self._provider.claims(begun.handshake, code)
        identity = ExternalIdentity(self.settings.client.issuer, claims["sub"])
        email = _verified_email(claims)
        role = self._role(claims, email)
        known = self._people.accounts.by_identity(identity)
        if known is not None and begun.account not in (None, known.id):
            raise SignInRefused("taken", "Another account is connected with this person of the provider.")
        if known is None:
            return await self._welcome(identity, claims, email, role, begun.account)
        if self._people.accounts.active(known.id) is None:
            raise SignInRefused("disabled", "The account was disabled.")
        if role is not None and role != known.role:
            with contextlib.suppress(Conflict):  # the last administrator stays one
                return SignedIn(await self._people.edit(known.id, role=role), "role")
        return SignedIn(known, None)

    def _role(self, claims: Mapping[str, Any], email: str | None) -> Role | None:
        """Return the role that the groups give, None if groups give none. Raises SignInRefused."""
        domains = self.settings.domains
        if domains and (email is None or email.rpartition("@")[2] not in domains):
            raise SignInRefused(
                "domain", "Your e-mail address is not allowed here, or the provider has not verified it."
            )
        if not any(self.settings.roles.values()):
            return None
        listed = claims.get(self.settings.groups_claim)
        groups = {each for each in (listed if isinstance(listed, list) else [listed])[:MAX_GROUPS] if _is_text(each)}
        for role in reversed(ROLES):
            if groups & set(self.settings.roles.get(role, ())):
                return role
        raise SignInRefused("group", "None of your groups may sign in here.")

    async def _welcome(
        self,
        identity: ExternalIdentity,
        claims: Mapping[str, Any],
        email: str | None,
        role: Role | None,
        account: str | None,
    ) -> SignedIn:
        """Connect an unknown identity with the account that the person is signed in to, or with a new account."""
        people = self._people
        if account is not None:
            if people.accounts.active(account) is None:
                raise SignInRefused("disabled", "The account was disabled.")
            return SignedIn(await people.accounts.change(account, identity=identity), "connected")
        link = None if email is None else await people.take_invitation(email)
        given = role or (link.role if link else self.settings.new_people)
        if given is None or (not people.accounts and given != "administrator"):
            raise SignInRefused("no_account", "You have no account here.")
        try:
            limits = link.limits if link is not None and given != "administrator" else None
            return SignedIn(await self._create(given, identity, claims, email, limits), "created")
        except HubError:
            if link is not None:
                await people.links.restore(link)
            raise

    async def _create(
        self,
        role: Role,
        identity: ExternalIdentity,
        claims: Mapping[str, Any],
        email: str | None,
        limits: Limits | None,
    ) -> Account:
        for name in _names(claims, email):
            if self._people.accounts.by_name(name) is None:
                with contextlib.suppress(Conflict):
                    return await self._people.accounts.create(name, role, None, identity, limits)
        raise SignInRefused("no_account", "There is no free name for your account.")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _verified_email(claims: Mapping[str, Any]) -> str | None:
    """Return the address in lower case if the provider has verified it. Some providers send the text "true"."""
    email = claims.get("email")
    verified = claims.get("email_verified") in (True, "true")
    return email.lower() if verified and isinstance(email, str) and 3 <= len(email) <= 254 else None


def _names(claims: Mapping[str, Any], email: str | None) -> Iterable[str]:
    """Yield names to try for a new account: the provider's name of the person, then the same name with numbers."""
    wanted = (claims.get("preferred_username"), claims.get("name"), (email or "").partition("@")[0], "Person")
    for each in wanted:
        try:
            name = account_name(str(each or "")[: MAX_NAME_CHARS - 4])
            break
        except Invalid:
            continue
    yield name
    yield from (f"{name} {number}" for number in range(2, _TRIES))
