"""Who makes the current request: the one place that decides which objects of others a person may read and change.

The API sets it for each request and connection (:func:`requested_by`). The hub's own tasks may read and change
everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import msgspec

from hub.accounts.account import Role


class Requester(msgspec.Struct, frozen=True):
    """Who makes a request. ``account`` is the id of an account, None without accounts and with the access token."""

    account: str | None = None
    role: Role = "administrator"

    def owns(self, owner: str | None) -> bool:
        """Return whether the requester is ``owner`` or may act for them, or the object has no owner (None)."""
        return owner is None or owner == self.account or self.role == "administrator"


THE_HUB = Requester()
_requester: ContextVar[Requester] = ContextVar("requester", default=THE_HUB)


def current_requester() -> Requester:
    """Return who makes the current request."""
    return _requester.get()


@contextmanager
def requested_by(requester: Requester) -> Iterator[None]:
    """Let :func:`current_requester` return ``requester`` in this task and those that it starts."""
    token = _requester.set(requester)
    try:
        yield
    finally:
        _requester.reset(token)
