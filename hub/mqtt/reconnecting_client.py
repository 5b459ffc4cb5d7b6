"""What every link does, whichever library speaks MQTT for it: reconnect, bound what is in flight, report gaps.

It knows no MQTT library. Everything here runs on the event loop.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress

import msgspec

from hub.errors import BrokerError, NotConnected, Unconfirmed
from hub.model import RawMessage
from hub.mqtt.backoff import Backoff
from hub.mqtt.client import GapListener, MqttClientSettings, MqttClientState, Sink
from hub.mqtt.connection import Connect, Connection, Lost, Refused, hear_cancellation
from hub.runtime.clock import now_ms
from hub.runtime.fault_log import FaultLog
from hub.topics import is_filter, is_topic

REPEAT_S = 600.0
"""The same reason for a lost connection is said again in the log after this long."""

RESUBSCRIBE_S = 30.0
"""A refused subscription is tried again after this long: somebody may mend the broker's access list."""

PUBLISH_S = 10.0

log = logging.getLogger(__name__)


class ReconnectingClient:
    """Implements :class:`hub.mqtt.client.Link` over connections that ``connect`` makes, one after the other.

    At most ``settings.window`` messages of QoS 1 are out with the hub: beyond that, and while paused, the socket is
    not read. If that lasts, the connection is closed and the broker queues.
    """

    def __init__(
        self,
        settings: MqttClientSettings,
        sink: Sink,
        on_gap: GapListener,
        connect: Connect,
        backoff: Backoff | None = None,
    ) -> None:
        self._settings = settings
        self._sink = sink
        self._on_gap = on_gap
        self._connect = connect
        self._backoff = backoff or Backoff()
        self._state = MqttClientState(f"{settings.host}:{settings.port}")
        self._topics: dict[str, None] = {}
        self._leaving: list[str] = []
        self._connection: Connection | None = None
        self._session = 0
        self._had_session = settings.had_session
        self._current_to = settings.current_to
        self._held = 0
        self._paused = False
        self._stalled_at: float | None = None
        self._changed = asyncio.Event()
        self._retry = asyncio.Event()
        self._faults = FaultLog(log, REPEAT_S)
        self._down_said = False
        self._refused_said: set[str] = set()

    @property
    def state(self) -> MqttClientState:
        return msgspec.structs.replace(self._state, held=self._held)

    @property
    def settings(self) -> MqttClientSettings:
        return self._settings

    def use(self, settings: MqttClientSettings) -> None:
        """Connect anew, at once, with other credentials or certificates; the broker and the client id are the same."""
        self._settings = settings
        if self._connection is not None:
            self._connection.fail("its credentials or certificates have changed")
        self._retry.set()

    async def run(self) -> None:
        while True:
            while self._must_wait():
                self._changed.clear()
                await self._changed.wait()
            begun = time.monotonic()
            try:
                await self._live()
            except Lost as lost:
                self._say(str(lost))
            if self._must_wait():
                continue  # it was closed because of that, and comes back as soon as the hub can take more
            if time.monotonic() - begun > self._backoff.most:
                self._backoff.reset()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._backoff.next()):
                    await self._retry.wait()
            self._retry.clear()

    def _say(self, reason: str) -> None:
        """Why the connection is down: once, not at each of a thousand tries. One who only looks says nothing."""
        if not self._settings.lasting:
            return
        # A hostile broker can put another number into each: that is no other reason.
        kind, text = re.sub(r"\d+", "0", reason), "The connection to the broker at %s is down: %s. Trying on."
        if self._faults.error(kind, text, self._state.address, reason, level=logging.WARNING):
            self._down_said = True

    async def _live(self) -> None:
        """One connection's life; raises :class:`Lost` at its end."""
        self._session += 1
        self._stalled_at = None
        connection = self._connection = self._connect(self._session, self._take, self._changed.set)
        try:
            await connection.open()
            hear_cancellation()
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
        if not connection.session_present and self._had_session:
            self._on_gap(self._current_to, now)
        self._had_session = True
        user = self._settings.username
        self._set(connected=True, protocol=connection.protocol, since=now, error=None, username=user)
        if self._down_said:
            self._down_said = False
            log.warning("The broker at %s is connected again.", self._state.address)
        if self._must_wait():
            self._stall()

    def _disconnected(self) -> None:
        if self._state.connected:
            now = now_ms()
            if self._stalled_at is None:
                # A dead peer is noticed within twice the keepalive; up to then everything had come.
                self._current_to = max(self._current_to, now - 2_000 * self._settings.keepalive_s)
            self._set(connected=False, subscribed=False, refused=(), since=now, reconnects=self._state.reconnects + 1)

    async def _serve(self, connection: Connection) -> None:
        asked: set[str] = set()
        while connection.lost is None:
            self._changed.clear()
            patience: float | None = None
            leaving, self._leaving = self._leaving, []
            if leaving:
                await connection.unsubscribe_from(leaving)
                asked.difference_update(leaving)
            missing = [topic for topic in self._topics if topic not in asked]
            if missing:
                refused = await connection.subscribe_to(missing)
                hear_cancellation()
                asked.update(missing)
                self._subscribed(refused)
                if refused:
                    asked.difference_update(refused)
                    patience = RESUBSCRIBE_S
            if self._stalled_at is not None:
                # In time before the keepalive would cut the connection, since its answers are not read either.
                left = self._stalled_at + self._settings.keepalive_s / 2 - time.monotonic()
                if left <= 0:
                    raise Lost("the hub cannot take more messages for now, the broker queues them")
                patience = left if patience is None else min(left, patience)
            if connection.lost is None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(patience):
                        await self._changed.wait()
        raise connection.lost

    def _subscribed(self, refused: dict[str, str]) -> None:
        """Note what the broker refuses: the link is subscribed as soon as it grants anything."""
        error = None
        if refused:
            named = ", ".join(f"{topic} ({reason})" for topic, reason in refused.items())
            error = f"The broker refused the subscription to {named}. Check the hub's rights in its access list."
        if self._settings.lasting and refused.keys() != self._refused_said:
            self._refused_said = set(refused)
            if error is None:
                log.info("The broker at %s grants all subscriptions now.", self._state.address)
            else:
                log.warning(
                    "%s What is published there does not arrive. Asking again every %g s.", error, RESUBSCRIBE_S
                )
        granted = len(refused) < len(self._topics)
        self._set(subscribed=granted, refused=tuple(refused.items()), error=error)

    def _take(self, messages: Sequence[RawMessage]) -> None:
        self._current_to = messages[-1].received
        taken = self._sink(messages)
        self._held += len([None for message in messages[:taken] if message.receipt is not None])
        if self._held > self._settings.window:
            self._stall()
        if taken < len(messages) and self._connection is not None:
            # The others are neither kept nor acknowledged, so a new connection must bring them again.
            self._connection.fail("the hub's queue is full")

    def ack(self, messages: Iterable[RawMessage]) -> None:
        """Acknowledge in the given order. Receipts of a session that has ended are left out: they come again.

        Every QoS 1 message that the sink took must come by here once; that is how the window is counted.
        """
        connection = self._connection
        held = [(receipt, each.session) for each in messages if (receipt := each.receipt) is not None]
        self._held -= len(held)
        receipts = [receipt for receipt, session in held if session == self._session]
        if receipts and connection is not None and connection.lost is None:
            connection.ack(receipts)
        self._go_on()

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1, retained: bool = False) -> None:
        """Raises :class:`BrokerError` when not connected, refused, or not confirmed in time."""
        connection = self._connection
        if not is_topic(topic):
            raise BrokerError(f"The message to {topic[:200]!r} was refused: this is no topic to publish to.")
        if connection is None or not self._state.connected:
            raise NotConnected(f"The hub is not connected to its broker at {self._state.address}.")
        try:
            async with asyncio.timeout(PUBLISH_S):
                await connection.send(topic, payload, qos, retained)
        except Refused as refused:
            raise BrokerError(f"The message to {topic!r} was refused: {refused}.") from None
        except (Lost, TimeoutError):
            raise Unconfirmed(
                f"The broker has not confirmed the message to {topic!r}.", "It may have arrived all the same."
            ) from None

    def subscribe(self, topics: Iterable[str]) -> None:
        """Add topic filters, now and on every reconnect."""
        new = [topic for topic in topics if topic not in self._topics and self._may_subscribe(topic)]
        if new:
            self._topics.update(dict.fromkeys(new))
            self._set(subscribed=False)
            self._changed.set()

    def _may_subscribe(self, topic: str) -> bool:
        """A broker would hang up at what is no filter, and again at every reconnect."""
        if is_filter(topic):
            return True
        self._faults.error("filter", "%r is no topic filter. What announced it is not subscribed to.", topic[:200])
        return False

    def unsubscribe(self, topics: Iterable[str]) -> None:
        """Give up topic filters, now or with the next connection: the broker keeps them with the session."""
        self._leaving += [topic for topic in topics if self._topics.pop(topic, self) is None]
        self._changed.set()

    def pause(self) -> None:
        """Stop taking messages in: the broker queues them. :meth:`resume` goes on."""
        self._paused = True
        if self._state.connected:  # before that the handshake must be read
            self._stall()

    def resume(self) -> None:
        self._paused = False
        self._go_on()

    def _must_wait(self) -> bool:
        return self._paused or self._held > self._settings.window

    def _stall(self) -> None:
        if self._stalled_at is None and self._connection is not None:
            self._stalled_at = time.monotonic()
            self._connection.stop_reading()
            self._changed.set()

    def _go_on(self) -> None:
        if self._must_wait():
            return
        if self._stalled_at is not None:
            self._stalled_at = None
            if self._connection is not None:
                self._connection.start_reading()
            self._changed.set()
        elif self._connection is None:
            self._changed.set()  # run() may wait for this before it connects

    def _set(self, **changes: object) -> None:
        self._state = msgspec.structs.replace(self._state, **changes)
