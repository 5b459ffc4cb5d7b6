"""Messages on their way out: numbered, held to what the broker can take, and confirmed. It knows no socket."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from enum import IntEnum

import mqtt5

from hub.mqtt.connection import MAX_UNCONFIRMED, Lost, Refused

Confirmation = asyncio.Future[IntEnum]


def words(code: IntEnum) -> str:
    """A reason code's name as the protocol spells it, as in ``Not authorized``."""
    return code.name.replace("_", " ").capitalize()


def failed(code: IntEnum) -> bool:
    """Whether a reason code says that something was not done. (mqtt5's codes do not compare with numbers.)"""
    return int(code) >= 0x80


class Publishing:
    """``write`` takes bytes for the broker. Packet numbers are given out here, also for subscriptions."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._limits = mqtt5.ConnAckPacket()
        self._number = 0
        self._taken: set[int] = set()
        self._waiting: deque[tuple[bytes, int | None, Confirmation]] = deque()
        self._unconfirmed: dict[int, Confirmation] = {}
        self._held = False

    def begin(self, connack: mqtt5.ConnAckPacket) -> None:
        """Heed what the broker says that it can take."""
        self._limits = connack

    def number(self) -> int:
        """A packet number that is free; give it back with :meth:`release`."""
        while True:
            self._number = self._number % 65_535 + 1
            if self._number not in self._taken:
                self._taken.add(self._number)
                return self._number

    def release(self, number: int) -> None:
        self._taken.discard(number)

    async def send(self, topic: str, payload: bytes, qos: int, retained: bool) -> None:
        """Publish; at QoS 1 returns once confirmed. Raises Lost and Refused."""
        if len(self._waiting) + len(self._unconfirmed) >= MAX_UNCONFIRMED:
            raise Refused("too many messages wait for the broker's confirmation")
        if qos > int(self._limits.max_qos):
            raise Refused("the broker takes QoS 0 only")
        if retained and not self._limits.retain_available:
            raise Refused("the broker retains no messages")
        number = self.number() if qos else None
        try:
            packet = mqtt5.PublishPacket(topic, payload, qos=mqtt5.QoS(qos), retain=retained, packet_id=number).write()
        except ValueError as error:
            self._taken.discard(number or 0)
            raise Refused("its topic or its size is not allowed") from error
        if self._limits.max_packet_size is not None and len(packet) > self._limits.max_packet_size:
            self._taken.discard(number or 0)
            raise Refused("it is larger than the broker takes")
        confirmation: Confirmation = asyncio.get_running_loop().create_future()
        self._waiting.append((packet, number, confirmation))
        self._send_more()
        reason = await confirmation
        if failed(reason):
            raise Refused(words(reason))

    def confirmed(self, number: int, reason: IntEnum) -> None:
        """The broker has answered; one that nobody waits for is no harm."""
        confirmation = self._unconfirmed.pop(number, None)
        if confirmation is not None:
            self._taken.discard(number)
            _answer(confirmation, reason)
            self._send_more()

    def hold(self) -> None:
        """Write nothing for now: the broker does not keep up."""
        self._held = True

    def go_on(self) -> None:
        self._held = False
        self._send_more()

    def fail(self, lost: Lost) -> None:
        for confirmation in (*self._unconfirmed.values(), *(waiting for _, _, waiting in self._waiting)):
            if not confirmation.done():
                confirmation.set_exception(lost)
                confirmation.exception()  # perhaps nobody waits for it any more

    def _send_more(self) -> None:
        while self._waiting and not self._held:
            packet, number, confirmation = self._waiting[0]
            if number is not None and len(self._unconfirmed) >= self._limits.receive_max:
                return
            self._waiting.popleft()
            if confirmation.done():  # given up while it waited
                self._taken.discard(number or 0)
                continue
            self._write(packet)
            if number is None:
                _answer(confirmation, mqtt5.PubAckReasonCode.SUCCESS)
            else:
                self._unconfirmed[number] = confirmation


def _answer(confirmation: Confirmation, reason: IntEnum) -> None:
    if not confirmation.done():
        confirmation.set_result(reason)
