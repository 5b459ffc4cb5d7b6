"""Objects of the topics on the broker that the API returns."""

from __future__ import annotations

from hub.api.schemas.api_object import ApiObject
from hub.services.message_tap import Outcome


class TopicShape(ApiObject):
    """A topic.

    `count` is the number of messages since it was first observed, `glance` the beginning of the last payload. `dialect`
    decodes the topic; null if the hub ignores it. `outcome` is what it made of the last message: `read`, `nothing` (no
    value, device or state in it) or `rejected`; null if nothing reads it, for native topics, and if it is too long.
    """

    topic: str
    received_at: int
    count: int
    glance: str
    dialect: str | None
    outcome: Outcome | None


class TopicList(ApiObject):
    """Observed topics.

    `listening` is true once the broker has granted the subscription; `error` says why it has not. `items` has the first
    1,000 of `total` topics.
    """

    listening: bool
    error: str | None
    total: int
    items: list[TopicShape]
