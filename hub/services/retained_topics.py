"""Publish and withdraw retained messages on the broker, over a separate connection.

- Each new connection publishes all messages again, also those that could not be published before.
- A file in the data folder lists the topics that may have a message on the broker. With it, a later process can
  withdraw messages that are no longer wanted.
- The status topic has the message ``online``. When the hub stops or its connection is lost, it has ``offline``, which
  is the last will of the connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path

import msgspec
from msgspec.structs import replace

from hub.errors import BrokerError, NotConnected, Unconfirmed
from hub.mqtt.client import MqttClient, MqttClientSettings
from hub.mqtt.version_negotiation import NegotiatingClient
from hub.runtime.fault_log import FaultLog
from hub.runtime.private_files import replace_file
from hub.topics import printable

log = logging.getLogger(__name__)
faults = FaultLog(log)

FILE = "mqtt_topics.json"
MAX_TOPICS = 20_000
POLL_S = 1.0
"""Interval in seconds at which an idle connection is checked."""
STOP_S = 2.0
"""Maximum time in seconds to publish the last message before the connection is closed."""


class RetainedTopics:
    """Publishes and withdraws retained messages. :meth:`put` never waits; :meth:`run` does the work.

    A connection exists only while there is something to publish or to withdraw.

    Args:
        data: The data folder.
        settings: Settings of the connection.
        root: First levels of the status topic, which is ``ROOT/CLIENT_ID``.
    """

    def __init__(self, data: Path, settings: MqttClientSettings, root: str = "hub/status") -> None:
        self.status_topic = f"{root}/{settings.client_id}"
        self._file = data / FILE
        self._settings = self._with_will(settings)
        self._wanted: dict[str, bytes] = {}
        self._due: dict[str, None] = {}  # topics to publish or to withdraw, in order
        self._listed = _load(self._file)  # topics that may have a message on the broker
        self._wake = asyncio.Event()
        self._complete = asyncio.Event()
        self._link: NegotiatingClient | None = None

    def use(self, settings: MqttClientSettings) -> None:
        """Use other credentials or certificates from now on."""
        self._settings = self._with_will(settings)
        if self._link is not None:
            self._link.reconnect_with(self._settings)

    def put(self, topic: str, payload: bytes) -> None:
        """Publish ``payload`` as the retained message of its topic. An empty payload withdraws the retained message."""
        empty = not self._wanted
        if not payload:
            if self._wanted.pop(topic, None) is None:
                return
        elif self._wanted.get(topic) == payload:
            return
        elif topic not in self._wanted and len(self._wanted) >= MAX_TOPICS:
            faults.error("topics", "There are over %d retained topics. Further alerts are not published.", MAX_TOPICS)
            return
        else:
            self._wanted[topic] = payload
        self._due[topic] = None
        if empty == bool(self._wanted):
            self._due[self.status_topic] = None
        self._wake.set()

    def complete(self) -> None:
        """Let :meth:`run` begin to publish, and withdraw the messages of an earlier run that are no longer wanted.

        Call this at start-up, after :meth:`put` was called for each topic that should have a message.
        """
        self._due |= dict.fromkeys(sorted(self._listed - self._wanted.keys()))
        self._complete.set()

    async def run(self) -> None:
        """Publish and withdraw retained messages when this is due, until cancelled."""
        await self._complete.wait()
        while True:
            if self._wanted or self._due:
                await self._connected()
            self._wake.clear()
            if not self._due:
                await self._wake.wait()

    async def _connected(self) -> None:
        """Keep a connection to the broker as long as there are messages to keep published or to withdraw.

        After each new connection, all these messages are published or withdrawn again.
        """
        link = self._link = NegotiatingClient(self._settings, len, lambda since, now: None)
        task = asyncio.create_task(link.run(), name="MQTT client of alerts")
        since: int | None = None
        try:
            while self._wanted or self._due:
                self._wake.clear()
                if task.done():
                    task.result()
                state = link.state
                if state.connected and state.since != since:
                    since, self._due = state.since, dict.fromkeys([*self._wanted, *self._due, self.status_topic])
                if state.connected:
                    await self._publish(link)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_S):
                        await self._wake.wait()
        finally:
            await self._say_goodbye(link)
            self._link = None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _publish(self, link: MqttClient) -> None:
        """Publish or withdraw the messages that are due. If the connection is lost, the rest remains due."""
        batch, self._due = list(self._due), {}
        await self._list({*self._listed, *(each for each in batch if self._payload(each))})
        for number, topic in enumerate(batch):
            try:
                await link.publish(topic, self._payload(topic), retained=True)
            except (NotConnected, Unconfirmed):
                self._due = dict.fromkeys(batch[number:]) | self._due
                break
            except BrokerError as error:  # the broker refused it; the next connection tries again
                faults.error(error.code, "%s was not published: %s", printable(topic), error.message)
        await self._list({each for each in self._listed if self._payload(each) or each in self._due})

    def _payload(self, topic: str) -> bytes:
        if topic == self.status_topic:
            return b"online" if self._wanted else b""
        return self._wanted.get(topic, b"")

    async def _say_goodbye(self, link: MqttClient) -> None:
        """Publish ``offline``, because a broker publishes no last will after a regular disconnect."""
        if self._wanted:
            with contextlib.suppress(BrokerError, TimeoutError):
                async with asyncio.timeout(STOP_S):
                    await link.publish(self.status_topic, b"offline", retained=True)

    async def _list(self, topics: set[str]) -> None:
        """Save the list of topics that may have a message on the broker in the file.

        Call this before publishing new topics and after withdrawing topics.
        """
        if topics == self._listed:
            return
        self._listed = topics
        try:
            await asyncio.to_thread(replace_file, self._file, msgspec.json.encode(sorted(topics)))
        except OSError as error:
            faults.error("file", "%s cannot be written (%s).", self._file, error.strerror)

    def _with_will(self, settings: MqttClientSettings) -> MqttClientSettings:
        return replace(settings, will=(self.status_topic, b"offline"))


def _load(file: Path) -> set[str]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=set[str])
    except FileNotFoundError:
        return set()
    except (OSError, ValueError, RecursionError) as error:
        log.warning("%s cannot be read (%s). Topics of earlier alerts may stay on the broker.", file, error)
        return set()
