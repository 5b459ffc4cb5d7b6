"""Publish messages within the limits that the broker announced, and wait for the acknowledgements. Uses no socket."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from enum import IntEnum

import mqtt5

from hub.mqtt.connection import MAX_UNCONFIRMED, Lost, Refused

Confirmation = asyncio.Future[IntEnum]


def code_name(code: IntEnum) -> str:
    """Return the name of a reason code in the spelling of the standard, with spaces: ``Not authorized`` and so on."""
    return code.name.replace("_", " ").capitalize()


def failed(code: IntEnum) -> bool:
    """Return True if a reason code means failure. mqtt5 cannot compare the code itself, so its number is compared."""
    return int(code) >= 0x80


class Publishing:
    """Sends PUBLISH packets over a connection, and allocates the packet ids for all packets.

    ``write`` sends bytes over the connection.
    """

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._limits = mqtt5.ConnAckPacket()
        self._number = 0  # the last packet id that was allocated
        self._used: set[int] = set()  # packet ids in use
        self._waiting: deque[tuple[bytes, int | None, Confirmation]] = deque()  # packets that are not written yet
        self._unconfirmed: dict[int, Confirmation] = {}  # written, by packet id
        self._paused = False  # the socket's send buffer is full

    def begin(self, connack: mqtt5.ConnAckPacket) -> None:
        """Begin a connection: from now on, keep to the limits that the broker has announced in ``connack``."""
        self._limits = connack

    def allocate(self) -> int:
        """Return a free packet id. It stays in use until :meth:`release`."""
        while True:
            self._number = self._number % 65_535 + 1
            if self._number not in self._used:
                self._used.add(self._number)
                return self._number

    def release(self, number: int) -> None:
        self._used.discard(number)

    async def send(self, topic: str, payload: bytes, qos: int, retained: bool) -> None:
        """Publish a message. With QoS 1, wait for the acknowledgement. Raises Lost and Refused."""
        if len(self._waiting) + len(self._unconfirmed) >= MAX_UNCONFIRMED:
            raise Refused("too many messages wait for the broker's acknowledgement")
        if qos > int(self._limits.max_qos):
            raise Refused("the broker supports QoS 0 only")
        if retained and not self._limits.retain_available:
            raise Refused("the broker does not support retained messages")
        number = self.allocate() if qos else None
        try:
            packet = mqtt5.PublishPacket(topic, payload, qos=mqtt5.QoS(qos), retain=retained, packet_id=number).write()
        except ValueError as error:
            self._used.discard(number or 0)
            raise Refused("its topic is invalid or it is too large") from error
        if self._limits.max_packet_size is not None and len(packet) > self._limits.max_packet_size:
            self._used.discard(number or 0)
            raise Refused("it is larger than the broker allows")
        confirmation: Confirmation = asyncio.get_running_loop().create_future()
        self._waiting.append((packet, number, confirmation))
        self._send_more()
        reason = await confirmation
        if failed(reason):
            raise Refused(code_name(reason))

    def confirmed(self, number: int, reason: IntEnum) -> None:
        """Handle a PUBACK. Ignore one with an unknown packet id."""
        confirmation = self._unconfirmed.pop(number, None)
        if confirmation is not None:
            self._used.discard(number)
            _resolve(confirmation, reason)
            self._send_more()

    def pause(self) -> None:
        """Stop writing until :meth:`resume`, because the broker reads too slowly."""
        self._paused = True

    def resume(self) -> None:
        self._paused = False
        self._send_more()

    def fail(self, lost: Lost) -> None:
        for confirmation in (*self._unconfirmed.values(), *(waiting for _, _, waiting in self._waiting)):
            if not confirmation.done():
                confirmation.set_exception(lost)
                confirmation.exception()  # marks it as retrieved, since nobody may be waiting for it

    def _send_more(self) -> None:
        while self._waiting and not self._paused:
            packet, number, confirmation = self._waiting[0]
            if number is not None and len(self._unconfirmed) >= self._limits.receive_max:
                return
            self._waiting.popleft()
            if confirmation.done():  # the caller gave up in the meantime
                self._used.discard(number or 0)
                continue
            self._write(packet)
            if number is None:
                _resolve(confirmation, mqtt5.PubAckReasonCode.SUCCESS)
            else:
                self._unconfirmed[number] = confirmation


def _resolve(confirmation: Confirmation, reason: IntEnum) -> None:
    if not confirmation.done():
        confirmation.set_result(reason)
