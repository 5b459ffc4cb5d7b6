"""The cause of an alert that a person confirmed: request body and response."""

from __future__ import annotations

from hub.api.schemas.api_object import ApiObject
from hub.api.schemas.devices import TermShape
from hub.api.schemas.requests import Incoming, Note, TermId, Text


class ConfirmedCauseShape(ApiObject):
    """The cause that a person confirmed. `cause` is the id of a known cause; null if it is not a known cause."""

    cause: str | None
    title: str
    fix: str | None
    by: str
    at: int


class CauseList(ApiObject):
    items: list[TermShape]


class CauseFound(Incoming):
    """The cause of an alert: either the id of a known cause (`cause`), or words (`title`). `fix` says what helped."""

    cause: TermId | None = None
    title: Text | None = None
    fix: Note | None = None
