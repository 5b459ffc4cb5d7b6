"""MQTT client that reconnects, limits the messages in flight (flow control) and reports gaps.

A QoS 1 message is acknowledged after its commit, and until then the broker keeps it. So the hub can stop reading::

    reading ── held > window, or pause() ──▶ stalled: the socket is not read, and TCP slows the broker down
      ▲  ▲                                      │     │
      │  └── held <= window, and resume() ──────┘     │ after half of the keepalive
      │                                               ▼
      └── as soon as the hub can take more ◀── disconnected: the broker queues the messages of the session

- ``_held`` counts the QoS 1 messages that were accepted by the sink but not yet acknowledged.
- A message is acknowledged only on the connection that it came on, in the order of arrival. After a reconnect the
  broker delivers unacknowledged messages again. If the sink does not accept all messages, the connection is closed,
  so that the broker delivers the others again too.
- ``_current_to`` is the time (ms) up to which all messages have certainly arrived. If the broker lost the session,
  messages after it may be missing: ``on_gap`` is called.
- A lost connection is retried after a delay that doubles from 0.5 s to 30 s. After a connection of over 30 s the delay
  starts again at 0.5 s.

Everything runs on the event loop. This file uses no MQTT library: see :mod:`hub.mqtt.connection`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress

import msgspec

from hub.errors import BrokerError, NotConnected, Unconfirmed
from hub.model import RawMessage
from hub.mqtt.backoff import Backoff
from hub.mqtt.client import GapListener, MqttClientSettings, MqttClientState, OutageListener, Sink
from hub.mqtt.connection import Connect, Connection, Lost, Refused
from hub.mqtt.outages import Outages
from hub.mqtt.subscribing import RESUBSCRIBE_S, Subscribing
from hub.runtime.cancellation import raise_if_cancelled
from hub.runtime.clock import now_ms
from hub.runtime.fault_log import FaultLog
from hub.topics import is_filter, is_topic

PUBLISH_S = 10.0
_TOO_FULL = "Disconnected from the MQTT broker at %s on purpose: %s. The hub reconnects when the backlog is written."

log = logging.getLogger(__name__)


class _TooFull(Lost):
    """Raised when the hub closes the connection itself, because it has no room for more messages."""


class ReconnectingClient:
    """A :class:`hub.mqtt.client.MqttClient` over connections that ``connect`` makes, one after the other."""

    def __init__(
        self,
        settings: MqttClientSettings,
        sink: Sink,
        on_gap: GapListener,
        connect: Connect,
        backoff: Backoff | None = None,
        on_outage: OutageListener = lambda connected, address, reason: None,
    ) -> None:
        self._settings = settings
        self._sink = sink
        self._on_gap = on_gap
        self._connect = connect
        self._backoff = backoff or Backoff()
        self._state = MqttClientState(f"{settings.host}:{settings.port}")
        self._topics: dict[str, None] = {}  # the filters that should be subscribed, in order
        self._to_unsubscribe: list[str] = []  # filters that the broker still has
        self._connection: Connection | None = None  # the open one, or the one being opened
        self._connection_number = 0  # stored in each message, which is acknowledged only on its own connection
        self._had_session = settings.had_session  # the broker should have one; without it, messages are lost
        self._current_to = settings.current_to  # all messages up to this time (ms) have arrived
        self._held = 0  # QoS 1 messages that are not acknowledged yet
        self._paused = False
        self._reached = False  # the broker accepted the last connection
        self._stalled_at: float | None = None  # since when the socket is not read
        self._changed = asyncio.Event()  # wakes the task in run()
        self._retry = asyncio.Event()  # ends the delay before the next attempt
        self._faults = FaultLog(log)
        self._outages = Outages(log, self._state.address, on_outage)
        self._subscribing = Subscribing(log if settings.persistent else None, self._state.address)

    @property
    def state(self) -> MqttClientState:
        return msgspec.structs.replace(self._state, held=self._held)

    @property
    def settings(self) -> MqttClientSettings:
        return self._settings

    def reconnect_with(self, settings: MqttClientSettings) -> None:
        """Reconnect at once with other credentials or certificates. Broker and client id must be the same."""
        self._settings = settings
        self._subscribing.forget()
        if self._connection is not None:
            self._connection.fail("its credentials or certificates changed")
        self._retry.set()

    async def run(self) -> None:
        while True:
            while self._must_wait():
                self._changed.clear()
                await self._changed.wait()
            begun = time.monotonic()
            try:
                await self._run_connection()
            except Lost as lost:
                raise_if_cancelled()
                self._log_lost(lost)
            if self._must_wait():
                continue  # closed because the hub was full: reconnect as soon as it can take more
            searching = self._subscribing.searching and self._reached
            if searching or time.monotonic() - begun > self._backoff.longest:
                self._backoff.reset()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._backoff.next()):
                    await self._retry.wait()
            self._retry.clear()

    def _log_lost(self, lost: Lost) -> None:
        """Report why there is no connection: once for an outage, not for each attempt."""
        if not self._settings.persistent:
            return  # a temporary client, such as the topic explorer's: its user sees the error in the state
        text = _TOO_FULL if isinstance(lost, _TooFull) else "No connection to the MQTT broker at %s: %s. Retrying."
        self._outages.lost(str(lost), text)

    async def _run_connection(self) -> None:
        """Open a connection and use it until its end, then raise :class:`Lost`."""
        self._connection_number += 1
        self._stalled_at = None
        self._reached = False
        connection = self._connection = self._connect(self._connection_number, self._take, self._changed.set)
        try:
            await connection.open()
            raise_if_cancelled()
            self._connected(connection)
            await self._serve(connection)
        except Lost as lost:
            self._set(error=f"{lost}.")
            raise
        finally:
            self._connection = None
            self._disconnected()
            await connection.close()

    def _connected(self, connection: Connection) -> None:
        now = now_ms()
        self._reached = True
        if not connection.session_present and self._had_session:
            self._on_gap(self._current_to, now)
        self._had_session = True
        user = self._settings.username
        self._set(connected=True, protocol=connection.protocol, since=now, error=None, username=user)
        if not self._subscribing.searching:
            self._outages.restored()
        if self._must_wait():
            self._stall()

    def _disconnected(self) -> None:
        if self._state.connected:
            now = now_ms()
            if self._stalled_at is None:
                # A dead connection is detected within two keepalives, so everything sent before that has arrived.
                self._current_to = max(self._current_to, now - 2_000 * self._settings.keepalive_s)
            self._set(connected=False, subscribed=False, refused=(), since=now, reconnects=self._state.reconnects + 1)

    async def _serve(self, connection: Connection) -> None:
        """Keep all topics subscribed, also those added later, until the connection ends or stalls for too long."""
        subscribed: set[str] = set()
        while connection.lost is None:
            self._changed.clear()
            timeout_s: float | None = None
            removed, self._to_unsubscribe = self._to_unsubscribe, []
            if removed:
                await connection.unsubscribe_from(removed)
                subscribed.difference_update(removed)
            missing = [topic for topic in self._topics if topic not in subscribed]
            if missing:
                refused = await self._subscribing.subscribe(connection, missing)
                raise_if_cancelled()
                subscribed.update(missing)
                self._subscribed(refused)
                if refused:
                    subscribed.difference_update(refused)
                    timeout_s = RESUBSCRIBE_S
            if self._stalled_at is not None:
                # Close it before the keepalive does: the broker's PINGRESP is not read either.
                left = self._stalled_at + self._settings.keepalive_s / 2 - time.monotonic()
                if left <= 0:
                    raise _TooFull("the hub cannot take more messages at the moment, so the broker queues them")
                timeout_s = left if timeout_s is None else min(left, timeout_s)
            if connection.lost is None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(timeout_s):
                        await self._changed.wait()
        raise connection.lost

    def _subscribed(self, refused: dict[str, str]) -> None:
        """Record that the broker has answered the subscriptions, and log the topic filters that it refused.

        The client counts as subscribed if at least one filter was accepted.
        """
        error = self._subscribing.report(refused)
        self._outages.restored()
        granted = len(refused) < len(self._topics)
        self._set(subscribed=granted, refused=tuple(refused.items()), error=error)

    def _take(self, messages: Sequence[RawMessage]) -> None:
        self._current_to = messages[-1].received
        accepted = self._sink(messages)
        self._held += len([None for message in messages[:accepted] if message.receipt is not None])
        if self._held > self._settings.window:
            self._stall()
        if accepted < len(messages) and self._connection is not None:
            # The others are not acknowledged, so the broker delivers them again on a new connection.
            self._connection.fail("the hub's queue is full")

    def ack(self, messages: Iterable[RawMessage]) -> None:
        connection = self._connection
        held = [(receipt, each.connection) for each in messages if (receipt := each.receipt) is not None]
        self._held -= len(held)
        receipts = [receipt for receipt, number in held if number == self._connection_number]
        if receipts and connection is not None and connection.lost is None:
            connection.ack(receipts)
        self._continue_reading()

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1, retained: bool = False) -> None:
        connection = self._connection
        if not is_topic(topic):
            raise BrokerError(f"The message to {topic[:200]!r} was not sent: the topic is invalid.")
        if connection is None or not self._state.connected:
            raise NotConnected(f"The hub is not connected to its broker at {self._state.address}.")
        try:
            async with asyncio.timeout(PUBLISH_S):
                await connection.send(topic, payload, qos, retained)
        except Refused as refused:
            hint = "Check the hub's rights in the broker's ACL."
            raise BrokerError(f"The broker refused the message to {topic!r}: {refused}.", hint) from None
        except (Lost, TimeoutError):
            text = f"The broker did not acknowledge the message to {topic!r} in time."
            raise Unconfirmed(text, "It may have arrived.") from None

    def subscribe(self, topics: Iterable[str]) -> None:
        new = [topic for topic in topics if topic not in self._topics and self._valid_filter(topic)]
        if new:
            self._topics.update(dict.fromkeys(new))
            self._set(subscribed=False)
            self._changed.set()

    def _valid_filter(self, topic: str) -> bool:
        # A broker would close the connection because of an invalid filter, and again after every reconnect.
        if is_filter(topic):
            return True
        self._faults.error("filter", "%r is not a valid topic filter. The hub does not subscribe to it.", topic[:200])
        return False

    def unsubscribe(self, topics: Iterable[str]) -> None:
        # Without a connection they are removed after the next CONNECT, since the broker keeps them with the session.
        for topic in topics:
            self._topics.pop(topic, None)
            self._to_unsubscribe.append(topic)
        self._changed.set()

    def pause(self) -> None:
        self._paused = True
        if self._state.connected:  # else the handshake is still to be read
            self._stall()

    def resume(self) -> None:
        self._paused = False
        self._continue_reading()

    def _must_wait(self) -> bool:
        return self._paused or self._held > self._settings.window

    def _stall(self) -> None:
        if self._stalled_at is None and self._connection is not None:
            self._stalled_at = time.monotonic()
            self._connection.stop_reading()
            self._changed.set()

    def _continue_reading(self) -> None:
        if self._must_wait():
            return
        if self._stalled_at is not None:
            self._stalled_at = None
            if self._connection is not None:
                self._connection.start_reading()
            self._changed.set()
        elif self._connection is None:
            self._changed.set()  # run() may wait for it before it connects

    def _set(self, **changes: object) -> None:
        self._state = msgspec.structs.replace(self._state, **changes)
