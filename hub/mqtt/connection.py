"""What a link asks of one connection, whichever library speaks MQTT on it, and the ways one can fail.

It knows no MQTT library. A connection lives from CONNECT to its end and is never used again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from hub.model import RawMessage

HANDSHAKE_S = 10.0
"""How long a broker may take to answer a CONNECT or a SUBSCRIBE."""
MAX_UNCONFIRMED = 1_000
"""Messages on their way out at the same time; further ones are refused."""


class Lost(Exception):
    """A connection failed or ended; the text is for people, without a full stop."""


class WrongVersion(Lost):
    """The broker says that it does not speak this version of MQTT."""


class Silent(Lost):
    """The broker hung up or waited without a word; old ones answer MQTT 5 in these ways."""


class Refused(Exception):
    """The broker took the connection but not what was asked of it; the text says why."""


class Connection(Protocol):
    """``lost`` says why it is over, None while it is not."""

    protocol: str
    session_present: bool
    lost: Lost | None

    async def open(self) -> None:
        """Connect and wait for CONNACK; raises :class:`Lost`."""

    async def subscribe_to(self, filters: Sequence[str]) -> dict[str, str]:
        """Subscribe with QoS 1, or 0 where the session does not last; returns the refused filters with the broker's
        reason. Raises :class:`Lost`."""

    async def unsubscribe_from(self, filters: Sequence[str]) -> None:
        """Raises :class:`Lost`."""

    async def send(self, topic: str, payload: bytes, qos: int, retained: bool) -> None:
        """Publish; at QoS 1 returns once confirmed. Raises :class:`Lost` and :class:`Refused`."""

    def ack(self, receipts: Sequence[int]) -> None:
        """Acknowledge in this order."""

    def stop_reading(self) -> None: ...

    def start_reading(self) -> None: ...

    def fail(self, reason: str) -> None:
        """Give the connection up."""

    async def close(self) -> None:
        """End it, politely where that is possible, without shortening the session."""


Take = Callable[[Sequence[RawMessage]], None]
"""Takes what came together, oldest first."""
Connect = Callable[[int, Take, Callable[[], None]], Connection]
"""Makes a connection from the session's number, what takes its messages, and what to call when it is over."""


def hear_cancellation() -> None:
    """Raise CancelledError where the running task was cancelled and a library has swallowed it."""
    # A library that uses asyncio.wait_for swallows a cancellation that comes with the result (Python 3.11).
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
