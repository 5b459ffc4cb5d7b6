"""The last messages of a device as they came off the wire, for whoever looks at that device.

A tap between a link and its sink. All messages pass through one ring; what belongs to a device is sorted out only for
the few that somebody looks at. A dialect says which devices a message speaks of, so the tap knows no topics of its
own; it changes nothing and holds nothing up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import msgspec

from hub.dialects import Dialect, View
from hub.model import RawMessage
from hub.mqtt.client import Sink

RING = 2_000
"""Messages kept over all devices, so that one who begins to look sees something at once."""
KEPT = 50
"""Messages kept of a device that is looked at."""
WATCHED = 16
"""Devices looked at at the same time; a further one takes the place of the one longest not asked for."""
PATIENCE_MS = 60_000
"""Nobody has asked for this long: nobody looks."""
EXCERPT = 2_048
"""Bytes kept of a payload. With the above it bounds the memory to about 6 MB."""
TOPICS = 100_000
"""Topics whose devices are remembered while anybody looks."""


class TappedMessage(msgspec.Struct, frozen=True, gc=False):
    """A message whose payload may be cut to :data:`EXCERPT`; ``size`` is what it was."""

    message: RawMessage
    size: int


class TapSubscription:
    """One device that is looked at, until ``until`` (ms) unless somebody asks again."""

    __slots__ = ("heard", "until")

    def __init__(self) -> None:
        self.heard: deque[TappedMessage] = deque(maxlen=KEPT)
        self.until = 0


class MessageTap:
    """Put :meth:`take` where the link's sink would be. ``view`` is what dialects may see of the registry."""

    def __init__(self, sink: Sink, dialects: Sequence[Dialect], view: View) -> None:
        self._sink = sink
        self._dialects = dialects
        self._view = view
        self._ring: deque[RawMessage | TappedMessage] = deque(maxlen=RING)
        self._watched: dict[str, TapSubscription] = {}
        self._whose: dict[str, frozenset[str]] = {}
        self._until = 0

    def take(self, messages: Sequence[RawMessage]) -> int:
        """Remember the messages and hand them on; what the sink says of them."""
        # Nearly all are kept as they are: while nobody looks, a message costs no more than its place.
        kept = [message if len(message.payload) <= EXCERPT else tap(message) for message in messages]
        self._ring.extend(kept)
        if self._watched and messages[-1].received > self._until:
            self._forget(messages[-1].received)
        if self._watched:
            for each in kept:
                self._sort(_heard(each), self._watched)
        return self._sink(messages)

    def of(self, device: str, now: int) -> list[TappedMessage]:
        """The device's last messages, newest first; it is looked at from now (ms) on."""
        self._forget(now)
        watch = self._watched.get(device)
        if watch is None:
            if len(self._watched) >= WATCHED:
                del self._watched[min(self._watched, key=lambda name: self._watched[name].until)]
            watch = self._watched[device] = TapSubscription()
            ring = [_heard(each) for each in self._ring]
            for heard in ring:  # first whose each topic is: what could not be read tells it by its neighbours
                self._devices(heard.message)
            for heard in ring:
                self._sort(heard, {device: watch})
        self._until = watch.until = now + PATIENCE_MS
        return list(reversed(watch.heard))

    def reader(self, topic: str) -> str | None:
        """The name of the dialect that reads this topic, None where none does."""
        return next((dialect.name for dialect in self._dialects if dialect.owns(topic)), None)

    def _sort(self, heard: TappedMessage, watched: dict[str, TapSubscription]) -> None:
        for device in self._devices(heard.message) & watched.keys():
            watched[device].heard.append(heard)

    def _devices(self, message: RawMessage) -> frozenset[str]:
        """The devices this topic speaks of, as far as any message on it could be read."""
        known = self._whose.get(message.topic)
        if known is None:
            known = self._read(message)
            if known:
                if len(self._whose) >= TOPICS:
                    self._whose.clear()
                self._whose[message.topic] = known
        return known

    def _read(self, message: RawMessage) -> frozenset[str]:
        dialect = next((each for each in self._dialects if each.owns(message.topic)), None)
        if dialect is None:
            return frozenset()
        try:
            said = dialect.decode(message, self._view)
        except Exception:
            return frozenset()  # the pipeline tells what is wrong with it; here it only has no owner yet
        groups = (said.records, said.identities, said.availability, said.desired_state, said.replies)
        return frozenset(item.device for group in groups for item in group)

    def _forget(self, now: int) -> None:
        for device in [name for name, watch in self._watched.items() if watch.until < now]:
            del self._watched[device]
        if not self._watched:
            self._whose.clear()


def tap(message: RawMessage) -> TappedMessage:
    size = len(message.payload)
    if size > EXCERPT:
        message = msgspec.structs.replace(message, payload=message.payload[:EXCERPT])
    return TappedMessage(message, size)


def _heard(kept: RawMessage | TappedMessage) -> TappedMessage:
    return kept if isinstance(kept, TappedMessage) else TappedMessage(kept, len(kept.payload))
