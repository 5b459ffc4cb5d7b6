"""Accept telemetry that programs send over HTTP. The pipeline handles it like native MQTT messages of the devices."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from hub.errors import Invalid
from hub.model import Input, PostedMessages, PostMessages, RawMessage
from hub.topics import is_topic

MAX_ITEMS = 1_000
MAX_DEVICE = 200


class PostedTelemetry:
    """Sends telemetry through the pipeline and waits for its commit. ``root`` is the first level of the MQTT topics."""

    def __init__(self, submit: Callable[[Input], Awaitable[Any]], root: str, now: Callable[[], int]) -> None:
        self._submit = submit
        self._root = root
        self._now = now

    async def store(self, body: bytes, *, lines: bool) -> PostedMessages:
        """Store the telemetry in a request body.

        The body is one JSON object or a list of objects; with ``lines``, it has one object per line.

        Raises:
            Invalid: The body is not valid, an item does not name its device, or no item was valid.
        """
        now = self._now()
        messages = [self._message(number, item, now) for number, item in enumerate(_items(body, lines=lines))]
        posted: PostedMessages = await self._submit(PostMessages(tuple(messages)))
        if posted.rejections and not posted.records and not posted.duplicates:
            number, first = posted.rejections[0]
            raise Invalid(f"Nothing was stored. Item {number}: {first.detail}")
        return posted

    def _message(self, number: int, item: Any, now: int) -> RawMessage:
        device = item.pop("device", None) if isinstance(item, dict) else None
        topic = f"{self._root}/{device}/telemetry"
        if not isinstance(device, str) or not 0 < len(device) <= MAX_DEVICE or "/" in device or not is_topic(topic):
            problem = (
                f"Item {number} must be an object with the id of its device, without / + # and control characters."
            )
            raise Invalid(problem, 'For example {"device": "boiler-1", "temperature": 71.5}.')
        return RawMessage(topic, msgspec.json.encode(item), now)


def _items(body: bytes, *, lines: bool) -> Sequence[Any]:
    """Return the items in a request body; with ``lines``, each line is an item. Raises Invalid."""
    try:
        if lines:
            items = [msgspec.json.decode(line) for line in body.splitlines() if line.strip()]
        else:
            decoded = msgspec.json.decode(body)
            items = decoded if isinstance(decoded, list) else [decoded]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(f"The body is not valid JSON: {error}.") from None
    if not 1 <= len(items) <= MAX_ITEMS:
        raise Invalid(f"The body has {len(items)} items; 1 to {MAX_ITEMS:,} are allowed.", "Send several requests.")
    return items
