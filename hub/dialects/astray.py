"""What is published below the native root on topics that mean nothing there: shown to its sender, a few times only.

Such a topic is shown once an hour, and no more than :data:`MOST` of them a minute, however many messages come. What the
hub itself sends to devices (``commands``) comes back here, too, and is nobody's mistake.
"""

from __future__ import annotations

from hub.dialects.base import Result
from hub.errors import Rejected
from hub.model import RawMessage
from hub.topics import printable

MOST = 20
MINUTE, AGAIN = 60_000, 3_600_000
REMEMBERED = 1_000
LONGEST = 80
_NOTHING = Result()


class Astray:
    """Below ``root``. Remembers what has been shown, and when."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._shown: dict[str, int] = {}
        self._minute = self._count = 0

    def result(self, message: RawMessage) -> Result:
        """Raise Rejected (``bad_topic``) with the topic expected; return nothing where that was shown lately."""
        topic, now = message.topic, message.received
        levels = topic.removeprefix(self._root + "/").split("/")
        if not message.payload or (len(levels) > 1 and levels[1] == "commands"):
            return _NOTHING
        if abs(now - self._minute) >= MINUTE:
            self._minute, self._count = now, 0
        if self._count >= MOST or abs(now - self._shown.get(topic[:LONGEST], -AGAIN)) < AGAIN:
            return _NOTHING
        if len(self._shown) >= REMEMBERED:
            self._shown.clear()
        self._count += 1
        self._shown[topic[:LONGEST]] = now
        raise Rejected("bad_topic", self._hint(levels, message.payload))

    def _hint(self, levels: list[str], payload: bytes) -> str:
        device, rest = printable(levels[0], LONGEST), levels[1:]
        if not device:
            return f"The topic has no device. Publish on {self._root}/DEVICE/telemetry."
        telemetry = f"{self._root}/{device}/telemetry"
        known = "The last level of a topic is telemetry, status, info, replies, desired or reported"
        if rest and rest[0].strip().lower() == "telemetry":
            rest = rest[1:]
        name = printable(".".join(filter(None, rest)), LONGEST)
        if not name or payload.lstrip()[:1] in (b"{", b"["):
            return f"{known}. Publish this on {telemetry}."
        return f'{known}. Publish this value on {telemetry}/{name}, or as {{"{name}": …}} on {telemetry}.'
