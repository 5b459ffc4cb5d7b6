"""Sign-in sessions, stored in the data folder so that they survive a restart.

The client has 256 random bits in a cookie; only their SHA-256 is stored. A session ends when it is revoked, after
``IDLE_S`` seconds without use, and at the latest after ``LIFETIME_S`` seconds. A session that was started with the
access token also ends when the access token changes. Each change rewrites ``sessions.json``, which has at most
``MAX_SESSIONS`` small records. If the file cannot be written, the sessions continue in memory.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import secrets
from collections.abc import Callable
from pathlib import Path

import msgspec

from hub.runtime.private_files import replace_file

log = logging.getLogger(__name__)

IDLE_S = 14 * 86_400
LIFETIME_S = 90 * 86_400
MAX_SESSIONS = 1_000
"""Maximum number of sessions of the hub. A new session beyond it ends the least recently used one."""
MAX_PER_ACCOUNT = 20
"""Maximum number of sessions of one account. A new session beyond it ends the account's least recently used one.

So nobody can end the sessions of other people by signing in often.
"""
TOUCH_S = 3_600
"""Seconds after which the stored time of last use is written again. So not every request writes the file."""
MAX_AGENT_CHARS = 200


class Session(msgspec.Struct):
    """One sign-in.

    Attributes:
        key: Hash of the cookie's value.
        created: Epoch seconds.
        used: Time of the last request, in epoch seconds.
        address: The client's address.
        agent: The client's User-Agent.
        person: Id of the account; None for a sign-in with the access token.
    """

    key: str
    created: float
    used: float
    address: str = ""
    agent: str = ""
    person: str | None = None


class _File(msgspec.Struct):
    """Content of ``sessions.json``.

    ``token`` is a salted, slow hash of the access token with which sessions without an account were started.
    """

    salt: str
    token: str
    sessions: list[Session]


class SessionStore:
    """All sessions of one hub.

    ``on_end`` is called with the key of each session that is removed because it was revoked, has expired or exceeds a
    limit. ``token`` is the access token; None if the hub has none, so that all sessions belong to accounts.
    """

    def __init__(
        self,
        file: Path,
        token: str | None,
        now: Callable[[], float],
        on_end: Callable[[str], None] = lambda key: None,
    ) -> None:
        self._file = file
        self._now = now
        self._on_end = on_end
        self._saving = asyncio.Lock()
        self._touching: asyncio.Task[None] | None = None
        kept = _read(file)
        self._salt = kept.salt if kept else secrets.token_hex(16)
        self._token = "" if token is None else _slow_hash(token, self._salt)
        same = kept is not None and hmac.compare_digest(kept.token, self._token)
        self._sessions = {each.key: each for each in (kept.sessions if kept else ()) if same or each.person is not None}
        # By session: the time of last use that the file has. After TOUCH_S seconds, it is written again.
        self._written = {key: each.used for key, each in self._sessions.items()}

    def __len__(self) -> int:
        return len(self._sessions)

    async def create(self, address: str, agent: str = "", person: str | None = None) -> str:
        """Start a session and return the value for its cookie."""
        value, now = secrets.token_urlsafe(32), self._now()
        self._drop_expired()
        for surplus in self.of_account(person)[MAX_PER_ACCOUNT - 1 :] if person is not None else ():
            self._remove(surplus.key)
        while len(self._sessions) >= MAX_SESSIONS:
            self._remove(min(self._sessions.values(), key=lambda each: each.used).key)
        session = Session(_key(value), now, now, address, agent[:MAX_AGENT_CHARS], person)
        self._sessions[session.key] = session
        self._written[session.key] = now
        await self._save()
        return value

    def find(self, value: str) -> Session | None:
        """Return the session of a cookie's value and update its time of last use; None if it has ended."""
        return self.use(_key(value))

    def use(self, key: str) -> Session | None:
        """Return the session with this key and update its time of last use; None if it has ended."""
        session, now = self._sessions.get(key), self._now()
        if session is None:
            return None
        if self._expired(session):
            self._remove(key)
            return None
        session.used = now
        if now - self._written[key] > TOUCH_S and (self._touching is None or self._touching.done()):
            self._touching = asyncio.create_task(self._save(), name="save sessions")
        return session

    async def revoke(self, key: str) -> None:
        """End a session at once. Do nothing if there is no session with this key."""
        if self._remove(key):
            await self._save()

    async def change_token(self, token: str) -> None:
        """End the sessions that were made with the access token, because it has changed."""
        self._token = await asyncio.to_thread(_slow_hash, token, self._salt)
        await self._end(self.of_account(None))

    def of_account(self, person: str | None) -> list[Session]:
        """Return the sessions of an account, most recently used first.

        ``person`` is the id of the account. ``None`` stands for sign-ins with the access token, which belong to no
        account.
        """
        own = (each for each in self._sessions.values() if each.person == person and not self._expired(each))
        return sorted(own, key=lambda each: -each.used)

    async def end_all(self, person: str, *, keep: str | None = None) -> None:
        """End all sessions of an account, except the one with the key ``keep``."""
        await self._end([each for each in self.of_account(person) if each.key != keep])

    async def _end(self, sessions: list[Session]) -> None:
        for session in sessions:
            self._remove(session.key)
        await self._save()

    def _expired(self, session: Session) -> bool:
        now = self._now()
        return now - session.used > IDLE_S or now - session.created > LIFETIME_S

    def _drop_expired(self) -> None:
        for key in [key for key, session in self._sessions.items() if self._expired(session)]:
            self._remove(key)

    def _remove(self, key: str) -> bool:
        if self._sessions.pop(key, None) is None:
            return False
        self._written.pop(key, None)
        self._on_end(key)
        return True

    async def _save(self) -> None:
        async with self._saving:
            content = msgspec.json.encode(_File(self._salt, self._token, list(self._sessions.values())))
            self._written = {key: each.used for key, each in self._sessions.items()}
            try:
                await asyncio.to_thread(replace_file, self._file, content)
            except OSError as error:
                log.error(
                    "Cannot write %s (%s). Sessions are valid until the hub stops; those signed out may be valid again "
                    "after a restart. Free some space or make the folder writable for the hub's user.",
                    self._file,
                    error.strerror,
                )


def _key(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()


def _slow_hash(token: str, salt: str) -> str:
    return hashlib.scrypt(token.encode(), salt=bytes.fromhex(salt), n=2**14, r=8, p=1).hex()


def _read(file: Path) -> _File | None:
    try:
        kept = msgspec.json.decode(file.read_bytes(), type=_File)
        bytes.fromhex(kept.salt)
        return kept
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:  # a msgspec error is a ValueError
        log.warning("Cannot read %s (%s). Everybody has to sign in again.", file, type(error).__name__)
        return None
