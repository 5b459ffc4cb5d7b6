"""What a link to a broker is, whichever library speaks for it.

A link keeps a persistent session (a stable client id, no clean start), reconnects by itself with backoff and jitter,
subscribes with QoS 1, hands messages to ``sink`` as they come, and acknowledges only when told to, after the
commit, in the order of receipt. It keeps its own bound on what is in flight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, Protocol

import msgspec

from hub.model import RawMessage

Sink = Callable[[Sequence[RawMessage]], int]
"""Takes what came together, without waiting, and says how many of them it has dealt with: kept, or shed and counted
where they are QoS 0. Fewer than all says that the next one, of QoS 1, found no room; nothing behind it was taken."""

GapListener = Callable[[int, int], None]
"""Called with (since, now) in ms when the broker has lost our session after the first run."""


class MqttClientSettings(msgspec.Struct, frozen=True):
    """Where and how to connect. ``window`` bounds the unacknowledged QoS 1 messages; what arrives together may
    exceed it by some hundred. ``protocol`` is the version of MQTT to speak, ``auto`` finds it out."""

    host: str
    port: int
    client_id: str
    username: str | None = None
    password: str | None = None
    tls: bool = False
    ca_file: str | None = None
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    transport: Literal["tcp", "websocket"] = "tcp"
    websocket_path: str = "/mqtt"
    keepalive_s: int = 15
    window: int = 10_000
    max_packet_bytes: int = 2_097_152
    """What the broker may send at once. A message beyond it never arrives: it should be more than a device may send."""
    lasting: bool = True
    """False: a session that ends with its connection and is sent everything with QoS 0, for one who only looks."""
    had_session: bool = False
    """True when this hub has connected with this client id before, so a missing session means a gap."""
    current_to: int = 0
    """Until when (ms) an earlier run is known to have received everything: a gap found at the start begins here."""


class MqttClientState(msgspec.Struct, frozen=True):
    """``subscribed`` is true after a SUBACK that grants at least one filter; ``refused`` are the filters that the
    broker does not grant, with its reasons. ``error`` is the last reason for a lost connection or a refusal, in our
    words; ``held`` counts the QoS 1 messages that came and are not acknowledged yet. ``username`` is the user of the
    last connection, None without one."""

    address: str
    connected: bool = False
    subscribed: bool = False
    protocol: str | None = None
    since: int | None = None
    reconnects: int = 0
    error: str | None = None
    held: int = 0
    username: str | None = None
    refused: tuple[tuple[str, str], ...] = ()


class MqttClient(Protocol):
    @property
    def state(self) -> MqttClientState: ...

    async def run(self) -> None:
        """Connect, receive, reconnect, until cancelled; then disconnect without shortening the session."""
        ...

    def ack(self, messages: Iterable[RawMessage]) -> None:
        """Acknowledge in the given order. Receipts of a session that has ended are left out: they come again.

        Each message that the sink took must come by here once, whatever its session: so the window is counted.
        """
        ...

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1, retained: bool = False) -> None:
        """Raises :class:`~hub.errors.BrokerError` when not connected or not confirmed in time."""
        ...

    def subscribe(self, topics: Iterable[str]) -> None:
        """Add topic filters, now and on every reconnect."""
        ...

    def unsubscribe(self, topics: Iterable[str]) -> None:
        """Give up topic filters that :meth:`subscribe` added."""
        ...

    def pause(self) -> None:
        """Stop taking messages in (the store stalls): the broker queues them. :meth:`resume` goes on."""
        ...

    def resume(self) -> None: ...
