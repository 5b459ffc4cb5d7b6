"""Objects and request bodies of the cause that a person found."""

from __future__ import annotations

from hub.api.schemas.api_object import ApiObject
from hub.api.schemas.devices import TermShape
from hub.api.schemas.requests import Incoming, Note, TermId, Text


class ConfirmedCauseShape(ApiObject):
    """The cause that a person confirmed. `cause` is null if it is none of the known ones."""

    cause: str | None
    title: str
    fix: str | None
    by: str
    at: int


class CauseList(ApiObject):
    items: list[TermShape]


class CauseFound(Incoming):
    """The cause of an alert: either `cause`, the id of a known one, or `title`, in words. `fix` is what fixed it."""

    cause: TermId | None = None
    title: Text | None = None
    fix: Note | None = None
