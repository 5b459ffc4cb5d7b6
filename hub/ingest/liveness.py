"""Signs of life other than readings, for presence and for the no-data rules.

Everything that a device sends is a sign of life: a status, a reply, a reported state, an event without values. A
message of a device is also a sign of life of its gateway. Retained and redelivered messages are not signs of life.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.dialects import Result
from hub.events import Event
from hub.ingest.queue import Entry
from hub.model import Availability, RawMessage, ValueExpired
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine


class Liveness:
    """Updates presence in the registry and no-data alerts in the rule engine, both at the same time."""

    def __init__(self, registry: DeviceRegistry, engine: Engine) -> None:
        self._registry, self._engine = registry, engine
        self._connection = 0  # number of the connection of the last message

    def note_connection(self, entries: Sequence[Entry]) -> None:
        """Tell the registry about a new connection to the broker, if the first entry came over a new one."""
        first = entries[0] if entries else None
        if isinstance(first, RawMessage) and first.connection != self._connection:
            self._connection = first.connection
            self._registry.connected(first.received)

    def hear(self, name: str, at: int) -> list[Event]:
        """Record a sign of life of a device. ``at`` is in epoch ms."""
        events = list(self._registry.hear(name, at))
        if (device := self._registry.get(name)) is not None:
            events += self._engine.hear(device, at)
        return events

    def hear_sender(self, name: str, message: RawMessage) -> list[Event]:
        """Record a sign of life of the device that sent a rejected or repeated message."""
        if message.retained or message.redelivered or self._registry.get(name) is None:
            return []
        self._registry.presence.mark_gateway_seen(name, message.received)
        return self.hear(name, message.received)

    def take(self, result: Result, message: RawMessage) -> list[Event]:
        """Apply what a decoded message says about presence, and record signs of life. Return the events."""
        events: list[Event] = []
        for availability in result.availability:
            events += self._available(availability)
        for name in result.gone:
            events += self._gone(name, message.received)
        for name in result.withdrawn:
            events += self._unexpected(name, message.received)
        if message.retained:
            return events
        reported = (update.device for update in result.desired_state if update.side == "reported")
        for name in (*result.heard, *reported, *(reply.device for reply in result.replies)):
            self._registry.presence.mark_gateway_seen(name, message.received)
            events += self.hear(name, message.received)
        return events

    def _available(self, availability: Availability) -> list[Event]:
        events = list(self._registry.available(availability))
        device, changed = self._registry.require(availability.device), bool(events)
        if availability.online and not availability.retained and not availability.through:
            self._registry.presence.mark_gateway_seen(device.id, availability.received)
            events += self._engine.hear(device, availability.received)
        if changed:
            events += self._engine.judge(device, availability.received)
        return events

    def _gone(self, name: str, at: int) -> list[Event]:
        if self._registry.get(name) is None:
            return []
        events = self.expire(ValueExpired(name, "", at, parts=True, withdrawn=True))
        events += self._available(Availability(name, online=False, retained=False, received=at))
        return events + self._unexpected(name, at)

    def _unexpected(self, name: str, at: int) -> list[Event]:
        """Note that a device is no longer announced. Until it sends again, its silence raises no alert."""
        return self._engine.judge(self._registry.withdraw(name), at) if self._registry.known(name) else []

    def expire(self, expiration: ValueExpired) -> list[Event]:
        """Mark the value of a metric as unknown, because it has expired.

        If the metric is no longer announced, also withdraw its alerts, because no reading could ever clear them.
        """
        events = self._registry.expire_value(expiration)
        device = self._registry.get(expiration.device) if expiration.withdrawn else None
        return events if device is None else events + self._engine.withdraw(device, expiration)

    def gateways(self) -> list[Event]:
        """Record a sign of life of each gateway that has passed on messages of its devices since the last call."""
        return [
            event for name, at in self._registry.presence.take_seen_gateways().items() for event in self.hear(name, at)
        ]
