"""Turn errors of PostgreSQL into the hub's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from hub.errors import HubError, StoreBusy, StoreError, StoreRefused

_LOST = ("08", "57P")
_FULL = ("53",)
_WAITED = ("25P03", "40", "55", "57014")
_DENIED = ("28", "3D", "42501")
_REFUSED = ("22", "23", "54")


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
    if code.startswith(_DENIED):
        return StoreError(f"PostgreSQL does not let the hub in ({code}).", "Check user, password and rights.")
    if code.startswith(_FULL):
        return StoreBusy(f"PostgreSQL has no room: {error!s:.200}.", "Free space or connections on its server.")
    if code.startswith(_WAITED):
        return StoreBusy("PostgreSQL is busy: a transaction had to wait too long.", "The hub tries again.")
    if code.startswith(_REFUSED):
        return StoreRefused(text, "Please report it with the log.")
    if code.startswith(_LOST) or (not code and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)):
        return StoreBusy("The connection to PostgreSQL is lost.", "Check that its server runs and can be reached.")
    return StoreError(text, "Please report it with the log.")


@contextmanager
def translated() -> Iterator[None]:
    """Turn psycopg's errors into :class:`StoreError` or a subclass. The hub's own errors pass unchanged."""
    try:
        yield
    except HubError:
        raise
    except Exception as error:
        raise store_error(error) from error
