"""Mappings as the API returns them. A mapping says how to decode the messages on a topic."""

from __future__ import annotations

from hub.api.schemas.api_object import ApiObject
from hub.model import Value


class MappingShape(ApiObject):
    """A mapping. `form` is the format of the payload: `auto`, `plain`, `json`, `collectd` or `senml`.

    `metrics` are the metrics that the mapping reads from a message.
    """

    topic: str
    device: str
    form: str
    metrics: list[str]


class MappingList(ApiObject):
    items: list[MappingShape]


class MappingsText(ApiObject):
    text: str
    revision: str


class MappingsChecked(ApiObject):
    """The result of checking mappings.

    If a mapping is invalid, `problem` says why and what is allowed, and `items` is empty.
    """

    items: list[MappingShape]
    problem: str | None


class MappedValue(ApiObject):
    """A value in a message. `value` is null if the message says that the value is unknown."""

    metric: str
    value: Value | None
    unit: str | None


class MappedReading(ApiObject):
    """The values of one device in a message. `ts` is null if all values are unknown."""

    device: str
    name: str | None
    ts: int | None
    values: list[MappedValue]


class MappedMessage(ApiObject):
    """A decoded message. `problem` says why it would be rejected, for example because no mapping matches its topic."""

    topic: str
    readings: list[MappedReading]
    problem: str | None


class MappingsPreview(ApiObject):
    """The messages of the request, decoded with the draft.

    If the draft is invalid, `problem` says why, and `items` is empty. If one mapping was drafted, `text` is its
    `[[mapping]]` table; if the whole file was drafted, `text` is null.
    """

    items: list[MappedMessage]
    text: str | None
    problem: str | None
