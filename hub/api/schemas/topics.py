"""The JSON of the topics on the broker."""

from __future__ import annotations

from hub.api.schemas.api_object import ApiObject


class TopicShape(ApiObject):
    """``count`` since somebody looks; ``glance`` is the beginning of the last payload, ``dialect`` who reads the
    topic: null is a topic that the hub does not keep."""

    topic: str
    received_at: int
    count: int
    glance: str
    dialect: str | None


class TopicList(ApiObject):
    """``listening`` once the broker has taken the subscription; ``error`` says why it does not. ``total`` counts what
    ``items`` holds the first 1,000 of."""

    listening: bool
    error: str | None
    total: int
    items: list[TopicShape]
