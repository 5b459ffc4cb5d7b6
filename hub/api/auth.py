"""Authenticate requests by the access token as a bearer, or by a session cookie."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, NamedTuple

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import Scope

from hub.api.clients import address_of
from hub.api.http_settings import HttpSettings
from hub.api.login_attempts import LoginAttempts
from hub.errors import ConfigError
from hub.runtime.network_addresses import client_group
from hub.runtime.sessions import LIFETIME_S, Session, SessionStore
from hub.runtime.settings import MIN_TOKEN_CHARS

RECHECK_S = 3_600.0
"""How often the session of an open stream is checked. This marks it as used, and ends the stream when it expires."""


class Proof(NamedTuple):
    """How a request was authenticated. ``open``: the hub has no token. Only ``cookie`` has a session."""

    kind: Literal["open", "bearer", "cookie"]
    session: Session | None = None


class Authenticator:
    """Checks the shared access token, and keeps the sessions of browsers that signed in with it.

    Attributes:
        cookie: Name of the session cookie.
    """

    COOKIE_AGE_S = LIFETIME_S

    def __init__(self, http: HttpSettings, sessions_file: Path, attempts: LoginAttempts) -> None:
        if http.token is not None and len(http.token.strip()) < MIN_TOKEN_CHARS:
            raise ConfigError("http.token is too short.", f"Allowed: at least {MIN_TOKEN_CHARS} characters.")
        self._digest: bytes | None = None
        self._sessions: SessionStore | None = None
        if http.token is not None:
            self._digest = sha256(http.token.encode()).digest()
            self._sessions = SessionStore(sessions_file, http.token, time.time, self._close_streams)
        self._attempts = attempts
        self._streams: dict[str, set[asyncio.Task[Any]]] = {}
        # Browsers share cookies between ports: two hubs on one host must not overwrite each other's.
        self.cookie = f"hub_session_{http.port}"

    @property
    def open(self) -> bool:
        """True if the hub has no token and requires no authentication."""
        return self._digest is None

    async def proof(self, scope: Scope) -> tuple[Proof | None, int]:
        """Authenticate a request.

        Wrong credentials count as an attempt. The call is delayed if the client has none left.

        Returns:
            The proof, or None; and the Retry-After of a throttled client in seconds, or 0.
        """
        if self.open:
            return Proof("open"), 0
        headers = Headers(scope=scope)
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            if self._is_token(token.strip().encode("latin-1")):
                return Proof("bearer"), 0
        else:
            value = cookie_parser(headers.get("cookie", "")).get(self.cookie)
            if not value:
                return None, 0
            session = self._sessions.find(value) if self._sessions is not None else None
            if session is not None:
                return Proof("cookie", session), 0
        return None, await self._attempts.wrong_held(client_group(address_of(scope)))

    async def sign_in(self, token: str, scope: Scope) -> tuple[str | None, int]:
        """Return the cookie value of a new session, or None for a wrong token; and Retry-After as :meth:`proof`."""
        if self._sessions is None or not self._is_token(token.strip().encode("utf-8", "replace")):
            return None, await self._attempts.wrong_held(client_group(address_of(scope)))
        agent = Headers(scope=scope).get("user-agent", "")
        return await self._sessions.create(address_of(scope), agent), 0

    async def sign_out(self, session: Session) -> None:
        """Revoke the session and close its streams."""
        if self._sessions is not None:
            await self._sessions.revoke(session.key)

    async def change_token(self, token: str) -> None:
        """Replace the access token and end all sessions. Do nothing if the hub has no token."""
        if self._sessions is not None:
            self._digest = sha256(token.encode()).digest()
            await self._sessions.change_token(token)

    def _is_token(self, token: bytes) -> bool:
        """Compare with the token, in constant time for any length."""
        return self._digest is not None and hmac.compare_digest(sha256(token).digest(), self._digest)

    # -- streams ----------------------------------------------------------------------------------------------

    @contextmanager
    def stream(self, session: Session, task: asyncio.Task[Any]) -> Iterator[None]:
        """Cancel ``task``, which serves a stream, when the session ends. Use as a context while the stream is open."""
        streams = self._streams.setdefault(session.key, set())
        streams.add(task)
        timer: asyncio.TimerHandle | None = None

        def recheck() -> None:
            nonlocal timer
            timer = None if self.ended(session) else asyncio.get_running_loop().call_later(RECHECK_S, recheck)

        recheck()
        try:
            yield
        finally:
            if timer is not None:
                timer.cancel()
            streams.discard(task)
            if not streams and self._streams.get(session.key) is streams:
                del self._streams[session.key]

    def ended(self, session: Session) -> bool:
        """Return True if the session has expired or was revoked."""
        return self._sessions is None or self._sessions.use(session.key) is None

    def _close_streams(self, key: str) -> None:
        for task in self._streams.pop(key, ()):
            task.cancel()
