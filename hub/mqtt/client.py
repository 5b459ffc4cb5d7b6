"""Interface of the hub's MQTT client, whichever library is below it.

A client keeps a persistent session (fixed client id, no clean start), reconnects by itself with backoff and jitter,
subscribes with QoS 1 and passes messages to a ``sink`` as they arrive. It acknowledges them only when :meth:`ack
<MqttClient.ack>` is called, after the commit, and limits how many are unacknowledged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, Protocol

import msgspec

from hub.model import RawMessage

Sink = Callable[[Sequence[RawMessage]], int]
"""Takes messages that arrived together and returns how many it accepted, without waiting.

Accepted means queued, or dropped and counted (QoS 0 only). A result ``n`` below the number of messages means that
message ``n`` (from 0) has QoS 1 and found the queue full. It and the messages after it were not accepted.
"""

GapListener = Callable[[int, int], None]
"""Called with (since, now) in ms when the broker lost the session of an earlier connection."""

OutageListener = Callable[[bool, str, str | None], None]
"""Called with (connected, address, reason) when the connection is lost and when it is back."""


class MqttClientSettings(msgspec.Struct, frozen=True):
    """Where and how to connect."""

    host: str
    port: int
    client_id: str
    username: str | None = None
    password: str | None = None
    tls: bool = False
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    transport: Literal["tcp", "websocket"] = "tcp"
    websocket_path: str = "/mqtt"
    keepalive_s: int = 15
    window: int = 10_000
    """Limit of unacknowledged QoS 1 messages. Messages that arrive together may exceed it by a few hundred."""
    max_packet_bytes: int = 2_097_152
    """The largest packet that the broker may send. It never delivers larger messages: allow more than devices send."""
    persistent: bool = True
    """False: the session ends with its connection and receives everything with QoS 0, for a client that only reads."""
    had_session: bool = False
    """True if the broker should have a session of this client id. If it has none, messages may be lost."""
    will: tuple[str, bytes] | None = None
    """Topic and payload of a retained message that the broker publishes when it loses the connection."""
    current_to: int = 0
    """Time (ms) up to which an earlier run received all messages. A gap that is found at start-up begins here."""


class MqttClientState(msgspec.Struct, frozen=True):
    """State of the connection to the broker."""

    address: str
    connected: bool = False
    subscribed: bool = False  # the broker granted at least one filter
    protocol: str | None = None
    since: int | None = None  # of the last change of ``connected``, in ms
    reconnects: int = 0
    error: str | None = None  # why the last connection ended, or what the broker refused
    held: int = 0  # QoS 1 messages that were received and are not acknowledged yet
    username: str | None = None  # of the last connection
    refused: tuple[tuple[str, str], ...] = ()  # filters that the broker refused, with its reasons


class MqttClient(Protocol):
    """Client with a persistent session that reconnects by itself."""

    @property
    def state(self) -> MqttClientState: ...

    async def run(self) -> None:
        """Connect, receive messages and reconnect until the task is cancelled; then disconnect.

        The broker keeps the session.
        """
        ...

    def ack(self, messages: Iterable[RawMessage]) -> None:
        """Acknowledge messages to the broker, in the given order.

        Pass every message that the sink accepted exactly once, because each of them frees a place in the client's
        receive window. Messages of an earlier connection must be passed, too. The client does not acknowledge those to
        the broker, which delivers them again.
        """
        ...

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1, retained: bool = False) -> None:
        """Publish a message; at QoS 1 wait until the broker acknowledged it.

        Raises:
            NotConnected: Nothing was sent.
            Unconfirmed: The broker did not acknowledge in time. The message may have arrived.
            BrokerError: The topic is invalid, or the broker refused the message.
        """
        ...

    def subscribe(self, topics: Iterable[str]) -> None:
        """Add topic filters to those that are subscribed on this connection and on all later ones."""
        ...

    def unsubscribe(self, topics: Iterable[str]) -> None:
        """Remove topic filters that :meth:`subscribe` added, now or in an earlier run with the same session."""
        ...

    def pause(self) -> None:
        """Stop reading messages until :meth:`resume`, because the store does not keep up. The broker queues them."""
        ...

    def resume(self) -> None: ...
