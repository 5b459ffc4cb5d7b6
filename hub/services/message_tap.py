"""Keep the last raw MQTT messages of a device while a user looks at it.

The tap is between the MQTT client and the receiver of its messages, and passes all messages on unchanged. It keeps the
last messages of all devices in a ring buffer, and the last messages of each watched device. The dialects determine
which devices a message is about.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Literal

import msgspec

from hub.dialects import Dialect, NativeDialect, Result, View
from hub.model import RawMessage
from hub.mqtt.client import Sink

RING = 2_000
"""Maximum messages of all devices in the ring buffer, so that a device that is new to the tap has messages at once."""
PER_DEVICE = 50
"""Maximum messages that are kept of each watched device."""
WATCHED = 16
"""Maximum devices that are watched at the same time. A further device replaces the least recently requested one."""
WATCH_MS = 60_000
"""A device is watched for this long after the last request."""
EXCERPT = 2_048
"""Maximum bytes that are kept of a payload. With the limits above, the tap needs at most about 6 MB."""
TOPICS = 100_000
"""Maximum topics whose devices are cached while any device is watched."""
OUTCOMES = 5_000
"""Maximum topics whose last decoding result is cached."""


class TappedMessage(msgspec.Struct, frozen=True, gc=False):
    """A message whose payload may be cut to :data:`EXCERPT` bytes; ``size`` is its full size."""

    message: RawMessage
    size: int


Outcome = Literal["read", "nothing", "rejected"]


class TapSubscription:
    """The last messages of a watched device. The watch expires at ``until`` (epoch ms) unless it is requested again."""

    __slots__ = ("messages", "until")

    def __init__(self) -> None:
        self.messages: deque[TappedMessage] = deque(maxlen=PER_DEVICE)
        self.until = 0


class MessageTap:
    """Records messages on their way from the MQTT client to ``sink``."""

    def __init__(self, sink: Sink, dialects: Sequence[Dialect], view: View) -> None:
        """Create a tap.

        Args:
            sink: Receives all messages after the tap has recorded them.
            dialects: Tell which devices a message is about.
            view: The part of the registry that dialects may read.
        """
        self._sink = sink
        self._dialects = dialects
        self._view = view
        self._ring: deque[RawMessage | TappedMessage] = deque(maxlen=RING)
        self._watched: dict[str, TapSubscription] = {}
        self._devices_by_topic: dict[str, frozenset[str]] = {}
        self._outcomes: dict[str, tuple[RawMessage, Outcome | None]] = {}  # by topic: last message, outcome
        self._until = 0  # when the last watch expires

    def take(self, messages: Sequence[RawMessage]) -> int:
        """Record the messages, pass them on to the sink, and return how many of them the sink accepted."""
        # Small messages are stored without a copy or an object: this runs for every message of the hub.
        kept = [message if len(message.payload) <= EXCERPT else tap(message) for message in messages]
        self._ring.extend(kept)
        if self._watched and messages[-1].received > self._until:
            self._forget(messages[-1].received)
        if self._watched:
            for each in kept:
                self._sort(_tapped(each), self._watched)
        return self._sink(messages)

    def of(self, device: str, now: int) -> list[TappedMessage]:
        """Return a device's last messages, newest first, and watch it for :data:`WATCH_MS` after ``now`` (ms)."""
        self._forget(now)
        watch = self._watched.get(device)
        if watch is None:
            if len(self._watched) >= WATCHED:
                del self._watched[min(self._watched, key=lambda name: self._watched[name].until)]
            watch = self._watched[device] = TapSubscription()
            ring = [_tapped(each) for each in self._ring]
            # First find the devices of all topics: a message that cannot be decoded belongs to the topic's devices.
            for each in ring:
                self._devices_of(each.message)
            for each in ring:
                self._sort(each, {device: watch})
        self._until = watch.until = now + WATCH_MS
        return list(reversed(watch.messages))

    def devices_of(self, tapped: TappedMessage) -> frozenset[str]:
        """Return the ids of the devices that a message is about."""
        return self._decode(tapped.message)

    def reader(self, topic: str) -> str | None:
        """Return the name of the dialect that decodes this topic, or None."""
        return next((dialect.name for dialect in self._dialects if dialect.owns(topic)), None)

    def outcome(self, tapped: TappedMessage) -> Outcome | None:
        """Return the outcome of decoding a message: ``read``, ``nothing`` (no data for the hub) or ``rejected``.

        Return None if no dialect reads the message, if it is in the hub's native format, or if its payload was cut.
        """
        message = tapped.message
        known = self._outcomes.get(message.topic)
        if known is not None and known[0] is message:
            return known[1]
        if len(self._outcomes) >= OUTCOMES:
            self._outcomes.clear()
        found = None if tapped.size > len(message.payload) else self._outcome(message)
        self._outcomes[message.topic] = (message, found)
        return found

    def _outcome(self, message: RawMessage) -> Outcome | None:
        dialect = next((each for each in self._dialects if each.owns(message.topic)), None)
        if dialect is None or isinstance(dialect, NativeDialect):
            return None  # decoding would use up the limit of one report an hour for unknown native topics
        try:
            result = dialect.decode(message, self._view)
        except Exception:  # the pipeline decodes the message, too, and reports the error
            return "rejected"
        empty = msgspec.structs.replace(result, heard=(), rejections=()) == Result()
        return "read" if not empty else "rejected" if result.rejections else "nothing"

    def _sort(self, tapped: TappedMessage, watched: dict[str, TapSubscription]) -> None:
        for device in self._devices_of(tapped.message) & watched.keys():
            watched[device].messages.append(tapped)

    def _devices_of(self, message: RawMessage) -> frozenset[str]:
        """Return the ids of the devices that messages on this topic are about.

        They are determined from the first message on the topic that can be decoded, and cached.
        """
        known = self._devices_by_topic.get(message.topic)
        if known is None:
            known = self._decode(message)
            if known:
                if len(self._devices_by_topic) >= TOPICS:
                    self._devices_by_topic.clear()
                self._devices_by_topic[message.topic] = known
        return known

    def _decode(self, message: RawMessage) -> frozenset[str]:
        dialect = next((each for each in self._dialects if each.owns(message.topic)), None)
        if dialect is None:
            return frozenset()
        try:
            result = dialect.decode(message, self._view)
        except Exception:
            return frozenset()  # the pipeline decodes the message, too, and reports the error
        groups = (result.records, result.identities, result.availability, result.desired_state, result.replies)
        return frozenset(item.device for group in groups for item in group)

    def _forget(self, now: int) -> None:
        for device in [name for name, watch in self._watched.items() if watch.until < now]:
            del self._watched[device]
        if not self._watched:
            self._devices_by_topic.clear()


def tap(message: RawMessage) -> TappedMessage:
    """Return the message with its payload cut to :data:`EXCERPT` bytes."""
    size = len(message.payload)
    if size > EXCERPT:
        message = msgspec.structs.replace(message, payload=message.payload[:EXCERPT])
    return TappedMessage(message, size)


def _tapped(kept: RawMessage | TappedMessage) -> TappedMessage:
    return kept if isinstance(kept, TappedMessage) else TappedMessage(kept, len(kept.payload))
