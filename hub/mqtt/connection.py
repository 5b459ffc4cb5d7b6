"""Interface of one MQTT connection, whichever library is below it, and its exceptions.

A connection lasts from CONNECT until it is closed or lost. Reconnecting makes a new connection.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from hub.model import RawMessage

HANDSHAKE_S = 10.0
"""How long a broker may take to answer a CONNECT or a SUBSCRIBE."""
MAX_UNCONFIRMED = 1_000
"""Maximum number of published messages that wait for the broker's acknowledgement. Further messages are refused."""


class Lost(Exception):
    """The connection could not be made, or it ended. The text says why, without a full stop."""


class WrongVersion(Lost):
    """The broker reports that it does not support this version of MQTT."""


class Silent(Lost):
    """The broker closed the connection or did not answer. Old brokers do this when they receive a CONNECT of MQTT 5."""


class Refused(Exception):
    """The broker refused a message. The text says why."""


class Connection(Protocol):
    """One MQTT connection."""

    protocol: str
    session_present: bool  # the broker still had the session
    lost: Lost | None  # why the connection ended, None while it is open

    async def open(self) -> None:
        """Connect and wait for CONNACK. Raises :class:`Lost`."""

    async def subscribe_to(self, filters: Sequence[str]) -> dict[str, str]:
        """Subscribe with QoS 1, or 0 if the session is not persistent. Raises :class:`Lost`.

        Returns:
            The filters that the broker refused, each with its reason.
        """

    async def unsubscribe_from(self, filters: Sequence[str]) -> None:
        """Unsubscribe. Raises :class:`Lost`."""

    async def send(self, topic: str, payload: bytes, qos: int, retained: bool) -> None:
        """Publish a message. With QoS 1, wait for the acknowledgement. Raises :class:`Lost` and :class:`Refused`."""

    def ack(self, receipts: Sequence[int]) -> None:
        """Acknowledge messages by their receipts, in the given order."""

    def stop_reading(self) -> None: ...

    def start_reading(self) -> None: ...

    def fail(self, reason: str) -> None:
        """End the connection with this reason."""

    async def close(self) -> None:
        """Close the connection, with a DISCONNECT if it is still open. The broker keeps the session."""


Take = Callable[[Sequence[RawMessage]], None]
"""Called with the messages that arrived together, oldest first."""
Connect = Callable[[int, Take, Callable[[], None]], Connection]
"""Makes a connection from its number, the callback for messages, and the callback for a lost connection."""
