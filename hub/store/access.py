"""The part of the store's interface that says whether this hub can use the database.

A file can always be used. A server can be unreachable, or another hub can have taken over the database.
"""

from __future__ import annotations

from typing import Protocol


class DatabaseAccess(Protocol):
    """The part of :class:`hub.store.base.Store` that says whether the database can be used."""

    def problem(self) -> str | None:
        """Return why the database cannot be used at present, such as a lost connection; None if no problem is known."""
        ...

    async def replaced(self) -> None:
        """Wait until another hub has taken over the database; forever if none can. This hub then has to stop."""
        ...
