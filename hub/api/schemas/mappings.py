"""The JSON of mappings: what is mapped, its text, and what messages would say by it."""

from __future__ import annotations

from typing_extensions import TypedDict

from hub.api.schemas.api_object import ApiObject
from hub.model import Value


class MappingShape(ApiObject):
    """``form`` is ``auto``, ``plain``, ``json``, ``collectd`` or ``senml``; ``metrics`` the names that are picked."""

    topic: str
    device: str
    form: str
    metrics: list[str]


class MappingList(TypedDict):
    items: list[MappingShape]


class MappingsText(TypedDict):
    text: str
    revision: str


class MappingsChecked(TypedDict):
    """``problem`` says what is wrong with the text and what is allowed; there are no mappings then."""

    items: list[MappingShape]
    problem: str | None


class MappedValue(TypedDict):
    """``value`` is null where the message says that it is not known."""

    metric: str
    value: Value | None
    unit: str | None


class MappedReading(TypedDict):
    """``ts`` is null where nothing but unknown values was found."""

    device: str
    name: str | None
    ts: int | None
    values: list[MappedValue]


class MappedMessage(TypedDict):
    """``problem`` says why the message would be rejected; a message that no mapping fits has one too."""

    topic: str
    readings: list[MappedReading]
    problem: str | None


class MappingsPreview(TypedDict):
    """Readings of each message.

    ``problem`` says what is wrong with the text or the mapping; ``items`` is empty then. ``text`` is one mapping as its
    ``[[mapping]]`` table, null where a whole text was tried.
    """

    items: list[MappedMessage]
    text: str | None
    problem: str | None
