"""Objects of mappings that the API returns."""

from __future__ import annotations

from hub.api.schemas.api_object import ApiObject
from hub.model import Value


class MappingShape(ApiObject):
    """A mapping. `form` is `auto`, `plain`, `json`, `collectd` or `senml`. `metrics` are the metrics that it reads."""

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
    """Result of checking mappings.

    If they are invalid, `problem` says why and what is allowed, and `items` is empty.
    """

    items: list[MappingShape]
    problem: str | None


class MappedValue(ApiObject):
    """A value. It is null if the message says that it is unknown."""

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
    """The readings of each message.

    If the draft is not valid, `problem` says why, and `items` is empty. `text` is the `[[mapping]]` table of a draft of
    one mapping; null for a draft of the whole file.
    """

    items: list[MappedMessage]
    text: str | None
    problem: str | None
