"""Authenticate requests by a bearer token (the access token or a personal API token) or by a session cookie."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import Scope

from hub.accounts import Account, People, Role, Session
from hub.accounts.account import ROLES, lookup_key
from hub.accounts.scope import EVERYTHING, NOTHING, DeviceScope, scope_of
from hub.accounts.sessions import LIFETIME_S
from hub.api.audit_draft import note
from hub.api.clients import address_of, is_secure, root_path_of
from hub.api.http_settings import HttpSettings
from hub.api.login_attempts import LoginAttempts
from hub.api.proof import NOBODY, Proof
from hub.errors import ConfigError, Forbidden
from hub.model import Actor
from hub.runtime.network_addresses import client_group
from hub.runtime.settings import MIN_TOKEN_CHARS

RECHECK_S = 3_600.0
"""How often the session of an open stream is checked, in seconds.

A check counts as a use of the session, and ends the stream if the session has expired.
"""
OPEN = "open"
"""Key of all streams of a hub that requires no authentication, in place of a session's key.

These streams end when the hub gets its first account.
"""
COMMANDS = "commands"
"""Key of the streams that ``hub`` commands on this machine open, in place of a session's key."""
Within = Callable[[Iterable[str]], frozenset[str]]
Permits = Callable[[str], bool]
"""Returns whether a connection may do the operation ``METHOD path``, by the present role of its account."""


