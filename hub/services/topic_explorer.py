"""What is said on the broker, whoever reads it: for a person who looks for a topic.

It has a connection of its own, only while somebody looks, in a session that leaves nothing behind and is sent
everything with QoS 0. So it neither fills the hub's own session with what nobody reads nor delays what the hub keeps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from hub.errors import Conflict, Invalid
from hub.model import RawMessage
from hub.mqtt.client import MqttClientSettings, MqttClientState
from hub.mqtt.version_negotiation import NegotiatingClient
from hub.services.message_tap import TappedMessage, tap
from hub.topics import matches

TOPICS = 5_000
"""Topics kept; a further one takes the place of the one longest not heard. It bounds the memory to some 10 MB."""
FILTERS = 4
"""Filters looked through at the same time, over all people."""
PATIENCE_MS = 30_000
"""Nobody has asked for this long: nobody looks."""
LOOK_S = 0.5


class ObservedTopic(msgspec.Struct, frozen=True):
    """A topic: its last message, and how many there were since somebody looks."""

    topic: str
    last: TappedMessage
    count: int


class TopicExplorer:
    """:meth:`look` says what somebody wants to see, and must be repeated; :meth:`run` connects and leaves."""

    def __init__(self, settings: Callable[[], MqttClientSettings], now: Callable[[], int]) -> None:
        self._settings = settings
        self._now = now
        self._until: dict[str, int] = {}
        self._topics: dict[str, ObservedTopic] = {}
        self._wanted = asyncio.Event()
        self._link: NegotiatingClient | None = None

    @property
    def state(self) -> MqttClientState | None:
        """None while nobody looks."""
        return None if self._link is None else self._link.state

    def look(self, topic_filter: str) -> list[ObservedTopic]:
        """What has been heard on these topics since somebody looks at them, by topic. Raises Invalid for what is no
        filter, Conflict while too many others are looked through."""
        check_filter(topic_filter)
        if topic_filter not in self._until:
            if len(self._until) >= FILTERS:
                raise Conflict("Too many others are looked through now.", f"Try again in {PATIENCE_MS // 1000} s.")
            if self._link is not None:
                self._link.subscribe([topic_filter])
        self._until[topic_filter] = self._now() + PATIENCE_MS
        self._wanted.set()
        return [self._topics[topic] for topic in sorted(self._topics) if matches(topic_filter, topic)]

    def last(self, topic: str) -> ObservedTopic | None:
        """The topic as it was heard last, None where it was not or nobody looks any more."""
        return self._topics.get(topic)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            link = self._link = NegotiatingClient(self._settings(), self._take, lambda since, now: None)
            link.subscribe(self._until)
            listening = asyncio.create_task(link.run(), name="explorer's link")
            try:
                while self._until:
                    await asyncio.sleep(LOOK_S)
                    self._expire(link)
            finally:
                self._link = None
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
                self._topics.clear()

    def _expire(self, link: NegotiatingClient) -> None:
        now = self._now()
        gone = [each for each, until in self._until.items() if until < now]
        for each in gone:
            del self._until[each]
        link.unsubscribe(gone)
        if gone:
            kept = {t: heard for t, heard in self._topics.items() if any(matches(each, t) for each in self._until)}
            self._topics = kept

    def _take(self, messages: Sequence[RawMessage]) -> int:
        for message in messages:
            before = self._topics.pop(message.topic, None)  # what was heard last stands last
            count = 1 if before is None else before.count + 1
            self._topics[message.topic] = ObservedTopic(message.topic, tap(message), count)
            if len(self._topics) > TOPICS:
                del self._topics[next(iter(self._topics))]
        return len(messages)


def check_filter(text: str) -> None:
    """Raises Invalid for what MQTT does not take as a topic filter."""
    levels = text.split("/")
    whole = [level for level in levels if set(level) & {"+", "#"}]
    if not text or len(text) > 1_024 or not text.isprintable() or any(len(level) > 1 for level in whole):
        raise Invalid(f"{text[:80]!r} is no topic filter.", "+ stands for one level, # at the end for all below.")
    if "#" in levels[:-1]:
        raise Invalid(f"{text[:80]!r} has # before its end.", "# stands at the end, for all levels below.")


def for_looking(settings: MqttClientSettings, state: MqttClientState, suffix: str = "look") -> MqttClientSettings:
    """The hub's own way to the broker, under another name, in a session that does not last. Which version of MQTT the
    broker speaks is known from the hub's link."""
    spoken: Literal["auto", "5", "3.1.1"] = settings.protocol
    if state.protocol is not None:
        spoken = "5" if state.protocol == "MQTT 5" else "3.1.1"
    name = f"{settings.client_id}-{suffix}"
    return msgspec.structs.replace(settings, client_id=name, protocol=spoken, lasting=False, had_session=False)
