"""How many messages the broker has dropped: what its queue had no room for while the hub, or another client, was away.

Nothing else tells of it: the session is still there and what was kept is delivered. Mosquitto counts them below
``$SYS``. It is read over a connection of its own, so that a broker without ``$SYS``, or one that forbids it, takes
nothing from the hub's link.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from hub.model import RawMessage
from hub.mqtt.client import MqttClientSettings
from hub.mqtt.version_negotiation import NegotiatingClient

TOPIC = "$SYS/broker/publish/messages/dropped"
QUIET_MS = 300_000
"""Drops that go on are told together after this long: once, not a thousand times."""

log = logging.getLogger(__name__)


class BrokerDropMonitor:
    """``known`` is the broker's count as this installation saw it last, ``on_drop`` is called with (since, now, how
    many) and ``keep`` with every new count."""

    def __init__(
        self, known: int | None, *, on_drop: Callable[[int, int, int], None], keep: Callable[[int], None]
    ) -> None:
        self._known = known
        self._on_drop = on_drop
        self._keep = keep
        self._untold = 0
        self._since = 0
        self._told: int | None = None
        self._link: NegotiatingClient | None = None
        self.total = 0

    async def run(self, settings: MqttClientSettings) -> None:
        """Until cancelled. The settings are those of a session that does not last."""
        self._link = link = NegotiatingClient(settings, self.take, lambda since, now: None)
        link.subscribe([TOPIC])
        await link.run()

    def use(self, settings: MqttClientSettings) -> None:
        """Connect anew with other credentials."""
        if self._link is not None:
            self._link.use(settings)

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
        # A broker that was started anew counts from 0.
        new = count - known if count > known else count
        self.total += new
        self._untold += new
        if self._untold and (self._told is None or now - self._told >= QUIET_MS):
            log.warning(
                "the broker has dropped %d messages: a client's queue was full. If it was the hub's, they are lost to "
                "it; raise max_queued_messages in mosquitto.conf",
                self._untold,
            )
            self._on_drop(self._since, now, self._untold)
            self._untold, self._told = 0, now
        self._since = now
