"""Find out who makes the current request. Only this module decides whether a person can use objects of other people.

The API sets the requester for each request and connection (:func:`requested_by`). The hub's own tasks have no
requester set, and may read and change everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import msgspec

from hub.accounts.account import Role


class Requester(msgspec.Struct, frozen=True):
    """Who makes a request.

    ``account`` is the id of the person's account. It is None if the hub has no accounts, and for the access token.
    """

    account: str | None = None
    role: Role = "administrator"

    def owns(self, owner: str | None) -> bool:
        """Return whether the requester may use an object of the account ``owner``.

        The owner and administrators may use it. Everybody may use an object without an owner (``None``).
        """
        return owner is None or owner == self.account or self.role == "administrator"


THE_HUB = Requester()
_requester: ContextVar[Requester] = ContextVar("requester", default=THE_HUB)


def current_requester() -> Requester:
    """Return who makes the current request."""
    return _requester.get()


@contextmanager
def requested_by(requester: Requester) -> Iterator[None]:
    """Make :func:`current_requester` return ``requester`` inside the block and in tasks that the block starts."""
    token = _requester.set(requester)
    try:
        yield
    finally:
        _requester.reset(token)
