"""Count the messages that the broker dropped because the queue of a disconnected client was full.

A client cannot detect this: its session still exists, and the messages that stayed in the queue arrive. So the counter
that Mosquitto publishes below ``$SYS`` is read. This uses a separate connection, because a broker that has no ``$SYS``,
or forbids it, must not affect the hub's own connection.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from hub.model import RawMessage
from hub.mqtt.client import MqttClientSettings
from hub.mqtt.version_negotiation import NegotiatingClient

TOPIC = "$SYS/broker/publish/messages/dropped"
QUIET_MS = 300_000
"""Time in ms between two reports. Drops within this time are reported together."""

log = logging.getLogger(__name__)


class BrokerDropMonitor:
    """Reports messages that the broker dropped, as the broker counts them.

    Args:
        known: The broker's count when this hub last read it; None if it has never read it.
        on_drop: Called with the begin and the end of the time in which messages were dropped (ms), and their number.
        keep: Called with each new count, so that the caller stores it.
    """

    def __init__(
        self, known: int | None, *, on_drop: Callable[[int, int, int], None], keep: Callable[[int], None]
    ) -> None:
        self._known = known
        self._on_drop = on_drop
        self._keep = keep
        self._unreported = 0
        self._begin = 0  # start of the period in which the unreported drops happened
        self._since = 0  # when the counter was last received
        self._reported_at: int | None = None
        self._timer: asyncio.TimerHandle | None = None  # of the next report
        self._link: NegotiatingClient | None = None
        self.total = 0  # dropped since the hub started

    async def run(self, settings: MqttClientSettings) -> None:
        """Read the broker's counter until the task is cancelled. ``settings`` must have ``persistent`` False."""
        self._link = link = NegotiatingClient(settings, self.take, lambda since, now: None)
        link.subscribe([TOPIC])
        try:
            await link.run()
        finally:
            if self._timer is not None:
                self._timer.cancel()

    def reconnect_with(self, settings: MqttClientSettings) -> None:
        """Reconnect to the broker with other credentials."""
        if self._link is not None:
            self._link.reconnect_with(settings)

    def take(self, messages: Sequence[RawMessage]) -> int:
        for message in messages:
            if message.topic == TOPIC and message.payload.isdigit() and len(message.payload) < 20:
                self._count(int(message.payload), message.received)
        return len(messages)

    def _count(self, count: int, now: int) -> None:
        known, self._known = self._known, count
        if count == known:
            return
        self._keep(count)
        if known is None:
            return
        # After a restart the broker counts from 0.
        new = count - known if count > known else count
        self.total += new
        self._begin = self._begin if self._unreported else self._since
        self._unreported += new
        self._since = now
        wait = 0 if self._reported_at is None else self._reported_at + QUIET_MS - now
        if wait <= 0:
            self._report()
        elif self._timer is None:  # report even if the counter does not change again
            self._timer = asyncio.get_running_loop().call_later(wait / 1000, self._report)

    def _report(self) -> None:
        """Report how many messages the broker has dropped since the last report, if any."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._unreported:
            return
        log.warning(
            "The broker dropped %d messages because a client's queue was full. If it was the hub's queue, the hub "
            "will not receive them. Raise max_queued_messages in mosquitto.conf.",
            self._unreported,
        )
        self._on_drop(self._begin, self._since, self._unreported)
        self._unreported, self._reported_at = 0, self._since
