"""``/api/topics``: all topics on the broker, so that people can find a topic to decode with a mapping."""

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

MAX_TOPICS = 1_000
GLANCE_CHARS = 120


def routes(explorer: TopicExplorer, recent: MessageTap) -> APIRouter:
    router = APIRouter(prefix="/api/topics", tags=["mappings"])

    @router.get("", response_model=topics_schemas.TopicList, responses={409: {}})
    async def list_topics(
        topic_filter: Annotated[str, Query(alias="filter", max_length=1_024, description="MQTT topic filter.")] = "#",
        q: Annotated[str, Query(max_length=200, description="Text to find in the topic.")] = "",
    ) -> Response:
        """Return the topics observed on the broker, sorted by name, at most 1,000.

        The hub subscribes to `filter` with a separate connection at the first request, and unsubscribes 30 s after the
        last request. So the first response may be empty, and a later response has more topics. Retained messages arrive
        at once.
        """
        found = [each for each in explorer.look(topic_filter) if q.casefold() in each.topic.casefold()]
        state = explorer.state
        answer = topics_schemas.TopicList(
            listening=state is not None and state.subscribed,
            error=None if state is None else state.error,
            total=len(found),
            items=[_shape(each, recent) for each in found[:MAX_TOPICS]],
        )
        return Json(answer)

    @router.get("/last", response_model=devices.MessageShape, responses={404: {}, 409: {}})
    async def get_last_message(topic: Annotated[str, Query(min_length=1, max_length=4_096)]) -> Response:
        """Return the last message that was observed on a topic, cut to 2,048 bytes. Call `GET /api/topics` first."""
        found = explorer.last(topic)
        if found is None:
            raise NotFound(
                "No message was observed on this topic.", "Request /api/topics first, and keep requesting it."
            )
        return Json(message_shape(found.last))

    return router


def _shape(observed: ObservedTopic, recent: MessageTap) -> topics_schemas.TopicShape:
    message = message_shape(observed.last)
    return topics_schemas.TopicShape(
        topic=observed.topic,
        received_at=message.received_at,
        count=observed.count,
        glance=message.payload[:GLANCE_CHARS],
        dialect=recent.reader(observed.topic),
        outcome=recent.outcome(observed.last),
    )
