"""Reject messages below the native root whose topic the native dialect does not know, at a limited rate.

Each such topic is rejected at most once an hour, and at most :data:`MAX_PER_MINUTE` topics are rejected a minute.
Further messages are ignored. The hub's own commands arrive here too, since the hub subscribes to all topics below the
root; they are ignored.
"""

from __future__ import annotations

from hub.dialects.base import Result
from hub.errors import Rejected
from hub.model import RawMessage
from hub.topics import is_topic, printable

MAX_PER_MINUTE = 20
MINUTE, HOUR = 60_000, 3_600_000
MAX_TOPICS = 1_000
MAX_SHOWN = 80
_NOTHING = Result()


class UnknownTopics:
    """Rejects messages on unknown topics below ``root``, at a limited rate."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._rejected_at: dict[str, int] = {}  # by topic
        self._minute = self._count = 0  # start of the current minute in ms; topics rejected in it

    def result(self, message: RawMessage) -> Result:
        """Raise Rejected (``bad_topic``), with a hint at the right topic.

        Return an empty result instead if the message is one of the hub's own commands or empty, if its topic was
        rejected within the last hour, or if too many topics were rejected in this minute.
        """
        topic, now = message.topic, message.received
        levels = topic.removeprefix(self._root + "/").split("/")
        if not message.payload or (len(levels) > 1 and levels[1] == "commands"):
            return _NOTHING
        if abs(now - self._minute) >= MINUTE:
            self._minute, self._count = now, 0
        if self._count >= MAX_PER_MINUTE or abs(now - self._rejected_at.get(topic[:MAX_SHOWN], -HOUR)) < HOUR:
            return _NOTHING
        if len(self._rejected_at) >= MAX_TOPICS:
            self._rejected_at.clear()
        self._count += 1
        self._rejected_at[topic[:MAX_SHOWN]] = now
        raise Rejected("bad_topic", self._hint(topic, levels, message.payload))

    def _hint(self, topic: str, levels: list[str], payload: bytes) -> str:
        if not is_topic(topic):
            return (
                "The topic has control characters or wildcards. The hub could not publish a command to such a device."
            )
        device, rest = printable(levels[0], MAX_SHOWN), levels[1:]
        if not device:
            return f"The topic has no device. Publish on {self._root}/DEVICE/telemetry."
        telemetry = f"{self._root}/{device}/telemetry"
        problem = "The topic is unknown. Known topics: DEVICE/telemetry, status, info, replies, desired and reported"
        if rest and rest[0].strip().lower() == "telemetry":
            rest = rest[1:]
        name = printable(".".join(filter(None, rest)), MAX_SHOWN)
        if not name or payload.lstrip()[:1] in (b"{", b"["):
            return f"{problem}. Publish this on {telemetry}."
        return f'{problem}. Publish this value on {telemetry}/{name}, or as {{"{name}": …}} on {telemetry}.'
