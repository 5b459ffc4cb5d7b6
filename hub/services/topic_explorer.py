"""Show all topics on the broker that match a filter, whether a dialect reads them or not.

While a user looks, the explorer has its own connection with a clean session and QoS 0. So topics that the hub does not
read neither fill the hub's persistent session nor delay its messages.
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
"""Maximum number of topics kept, about 10 MB. A further topic replaces the topic whose last message is oldest."""
FILTERS = 4
"""Maximum filters in use at the same time, for all users together."""
WATCH_MS = 30_000
"""How long a filter stays subscribed after the last request, in ms."""
POLL_S = 0.5


class ObservedTopic(msgspec.Struct, frozen=True):
    """A topic with its last message and the number of messages since it was first observed."""

    topic: str
    last: TappedMessage
    count: int


class TopicExplorer:
    """Topics observed on the broker, through a connection that exists only while a filter is in use.

    Each call of :meth:`look` keeps its filter in use for :data:`WATCH_MS`. :meth:`run` connects and disconnects.
    """

    def __init__(self, settings: Callable[[], MqttClientSettings], now: Callable[[], int]) -> None:
        self._settings = settings
        self._now = now
        self._until: dict[str, int] = {}  # by filter: when it expires, in epoch ms
        self._topics: dict[str, ObservedTopic] = {}  # in order of their last messages, oldest first
        self._wanted = asyncio.Event()
        self._link: NegotiatingClient | None = None

    @property
    def state(self) -> MqttClientState | None:
        """State of the connection; None while no filter is in use."""
        return None if self._link is None else self._link.state

    def look(self, topic_filter: str) -> list[ObservedTopic]:
        """Return the observed topics that match the filter, sorted by name, and subscribe to it for :data:`WATCH_MS`.

        Raises:
            Invalid: The filter is not valid.
            Conflict: Too many filters are in use.
        """
        check_filter(topic_filter)
        if topic_filter not in self._until:
            if len(self._until) >= FILTERS:
                raise Conflict(f"{FILTERS} other filters are in use.", f"Try again in {WATCH_MS // 1000} s.")
            if self._link is not None:
                self._link.subscribe([topic_filter])
        self._until[topic_filter] = self._now() + WATCH_MS
        self._wanted.set()
        return [self._topics[topic] for topic in sorted(self._topics) if matches(topic_filter, topic)]

    def last(self, topic: str) -> ObservedTopic | None:
        """Return the topic and its last message; None if no message on it was received while a filter matched it."""
        return self._topics.get(topic)

    async def run(self) -> None:
        """Stay connected to the broker while a filter is in use. Runs until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            link = self._link = NegotiatingClient(self._settings(), self._take, lambda since, now: None)
            link.subscribe(self._until)
            listening = asyncio.create_task(link.run(), name="topic explorer's client")
            try:
                while self._until:
                    await asyncio.sleep(POLL_S)
                    self._expire(link)
            finally:
                self._link = None
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
                self._topics.clear()

    def _expire(self, link: NegotiatingClient) -> None:
        now = self._now()
        expired = [each for each, until in self._until.items() if until < now]
        for each in expired:
            del self._until[each]
        link.unsubscribe(expired)
        if expired:
            topics = self._topics.items()
            self._topics = {name: topic for name, topic in topics if any(matches(each, name) for each in self._until)}

    def _take(self, messages: Sequence[RawMessage]) -> int:
        for message in messages:
            earlier = self._topics.pop(message.topic, None)  # moves the topic to the end
            count = 1 if earlier is None else earlier.count + 1
            self._topics[message.topic] = ObservedTopic(message.topic, tap(message), count)
            if len(self._topics) > TOPICS:
                del self._topics[next(iter(self._topics))]
        return len(messages)


def check_filter(text: str) -> None:
    """Raise Invalid if ``text`` is not a valid MQTT topic filter."""
    levels = text.split("/")
    whole = [level for level in levels if set(level) & {"+", "#"}]
    if not text or len(text) > 1_024 or not text.isprintable() or any(len(level) > 1 for level in whole):
        raise Invalid(
            f"{text[:80]!r} is not a valid topic filter.", "Use + for one level, and # at the end for all levels below."
        )
    if "#" in levels[:-1]:
        raise Invalid(f"{text[:80]!r} has # before its end.", "Use # only at the end, for all levels below.")


def secondary_settings(
    settings: MqttClientSettings, state: MqttClientState, suffix: str = "look"
) -> MqttClientSettings:
    """Return settings for a further MQTT client of the hub, which connects with a clean session.

    Args:
        settings: Settings of the hub's main client.
        state: State of the main client. If it is connected, the new client uses the same MQTT version.
        suffix: Appended to the client id.
    """
    protocol: Literal["auto", "5", "3.1.1"] = settings.protocol
    if state.protocol is not None:
        protocol = "5" if state.protocol == "MQTT 5" else "3.1.1"
    name = f"{settings.client_id}-{suffix}"
    return msgspec.structs.replace(settings, client_id=name, protocol=protocol, persistent=False, had_session=False)
