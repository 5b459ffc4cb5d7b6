"""Turn errors of PostgreSQL into the hub's own. None of them contains a password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from hub.errors import HubError, StoreBusy, StoreError, StoreRefused
from hub.runtime.database_url import database_name, database_password

_LOST = ("08", "57P")
_FULL = ("53",)
_WAITED = ("25P03", "40", "55", "57014")
_READ_ONLY = ("25006",)
_NO_RIGHT = ("42501",)
_DENIED = ("28", "3D")
_REFUSED = ("22", "23", "54")

# What a server says when it refuses a connection, in English. libpq passes on no error code for these.
_BAD_LOGIN = ("password authentication failed", "no password supplied", "authentication failed", 'role "')
_NO_DATABASE = ('database "', "does not exist")
_NO_ENTRY = ("no pg_hba.conf entry", "pg_hba.conf rejects")
_NO_CONNECT = ("permission denied for database",)
# These end by themselves, and some come only after the password was accepted.
_NOT_NOW = (
    "session is read-only",
    "server is in hot standby mode",
    "connection slots are reserved",
    "too many connections for",
    "too many clients",
    "is starting up",
    "is shutting down",
    "in recovery mode",
    "not yet accepting connections",
    "terminating connection",
)


def store_error(error: Exception) -> StoreError:
    """Return the hub's own error for an error that occurred while the database was used.

    ``error`` is an error of psycopg, or one of Python for a value that cannot be stored, such as OverflowError.
    """
    if isinstance(error, MemoryError):
        return StoreBusy("There is not enough memory to write to the database.", "Give the hub more memory.")
    text = f"The database refused this: {type(error).__name__}: {error!s:.200}."
    if not isinstance(error, psycopg.Error):
        return StoreRefused(text, "Please report it with the log.")
    # The first two characters of PostgreSQL's error code are its class (Appendix A of its manual).
    code = error.sqlstate or ""
    if code.startswith(_NO_RIGHT):
        hint = (
            "Make the hub's user the owner: ALTER DATABASE … OWNER TO …, and in the database REASSIGN OWNED BY … TO … "
            "for the tables of another user. Or GRANT CREATE ON DATABASE … TO … if there are no tables yet."
        )
        return StoreError(f"The hub's user lacks a right in PostgreSQL: {error.diag.message_primary!s:.200}.", hint)
    if code.startswith(_DENIED):
        return StoreError(f"PostgreSQL denied access ({code}).", "Check user, password and database.")
    if code.startswith(_READ_ONLY):
        hint = "Name the primary server in store.url, or all servers with ?target_session_attrs=read-write."
        return StoreBusy("This PostgreSQL server is a read-only replica.", hint)
    if code.startswith(_FULL):
        return StoreBusy(f"PostgreSQL is out of resources: {error!s:.200}.", "Free disk space, memory or connections.")
    if code.startswith(_WAITED):
        return StoreBusy("PostgreSQL is busy: a transaction had to wait too long.", "The hub tries again.")
    if code.startswith(_REFUSED):
        return StoreRefused(text, "Please report it with the log.")
    if code.startswith(_LOST) or (not code and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)):
        return StoreBusy("The connection to PostgreSQL is lost.", "Check that its server runs and can be reached.")
    return StoreError(text, "Please report it with the log.")


def connection_error(error: psycopg.Error, url: str) -> StoreError:
    """Return the hub's own error for a connection to ``url`` that failed.

    It is :class:`StoreBusy` if a later attempt may succeed without any change of the settings.
    """
    where = database_name(url)
    if isinstance(error, psycopg.ProgrammingError):  # its text may contain parts of the URL
        return StoreError("PostgreSQL's client library cannot read store.url.", "Check the options behind the ?.")
    said = _reason(error, url)
    # With several servers in the URL, all of them are in the text, and the first line is about the last one.
    if any(word in str(error) for word in _NOT_NOW):
        hint = "Check that a primary server runs and has connections left for this user."
        return StoreBusy(f"PostgreSQL at {where} does not accept the hub at present ({said}).", hint)
    if all(word in said for word in _NO_DATABASE):
        hint = "Create it (createdb --owner=USER DATABASE), or correct store.url."
        return StoreError(f"The database of {where} does not exist.", hint)
    if any(word in said for word in _NO_CONNECT):
        hint = "GRANT CONNECT, CREATE ON DATABASE … TO …."
        return StoreError(f"The user in store.url may not connect to {where}.", hint)
    if any(word in said for word in _NO_ENTRY):
        return StoreError(f"PostgreSQL at {where} does not accept this user from this machine.", "Check pg_hba.conf.")
    pgconn = error.pgconn  # None if the host's name could not be resolved
    used_password = pgconn is not None and (pgconn.needs_password or pgconn.used_password)
    if used_password or any(word in said for word in _BAD_LOGIN):
        return StoreError(f"PostgreSQL at {where} refuses the user or the password in store.url ({said}).")
    return StoreBusy(f"PostgreSQL at {where} cannot be reached ({said}).", "Check that its server runs.")


def _reason(error: psycopg.Error, url: str) -> str:
    """Return the sentence of the client library or the server that says why a connection failed."""
    first = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    said = first.rpartition(" failed: ")[2].removeprefix("FATAL:").strip().rstrip(".")
    if password := database_password(url):
        said = said.replace(password, "(hidden)")
    return said[:200]


@contextmanager
def translated() -> Iterator[None]:
    """Turn psycopg's errors into :class:`StoreError` or a subclass. The hub's own errors pass unchanged."""
    try:
        yield
    except HubError:
        raise
    except Exception as error:
        raise store_error(error) from error
