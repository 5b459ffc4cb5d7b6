"""``/api/topics``: what is said on the broker, whoever reads it. For a person who looks for a topic to map."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from hub.api.errors import Json
from hub.api.routes.messages import message_shape
from hub.api.schemas import devices
from hub.api.schemas import topics as topics_schemas
from hub.errors import NotFound
from hub.services.message_tap import MessageTap
from hub.services.topic_explorer import ObservedTopic, TopicExplorer

MOST = 1_000
GLANCE = 120


def routes(explorer: TopicExplorer, recent: MessageTap) -> APIRouter:
    router = APIRouter(prefix="/api/topics", tags=["mappings"])

    @router.get("", response_model=topics_schemas.TopicList, responses={409: {}})
    async def topics(
        topic_filter: Annotated[str, Query(alias="filter", max_length=1_024)] = "#",
        q: Annotated[str, Query(max_length=200)] = "",
    ) -> Response:
        """The topics heard since somebody looks, by name, at most 1,000 of them; ``q`` is looked for in the name.

        The hub listens with a connection of its own, from the first request until 30 s after the last one. What is
        retained comes at once.
        """
        heard = [each for each in explorer.look(topic_filter) if q.casefold() in each.topic.casefold()]
        state = explorer.state
        return Json(
            {
                "listening": state is not None and state.subscribed,
                "error": None if state is None else state.error,
                "total": len(heard),
                "items": [_shape(each, recent.reader(each.topic)) for each in heard[:MOST]],
            }
        )

    @router.get("/last", response_model=devices.MessageShape, responses={404: {}, 409: {}})
    async def last(topic: Annotated[str, Query(min_length=1, max_length=4_096)]) -> Response:
        """The last message of one of these topics, cut to 2,048 bytes."""
        found = explorer.last(topic)
        if found is None:
            raise NotFound("Nothing has been heard on this topic.", "Ask for /api/topics first, and go on asking.")
        return Json(message_shape(found.last))

    return router


def _shape(heard: ObservedTopic, dialect: str | None) -> topics_schemas.TopicShape:
    message = message_shape(heard.last)
    return {
        "topic": heard.topic,
        "received_at": message["received_at"],
        "count": heard.count,
        "glance": message["payload"][:GLANCE],
        "dialect": dialect,
    }
