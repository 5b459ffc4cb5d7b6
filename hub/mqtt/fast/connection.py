"""MQTT 5 connection as a raw asyncio protocol. Packets that arrive together are passed on together.

``packets`` turns bytes into packets, ``publishing`` sends messages. This file has the handshake, subscriptions, the
keepalive and the end of a connection. The hub does not allow the broker to use topic aliases.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import IntEnum
from functools import cache, partial
from typing import Any

import mqtt5
from mqtt5 import DisconnectReasonCode

from hub.model import RawMessage
from hub.mqtt.client import MqttClientSettings
from hub.mqtt.connection import HANDSHAKE_S, Lost, Silent, Take, WrongVersion
from hub.mqtt.fast.packets import LaxPublish, Malformed, Packet, PacketReader
from hub.mqtt.fast.publishing import Publishing, code_name, failed
from hub.mqtt.reason_codes import reason_of_end, reason_of_failure, reason_of_refusal
from hub.mqtt.transport import Transport, connect
from hub.runtime.clock import now_ms

SESSION_EXPIRY_S = 604_800
CLOSE_S = 2.0
READ_BURST = 256
"""Maximum number of packets passed on together. Unacknowledged messages may exceed their limit by this many."""


class FastConnection(asyncio.Protocol):
    """A connection to a broker with MQTT 5. ``timeout_s`` is how long the broker may take to send its CONNACK."""

    protocol = "MQTT 5"

    def __init__(
        self, settings: MqttClientSettings, timeout_s: float, number: int, take: Take, changed: Callable[[], None]
    ) -> None:
        self.session_present = False
        self.lost: Lost | None = None
        self._settings = settings
        self._timeout_s = timeout_s
        self._number = number
        self._take = take
        self._changed = changed
        self._loop = asyncio.get_running_loop()
        self._transport: Transport | None = None
        self._reader = PacketReader(settings.max_packet_bytes)
        self._reading = True
        self._connack: asyncio.Future[mqtt5.ConnAckPacket] = self._loop.create_future()
        self._answers: dict[int, asyncio.Future[Sequence[IntEnum]]] = {}  # to SUBSCRIBE and UNSUBSCRIBE, by packet id
        self._publishing = Publishing(self._write)
        self._closed = asyncio.Event()
        self._keepalive = float(settings.keepalive_s)
        self._last_received = 0.0
        self._ping_timer: asyncio.TimerHandle | None = None

    # -- open and close ----------------------------------------------------------------------------------------

    async def open(self) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                self._transport = await connect(self._settings, self)
                self._write(_connect_packet(self._settings).write())
                connack = await self._connack
        except TimeoutError as error:
            kind = Silent if self._transport is not None else Lost
            raise kind(reason_of_failure(error)) from None
        except OSError as error:
            raise Lost(reason_of_failure(error)) from None
        except ValueError as error:
            raise Lost(f"these settings are not valid in MQTT: {error}") from None
        if connack.reason_code == mqtt5.ConnAckReasonCode.UNSUPPORTED_PROTOCOL_VERSION:
            raise WrongVersion("the broker does not speak MQTT 5")
        if failed(connack.reason_code):
            raise Lost(f"the broker refused the connection: {reason_of_refusal(code_name(connack.reason_code))}")
        self.session_present = connack.session_present
        self._publishing.begin(connack)
        self._keepalive = float(connack.server_keep_alive or self._keepalive)
        self._last_received = time.monotonic()
        self._check_keepalive()

    async def close(self) -> None:
        opened = self._ping_timer is not None
        if opened and self.lost is None and self._transport is not None and not self._transport.is_closing():
            self._write(mqtt5.DisconnectPacket().write())
            self.fail("it was closed")
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    self._transport.resume_reading()  # the end of the stream comes after all that the broker sent
                    await self._closed.wait()
        self.fail("it was closed")
        if self._transport is not None:
            self._transport.abort()

    def fail(self, reason: str) -> None:
        self._end(Lost(reason))

    def _end(self, lost: Lost) -> None:
        if self.lost is not None:
            return
        self.lost = lost
        if self._ping_timer is not None:
            self._ping_timer.cancel()
        waiting: list[asyncio.Future[Any]] = [self._connack, *self._answers.values()]
        for future in waiting:
            if not future.done():
                future.set_exception(lost)
                future.exception()  # marks it as retrieved, since nobody may be waiting for it
        self._publishing.fail(lost)
        self._changed()

    def _check_keepalive(self) -> None:
        """Send a PINGREQ twice per keepalive. End the connection if nothing arrived for one and a half keepalives."""
        if self._reading and time.monotonic() - self._last_received >= 1.5 * self._keepalive:
            self.fail(reason_of_end("Keep alive timeout"))
        else:
            self._write(mqtt5.PingReqPacket().write())
            self._ping_timer = self._loop.call_later(self._keepalive / 2, self._check_keepalive)

    # -- called by the client ----------------------------------------------------------------------------------

    async def subscribe_to(self, filters: Sequence[str]) -> dict[str, str]:
        # Without retain-as-published only messages that the broker replays have the retain flag, not live ones.
        max_qos = mqtt5.QoS(int(self._settings.persistent))
        topic_filter = partial(mqtt5.TopicFilter, max_qos=max_qos, retain_as_published=False)
        try:
            topic_filters = [topic_filter(each) for each in filters]
            codes = await self._request(lambda number: mqtt5.SubscribePacket(number, topic_filters).write())
            refused = {each: code for each, code in zip(filters, codes, strict=True) if failed(code)}
        except ValueError:
            raise Lost(f"one of these topic filters is invalid: {', '.join(filters)}") from None
        return {each: code_name(code) for each, code in refused.items()}

    async def unsubscribe_from(self, filters: Sequence[str]) -> None:
        await self._request(lambda number: mqtt5.UnsubscribePacket(number, list(filters)).write())

    async def _request(self, packet: Callable[[int], bytes]) -> Sequence[IntEnum]:
        """Send SUBSCRIBE or UNSUBSCRIBE, and return the reason codes in the broker's answer.

        ``packet`` is called with a free packet id, and returns the bytes to send. Raises Lost if the broker does not
        answer.
        """
        if self.lost is not None:
            raise self.lost
        number = self._publishing.allocate()
        answer: asyncio.Future[Sequence[IntEnum]] = self._loop.create_future()
        self._answers[number] = answer
        try:
            self._write(packet(number))
            async with asyncio.timeout(HANDSHAKE_S):
                return await answer
        except TimeoutError:
            raise Lost("the broker did not answer SUBSCRIBE or UNSUBSCRIBE") from None
        finally:
            del self._answers[number]
            self._publishing.release(number)

    async def send(self, topic: str, payload: bytes, qos: int, retained: bool) -> None:
        if self.lost is not None:
            raise self.lost
        await self._publishing.send(topic, payload, qos, retained)

    def ack(self, receipts: Sequence[int]) -> None:
        self._write(b"".join(map(_puback, receipts)))

    def stop_reading(self) -> None:
        self._reading = False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def start_reading(self) -> None:
        self._reading = True
        if self._transport is not None and not self._transport.is_closing():
            self._last_received = time.monotonic()
            self._transport.resume_reading()
            self._loop.call_soon(self._read)  # bytes that were received before

    # -- called by the transport -------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        self._last_received = time.monotonic()
        if self.lost is None:
            self._reader.feed(data)
            self._read()

    def pause_writing(self) -> None:
        self._publishing.pause()

    def resume_writing(self) -> None:
        self._publishing.resume()

    def connection_lost(self, error: Exception | None) -> None:
        self._closed.set()
        if not self._connack.done():
            self._end(Silent("the broker closed the connection during the handshake"))
        self.fail(reason_of_end(""))

    # -- packets -----------------------------------------------------------------------------------------------

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _read(self) -> None:
        now = now_ms()
        try:
            while self._reading and self.lost is None and (packets := self._reader.take(READ_BURST)):
                if not self._connack.done() and type(packets[0]) is not mqtt5.ConnAckPacket:
                    raise Malformed("its first packet was not a CONNACK", DisconnectReasonCode.PROTOCOL_ERROR)
                self._pass_on(packets, now)
        except Malformed as malformed:
            if not self._connack.done():
                self._end(WrongVersion(f"the broker does not speak MQTT 5: {malformed}"))
            else:
                self._write(mqtt5.DisconnectPacket(reason_code=malformed.code).write())
                self.fail(f"the broker violated the protocol: {malformed}")

    def _pass_on(self, packets: Sequence[Packet], now: int) -> None:
        messages: list[RawMessage] = []
        number, add = self._number, messages.append
        publish = mqtt5.PublishPacket
        try:
            for packet in packets:
                if type(packet) is not publish and type(packet) is not LaxPublish:
                    self._handle(packet)
                    continue
                topic, receipt = packet.topic, packet.packet_id
                if not topic or (receipt is not None and packet.qos == 2):
                    raise Malformed("it sent a message that was not subscribed", DisconnectReasonCode.PROTOCOL_ERROR)
                qos = 0 if receipt is None else 1
                dup = packet.duplicate
                add(RawMessage(topic, packet.payload, now, qos, packet.retain, receipt, number, dup))
        finally:
            if messages:
                self._take(messages)

    def _handle(self, packet: Packet) -> None:
        match packet:
            case mqtt5.PubAckPacket():
                self._publishing.confirmed(packet.packet_id, packet.reason_code)
            case mqtt5.SubAckPacket() | mqtt5.UnsubAckPacket():
                answer = self._answers.get(packet.packet_id)
                if answer is not None and not answer.done():
                    answer.set_result(packet.reason_codes)
            case mqtt5.PingRespPacket():
                pass  # data_received() has noted the time
            case mqtt5.ConnAckPacket() if not self._connack.done():
                self._connack.set_result(packet)
            case mqtt5.DisconnectPacket():
                self.fail(reason_of_end(code_name(packet.reason_code)))
            case _:
                raise Malformed("it sent an unexpected packet", DisconnectReasonCode.PROTOCOL_ERROR)


@cache
def _puback(receipt: int) -> bytes:
    """Return the bytes of the PUBACK for a packet id.

    The bytes are cached, because there are only 65,535 packet ids.
    """
    return mqtt5.PubAckPacket(receipt).write()


def _connect_packet(settings: MqttClientSettings) -> mqtt5.ConnectPacket:
    will = None
    if settings.will is not None:
        topic, payload = settings.will
        will = mqtt5.Will(topic, payload=payload, qos=mqtt5.QoS.AT_LEAST_ONCE, retain=True)
    return mqtt5.ConnectPacket(
        settings.client_id,
        will=will,
        username=settings.username,
        password=None if settings.password is None else settings.password.encode(),
        clean_start=not settings.persistent,
        keep_alive=settings.keepalive_s,
        session_expiry_interval=SESSION_EXPIRY_S if settings.persistent else 0,
        receive_max=min(settings.window, 65_535),
        max_packet_size=settings.max_packet_bytes,
    )
