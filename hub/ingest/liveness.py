"""Signs of life that are no readings, for the registry and for the rules that watch for silence.

A device is heard by whatever it sends itself: a status, a reply, a report of its state, an event without values. A
gateway is heard by whatever comes through it. What the broker only replays is no sign of life.
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
    """Every sign of life makes a device present and ends its alerts for silence, always both."""

    def __init__(self, registry: DeviceRegistry, engine: Engine) -> None:
        self._registry, self._engine = registry, engine
        self._session = 0  # of the connection that the last message came by

    def note_connection(self, entries: Sequence[Entry]) -> None:
        """Tell the registry of a new connection to the broker: the first entry is of another session then."""
        first = entries[0] if entries else None
        if isinstance(first, RawMessage) and first.session != self._session:
            self._session = first.session
            self._registry.connected(first.received)

    def hear(self, name: str, at: int) -> list[Event]:
        """Note a sign of life of a device."""
        events = list(self._registry.hear(name, at))
        if (device := self._registry.get(name)) is not None:
            events += self._engine.hear(device, at)
        return events

    def hear_sender(self, name: str, message: RawMessage) -> list[Event]:
        """Note that a device has sent a message that cannot be read or came before. What a broker replays or delivers
        again is no sign of life."""
        if message.retained or message.redelivered or self._registry.get(name) is None:
            return []
        self._registry.presence.mark_gateway_seen(name, message.received)
        return self.hear(name, message.received)

    def take(self, result: Result, message: RawMessage) -> list[Event]:
        """Apply what a message says on presence, and note which devices it is a sign of life of."""
        events: list[Event] = []
        for said in result.availability:
            events += self._available(said)
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

    def _available(self, said: Availability) -> list[Event]:
        events = list(self._registry.available(said))
        device, turned = self._registry.require(said.device), bool(events)
        if said.online and not said.retained and not said.through:
            self._registry.presence.mark_gateway_seen(device.id, said.received)
            events += self._engine.hear(device, said.received)
        if turned:
            events += self._engine.judge(device, said.received)
        return events

    def _gone(self, name: str, at: int) -> list[Event]:
        if self._registry.get(name) is None:
            return []
        events = self.expiration(ValueExpired(name, "", at, parts=True, withdrawn=True))
        events += self._available(Availability(name, online=False, retained=False, received=at))
        return events + self._unexpected(name, at)

    def _unexpected(self, name: str, at: int) -> list[Event]:
        """Nothing announces the device any more: its silence raises no alert until it speaks or is announced again."""
        return self._engine.judge(self._registry.withdraw(name), at) if self._registry.known(name) else []

    def expiration(self, expiration: ValueExpired) -> list[Event]:
        """Mark a value as no longer known. If it is no longer announced, no reading can end an alert on it: the alert
        is withdrawn."""
        events = self._registry.expire_value(expiration)
        device = self._registry.get(expiration.device) if expiration.withdrawn else None
        return events if device is None else events + self._engine.withdraw(device, expiration)

    def gateways(self) -> list[Event]:
        """Note signs of life of the gateways that have passed on messages since the last call."""
        return [
            event for name, at in self._registry.presence.take_seen_gateways().items() for event in self.hear(name, at)
        ]
