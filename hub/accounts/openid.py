"""Sign in with an OpenID provider: decide which people may sign in, to which account, and with which role.

The hub recognizes a person by the issuer and the subject of the ID token. It does not use the name or the e-mail
address, because a provider can give these to another person later. A new person gets an account if there is an
invitation for the verified e-mail address, or if the settings allow it. To connect an existing account, a person signs
in to it first.
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
from hub.accounts.accounts import MAX_ACCOUNTS
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
        domains: Domains of the e-mail addresses that may sign in. If empty, all may.
        new_people: Role of people who sign in for the first time without an invitation; None if they may not.
        groups_claim: The claim that lists a person's groups.
        roles: The groups that give each role. If any groups are set, only their members may sign in. At each sign-in,
            a person gets the highest role that a group of the person gives.
    """

    client: OpenIdClient
    name: str
    domains: tuple[str, ...] = ()
    new_people: Role | None = None
    groups_claim: str = "groups"
    roles: Mapping[Role, tuple[str, ...]] = {}


class SignInRefused(Forbidden):
    """The provider has identified a person whom this hub does not admit. ``reason`` is a code for programs."""

    code = "sign_in_refused"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message, "Ask an administrator.")
        self.reason = reason


class StartedSignIn(NamedTuple):
    """A sign-in in progress: the browser was sent to the provider.

    Attributes:
        handshake: The values that the provider's answer must match.
        secret: Value of a cookie in the browser that started the sign-in.
        session: Key of the session that the browser had before; None without one.
        account: Id of the account to connect with the person's identity at the provider; None for an ordinary sign-in.
    """

    handshake: Handshake
    secret: str
    session: str | None
    account: str | None


class SignedIn(NamedTuple):
    """The account that signed in, and what the sign-in changed in it.

    ``changed`` is ``created`` (a new account), ``connected`` (the account is now connected with the provider) or
    ``role`` (the account has another role); None if nothing changed.
    """

    account: Account
    changed: str | None


class OpenId:
    """Sign-ins with the OpenID provider in the settings."""

    def __init__(self, settings: OpenIdSettings, people: People, now: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self._people = people
        people.issuer = settings.client.issuer
        self._provider = OpenIdProvider(settings.client)
        self._started: Pending[StartedSignIn] = Pending(LIFETIME_S, now)

    async def begin(
        self, redirect_uri: str, client: str, session: str | None, account: str | None = None
    ) -> tuple[str, str]:
        """Start a sign-in. Return the URL of the provider's page to open, and the value of the browser's cookie.

        Args:
            redirect_uri: The page of the hub to which the provider sends the browser back.
            client: The client's address. The number of unfinished sign-ins of each client is limited.
            session: The key of the session that the browser already has; None without one.
            account: The id of the account to connect with the person's identity; None for an ordinary sign-in.

        Raises:
            SignInUnavailable: The provider cannot be reached or cannot be used.
        """
        state, nonce, verifier, secret = (secrets.token_urlsafe(48) for _ in range(4))
        handshake = Handshake(redirect_uri, state, nonce, verifier)
        url = await self._provider.address(handshake)
        self._started.add(state, StartedSignIn(handshake, secret, session, account), client)
        return url, secret

    def take(self, state: str, secret: str) -> StartedSignIn | None:
        """Remove and return the sign-in that was started with this ``state``.

        ``secret`` is the value of the cookie in the browser that completes the sign-in. Return None if there is no such
        sign-in, if it has expired, or if another browser started it, which has another secret.
        """
        started = self._started.take(state)
        return (
            started if started is not None and hmac.compare_digest(started.secret.encode(), secret.encode()) else None
        )

    async def complete(self, started: StartedSignIn, code: str) -> SignedIn:
        """Finish the sign-in and return its account. Raises SignInUnavailable, SignInRefused, StoreError."""
        claims = await self._provider.claims(started.handshake, code)
        identity = ExternalIdentity(self.settings.client.issuer, claims["sub"])
        email = _verified_email(claims)
        role = self._role(claims, email)
        known = self._people.accounts.by_identity(identity)
        if known is not None and started.account not in (None, known.id):
            raise SignInRefused("taken", "Another account is connected with this identity at the provider.")
        if known is None:
            return await self._welcome(identity, claims, email, role, started.account)
        if self._people.accounts.active(known.id) is None:
            raise SignInRefused("disabled", "The account was disabled.")
        if role is not None and role != known.role:
            with contextlib.suppress(Conflict):  # the last administrator keeps this role
                return SignedIn(await self._people.edit(known.id, role=role), "role")
        return SignedIn(known, None)

    def _role(self, claims: Mapping[str, Any], email: str | None) -> Role | None:
        """Return the highest role that the person's groups give; None if the settings give no roles to groups.

        Raises SignInRefused for an e-mail domain that may not sign in, and for a person whose groups give no role.
        """
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
        """Give an account to a person who signs in with a new ``identity``, and return that account.

        If ``account`` is the id of an account, the identity is connected with this account. If ``account`` is ``None``,
        an account is created. Raises SignInRefused if the account is disabled, or if the person may not have an
        account.
        """
        people = self._people
        if account is not None:
            if people.accounts.active(account) is None:
                raise SignInRefused("disabled", "The account was disabled.")
            return SignedIn(await people.accounts.change(account, identity=identity), "connected")
        link = None if email is None else await people.take_invitation(email)
        try:
            given = role or (link.role if link else self.settings.new_people)
            if given is None or (not people.accounts and given != "administrator"):
                raise SignInRefused("no_account", "You have no account here.")
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
        accounts = self._people.accounts
        for name in _names(claims, email):
            if len(accounts) >= MAX_ACCOUNTS:
                raise SignInRefused("full", f"This hub has {MAX_ACCOUNTS} accounts and cannot have more.")
            if accounts.by_name(name) is None:
                with contextlib.suppress(Conflict):
                    return await accounts.create(name, role, None, identity, limits)
        raise SignInRefused("no_account", "There is no free name for your account.")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _verified_email(claims: Mapping[str, Any]) -> str | None:
    """Return the e-mail address in lower case; None if the provider has not verified it.

    Some providers send the text "true" instead of the boolean.
    """
    email = claims.get("email")
    verified = claims.get("email_verified") in (True, "true")
    return email.lower() if verified and isinstance(email, str) and 3 <= len(email) <= 254 else None


def _names(claims: Mapping[str, Any], email: str | None) -> Iterable[str]:
    """Yield possible names for a new account: the person's name at the provider, then the same name with numbers."""
    wanted = (claims.get("preferred_username"), claims.get("name"), (email or "").partition("@")[0], "Person")
    for each in wanted:
        try:
            name = account_name(str(each or "")[: MAX_NAME_CHARS - 4])
            break
        except Invalid:
            continue
    yield name
    yield from (f"{name} {number}" for number in range(2, _TRIES))
