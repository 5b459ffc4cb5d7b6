"""The topics on the broker as the API returns them."""

from __future__ import annotations

from hub.api.schemas.api_object import ApiObject
from hub.services.message_tap import Outcome


class TopicShape(ApiObject):
    """A topic on the broker.

    `count` is the number of messages since the hub began to observe the topic. `glance` is the beginning of the last
    payload. `dialect` is the message format that decodes the topic; null if the hub ignores the topic. `outcome` says
    what decoding the last message gave: `read`, `nothing` (the message has no value, device or state) or `rejected`.
    `outcome` is null if nothing decodes the topic, if the topic has the hub's own format, and if the message is too
    long.
    """

    topic: str
    received_at: int
    count: int
    glance: str
    dialect: str | None
    outcome: Outcome | None


class TopicList(ApiObject):
    """The topics that were observed.

    `listening` is true once the broker has granted the subscription; if it has not, `error` says why. `items` has the
    first 1,000 of `total` topics.
    """

    listening: bool
    error: str | None
    total: int
    items: list[TopicShape]
