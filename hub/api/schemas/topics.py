"""The topics on the broker as the API returns them."""

from __future__ import annotations

from hub.api.schemas.api_object import ApiObject
from hub.services.message_tap import Outcome


class TopicShape(ApiObject):
    """A topic on the broker.

    - `count`: the number of messages since the hub began to observe the topic
    - `glance`: the beginning of the last payload
    - `dialect`: the message format that decodes the topic; null if the hub ignores the topic
    - `outcome`: the result of decoding the last message: `read`, `nothing` (it has no value, device or state) or
      `rejected`; null if nothing decodes the topic, if the topic has the hub's own format, or if the message is too
      long
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