class Authenticator:
    """Finds out who makes a request, and closes the streams of a session or token when it ends.

    Attributes:
        people: Accounts, sessions, API tokens and links.
        cookie: Name of the session cookie over plain HTTP.
        secure_cookie: Name of the session cookie over HTTPS. Browsers accept a cookie of this name from this host over
            HTTPS only.
    """

    COOKIE_AGE_S = LIFETIME_S

    def __init__(self, http: HttpSettings, people: People, attempts: LoginAttempts, within: Within = frozenset) -> None:
        """Create an authenticator. ``within`` takes ids of areas, and adds the ids of all areas inside these areas."""
        if http.token is not None and len(http.token.strip()) < MIN_TOKEN_CHARS:
            raise ConfigError("http.token is too short.", f"Allowed: at least {MIN_TOKEN_CHARS} characters.")
        self._digest = None if http.token is None else sha256(http.token.encode()).digest()
        self._command_token = http.command_token
        self.people = people
        people.on_end = self._close_streams
        self._attempts = attempts
        self._within = within
        self._streams: dict[str, set[asyncio.Task[Any]]] = {}
        # Browsers share cookies between ports: two hubs on one host must not overwrite each other's.
        self.cookie = f"hub_session_{http.port}"
        self.secure_cookie = f"__Host-{self.cookie}"

    @property
    def open(self) -> bool:
        """True if everybody may use the hub without signing in, because it has neither an access token nor accounts."""
        return self._digest is None and not self.people.accounts

    @property
    def has_token(self) -> bool:
        """True if the hub has an access token."""
        return self._digest is not None

    async def proof(self, scope: Scope) -> tuple[Proof | None, int]:
        """Authenticate a request.

        Wrong credentials count as a failed attempt of the client. After too many failed attempts, this call is delayed.

        Returns:
            The proof, or None if the request is not authenticated; and the seconds for the Retry-After header if the
            client has made too many failed attempts, else 0.
        """
        if self.open:
            return Proof("open", key=OPEN), 0
        headers = Headers(scope=scope)
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            found = self._by_token(token.strip())
        else:
            value = self._cookies(scope).get(self.cookie_of(scope))
            if not value:
                await self._end_plain_session(scope)
                return None, 0
            found = self._by_cookie(value)
        return (found, 0) if found is not None else (None, await self.count_wrong(scope))

    def cookie_of(self, scope: Scope) -> str:
        """Return the name that the session cookie has for this request."""
        if is_secure(scope):  # __Host- would need the path "/", which other programs behind the proxy have as well
            return f"__Secure-{self.cookie}" if root_path_of(scope) else self.secure_cookie
        return self.cookie

    async def _end_plain_session(self, scope: Scope) -> None:
        """End a session whose plain-HTTP cookie arrives over HTTPS.

        The browser has sent this cookie without encryption before, so others may have read it.
        """
        if is_secure(scope) and (session := self.people.sessions.find(self._cookies(scope).get(self.cookie, ""))):
            await self.people.sessions.revoke(session.key)

    def _cookies(self, scope: Scope) -> dict[str, str]:
        return cookie_parser(Headers(scope=scope).get("cookie", ""))

    def _by_token(self, token: str) -> Proof | None:
        if self._is_token(token.encode("latin-1")):
            return Proof("bearer", key=self._token_key())
        if self._command_token is not None and hmac.compare_digest(
            token.encode("latin-1"), self._command_token.encode()
        ):
            return Proof("bearer", key=COMMANDS)
        found = self.people.tokens.find(token)
        account = self.people.accounts.active(found.account) if found is not None else None
        if found is None or account is None:
            return None
        role = min(found.role, account.role, key=ROLES.index)
        return Proof("bearer", role, account, key=found.id, limits=found.limits, token=found.name)

    def _by_cookie(self, value: str) -> Proof | None:
        session = self.people.sessions.find(value)
        if session is None:
            return None
        if session.person is None:
            return Proof("cookie", session=session, key=session.key) if self.has_token else None
        account = self.people.accounts.active(session.person)
        return None if account is None else Proof("cookie", account.role, account, session, session.key)

    def role_now(self, proof: Proof) -> Role | None:
        """Return the present role of an authenticated connection; None if its account was disabled or removed.

        The role may have changed since a WebSocket was authenticated.
        """
        if proof.account is None:
            return proof.role
        account = self.people.accounts.active(proof.account.id)
        return None if account is None else min(proof.role, account.role, key=ROLES.index)

    def scope_now(self, proof: Proof | None) -> DeviceScope:
        """Return the devices that a connection may see, by the present limits of its account and its API token."""
        if proof is None:
            return NOTHING
        if proof.account is None:
            return EVERYTHING
        account = self.people.accounts.active(proof.account.id)
        return NOTHING if account is None else scope_of(account.id, (account.limits, proof.limits), self._within)

    async def sign_in_with_token(self, token: str, scope: Scope) -> tuple[str | None, int]:
        """Start a session with the access token. Return the value for the session cookie, and 0.

        For a wrong token, return ``None`` and the seconds for the Retry-After header (see :meth:`count_wrong`).
        """
        if not self._is_token(token.strip().encode("utf-8", "replace")):
            note("tried to sign in with the access token")
            return None, await self.count_wrong(scope)
        return await self.start_session(None, scope), 0

    async def sign_in(self, name: str, password: str, scope: Scope) -> tuple[str | None, int]:
        """Start a session with name and password. Return the value for the session cookie, and 0.

        If name or password is wrong, return ``None`` and the seconds for the Retry-After header (see
        :meth:`count_wrong`). A wrong password and an unknown name give the same result after the same time.
        """
        account = await self.people.check_password(name, password, client_of(scope))
        if account is None:
            # An unknown name is not logged, because people often enter their password in its place.
            tried = self.people.accounts.by_name(name)
            note("tried to sign in", object=tried.name if tried else "")
            return None, await self.count_wrong(scope, name)
        return await self.start_session(account, scope), 0

    async def start_session(self, account: Account | None, scope: Scope, *, replaces: str | None = None) -> str:
        """Start a session and return the value of its cookie.

        ``account`` is None for a session of the access token. The browser's earlier session ends: the session of the
        request's cookie, or else the session with the key ``replaces``. Raises Forbidden for a disabled account.
        """
        headers = Headers(scope=scope)
        if account is not None and self.people.accounts.active(account.id) is None:
            raise Forbidden("The account was disabled.", "Ask an administrator.")
        # There is no await between this check and storing the session. Disabling the account later ends the session.
        value = await self.people.sessions.create(
            address_of(scope), headers.get("user-agent", ""), account.id if account else None
        )
        actor = Actor(account.name, account.id) if account else Actor(NOBODY)
        note(actor=actor, browser=headers.get("user-agent", ""))
        self._close_streams(OPEN)
        before = self.session_of(scope)
        if (key := before.key if before is not None else replaces) is not None:
            await self.people.sessions.revoke(key)
        if account is not None:
            await self.people.signed_in(account)
        return value

    def session_of(self, scope: Scope) -> Session | None:
        """Return the session of the request's cookie, None if there is none."""
        return self.people.sessions.find(self._cookies(scope).get(self.cookie_of(scope), ""))

    async def sign_out(self, session: Session) -> None:
        """Revoke the session and close its streams."""
        await self.people.sessions.revoke(session.key)

    async def change_token(self, token: str) -> None:
        """Replace the access token and end the sessions made with it. Do nothing if the hub has no token."""
        if self.has_token:
            before = self._token_key()
            self._digest = sha256(token.encode()).digest()
            if before is not None and self.ended(before):
                self._close_streams(before)
            await self.people.sessions.change_token(token)

    async def count_wrong(self, scope: Scope, name: str | None = None) -> int:
        """Count a failed sign-in for this client, and for the account name ``name``, which need not exist.

        Return the seconds for the Retry-After header if the client or the name has too many failed attempts, else 0.
        """
        person = () if name is None else (f"person {lookup_key(name)}",)
        return await self._attempts.count_wrong_and_wait(client_of(scope), *person)

    def _token_key(self) -> str | None:
        return None if self._digest is None else f"access token {sha256(self._digest).hexdigest()}"

    def _is_token(self, token: bytes) -> bool:
        """Return whether ``token`` is the access token, by a comparison that takes the same time for any text."""
        return self._digest is not None and hmac.compare_digest(sha256(token).digest(), self._digest)

    # -- streams ----------------------------------------------------------------------------------------------

    @contextmanager
    def stream(self, key: str, task: asyncio.Task[Any]) -> Iterator[None]:
        """Cancel ``task`` if the session or token with this key ends while the block runs. ``task`` serves a stream."""
        streams = self._streams.setdefault(key, set())
        streams.add(task)
        timer: asyncio.TimerHandle | None = None

        def recheck() -> None:
            nonlocal timer
            if self.ended(key):
                self._close_streams(key)
            remaining = self.people.tokens.remaining_s(key)
            delay = RECHECK_S if remaining is None else min(RECHECK_S, max(remaining, 0) + 1)
            timer = asyncio.get_running_loop().call_later(delay, recheck)

        recheck()
        try:
            yield
        finally:
            if timer is not None:
                timer.cancel()
            streams.discard(task)
            if not streams and self._streams.get(key) is streams:
                del self._streams[key]

    def ended(self, key: str) -> bool:
        """Return True if the session or token with this key is no longer valid.

        The key :data:`OPEN` is for requests that did not need authentication: True if the hub now requires it.
        """
        if key == OPEN:
            return not self.open
        if key in (self._token_key(), COMMANDS):
            return False
        return self.people.sessions.use(key) is None and not self.people.tokens.valid(key)

    def _close_streams(self, key: str) -> None:
        for task in self._streams.pop(key, ()):
            task.cancel()


def client_of(scope: Scope) -> str:
    """Return the name of a client for limits on sign-ins: its IPv4 address, or its IPv6 network of 64 bits."""
    return client_group(address_of(scope))


def _author(request: Request) -> str:
    proof: Proof = request.state.proof
    return proof.by


By = Annotated[str, Depends(_author)]
"""Parameter of a route: the author of a change, which is the person who makes the request."""
