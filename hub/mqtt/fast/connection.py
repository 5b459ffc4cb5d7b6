"""One MQTT 5 connection as a raw asyncio protocol: what arrives together goes through together.

How bytes become packets stands in ``packets``, how messages go out in ``publishing``; here are the handshake,
subscriptions, flow control, the keepalive and the end. Topic aliases are never asked for.
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
from hub.mqtt.fast.publishing import Publishing, failed, words
from hub.mqtt.reason_codes import reason_of_end, reason_of_failure, reason_of_refusal
from hub.mqtt.transport import Transport, connect
from hub.runtime.clock import now_ms

SESSION_EXPIRY_S = 604_800
CLOSE_S = 2.0
READ_BURST = 256
"""Packets handed on at once: by so many may a flood exceed the window before reading stops."""


class FastConnection(asyncio.Protocol):
    """A :class:`hub.mqtt.connection.Connection`. ``patience`` is how long the broker may take for its CONNACK."""

    protocol = "MQTT 5"

    def __init__(
        self, settings: MqttClientSettings, patience: float, session: int, take: Take, changed: Callable[[], None]
    ) -> None:
        self.session_present = False
        self.lost: Lost | None = None
        self._settings = settings
        self._patience = patience
        self._session = session
        self._take = take
        self._changed = changed
        self._loop = asyncio.get_running_loop()
        self._wire: Transport | None = None
        self._reader = PacketReader(settings.max_packet_bytes)
        self._reading = True
        self._connack: asyncio.Future[mqtt5.ConnAckPacket] = self._loop.create_future()
        self._answers: dict[int, asyncio.Future[Sequence[IntEnum]]] = {}
        self._publishing = Publishing(self._write)
        self._over = asyncio.Event()
        self._keepalive = float(settings.keepalive_s)
        self._heard = 0.0
        self._beat: asyncio.TimerHandle | None = None

    # -- the connection's life ---------------------------------------------------------------------------------

    async def open(self) -> None:
        try:
            async with asyncio.timeout(self._patience):
                self._wire = await connect(self._settings, self)
                self._write(_connect_packet(self._settings).write())
                connack = await self._connack
        except TimeoutError as error:
            kind = Silent if self._wire is not None else Lost
            raise kind(reason_of_failure(error)) from None
        except OSError as error:
            raise Lost(reason_of_failure(error)) from None
        except ValueError as error:
            raise Lost(f"these settings do not fit into MQTT: {error}") from None
        if connack.reason_code == mqtt5.ConnAckReasonCode.UNSUPPORTED_PROTOCOL_VERSION:
            raise WrongVersion("the broker does not speak MQTT 5")
        if failed(connack.reason_code):
            raise Lost(f"the broker refused the connection: {reason_of_refusal(words(connack.reason_code))}")
        self.session_present = connack.session_present
        self._publishing.begin(connack)
        self._keepalive = float(connack.server_keep_alive or self._keepalive)
        self._heard = time.monotonic()
        self._watch()

    async def close(self) -> None:
        opened = self._beat is not None
        if opened and self.lost is None and self._wire is not None and not self._wire.is_closing():
            self._write(mqtt5.DisconnectPacket().write())
            self.fail("it was closed")
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    self._wire.resume_reading()  # the broker's end of it stands behind all that it has sent
                    await self._over.wait()
        self.fail("it was closed")
        if self._wire is not None:
            self._wire.abort()

    def fail(self, reason: str) -> None:
        self._end(Lost(reason))

    def _end(self, lost: Lost) -> None:
        if self.lost is not None:
            return
        self.lost = lost
        if self._beat is not None:
            self._beat.cancel()
        waiting: list[asyncio.Future[Any]] = [self._connack, *self._answers.values()]
        for future in waiting:
            if not future.done():
                future.set_exception(lost)
                future.exception()  # perhaps nobody waits for it any more, and that is all right
        self._publishing.fail(lost)
        self._changed()

    def _watch(self) -> None:
        """Twice in a keepalive ask for a sign of life; without any for one and a half it is over, before two are."""
        if self._reading and time.monotonic() - self._heard >= 1.5 * self._keepalive:
            self.fail(reason_of_end("Keep alive timeout"))
        else:
            self._write(mqtt5.PingReqPacket().write())
            self._beat = self._loop.call_later(self._keepalive / 2, self._watch)

    # -- what the link asks ------------------------------------------------------------------------------------

    async def subscribe_to(self, filters: Sequence[str]) -> dict[str, str]:
        # A message that is live is news, even if its publisher wants it retained: only replays shall be marked.
        most = mqtt5.QoS(int(self._settings.lasting))
        live = partial(mqtt5.TopicFilter, max_qos=most, retain_as_published=False)
        try:
            wanted = [live(each) for each in filters]
            codes = await self._ask(lambda number: mqtt5.SubscribePacket(number, wanted).write())
            refused = {each: code for each, code in zip(filters, codes, strict=True) if failed(code)}
        except ValueError:
            raise Lost(f"one of these is no topic filter: {', '.join(filters)}") from None
        return {each: words(code) for each, code in refused.items()}

    async def unsubscribe_from(self, filters: Sequence[str]) -> None:
        await self._ask(lambda number: mqtt5.UnsubscribePacket(number, list(filters)).write())

    async def _ask(self, packet: Callable[[int], bytes]) -> Sequence[IntEnum]:
        if self.lost is not None:
            raise self.lost
        number = self._publishing.number()
        answer: asyncio.Future[Sequence[IntEnum]] = self._loop.create_future()
        self._answers[number] = answer
        try:
            self._write(packet(number))
            async with asyncio.timeout(HANDSHAKE_S):
                return await answer
        except TimeoutError:
            raise Lost("the broker did not answer a change of the subscription") from None
        finally:
            del self._answers[number]
            self._publishing.release(number)

    async def send(self, topic: str, payload: bytes, qos: int, retained: bool) -> None:
        if self.lost is not None:
            raise self.lost
        await self._publishing.send(topic, payload, qos, retained)

    def ack(self, receipts: Sequence[int]) -> None:
        self._write(b"".join(map(_confirmation, receipts)))

    def stop_reading(self) -> None:
        self._reading = False
        if self._wire is not None and not self._wire.is_closing():
            self._wire.pause_reading()

    def start_reading(self) -> None:
        self._reading = True
        if self._wire is not None and not self._wire.is_closing():
            self._heard = time.monotonic()
            self._wire.resume_reading()
            self._loop.call_soon(self._read)  # what has come already

    # -- what the transport tells ------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        self._heard = time.monotonic()
        if self.lost is None:
            self._reader.feed(data)
            self._read()

    def pause_writing(self) -> None:
        self._publishing.hold()

    def resume_writing(self) -> None:
        self._publishing.go_on()

    def connection_lost(self, error: Exception | None) -> None:
        self._over.set()
        if not self._connack.done():
            self._end(Silent("the broker closed the connection before it was made"))
        self.fail(reason_of_end(""))

    # -- packets -----------------------------------------------------------------------------------------------

    def _write(self, data: bytes) -> None:
        if self._wire is not None and not self._wire.is_closing():
            self._wire.write(data)

    def _read(self) -> None:
        now = now_ms()
        try:
            while self._reading and self.lost is None and (packets := self._reader.take(READ_BURST)):
                if not self._connack.done() and type(packets[0]) is not mqtt5.ConnAckPacket:
                    raise Malformed("it did not begin with a CONNACK", DisconnectReasonCode.PROTOCOL_ERROR)
                self._hand_on(packets, now)
        except Malformed as malformed:
            if not self._connack.done():
                self._end(WrongVersion(f"the broker does not speak MQTT 5: {malformed}"))
            else:
                self._write(mqtt5.DisconnectPacket(reason_code=malformed.code).write())
                self.fail(f"the broker cannot be understood: {malformed}")

    def _hand_on(self, packets: Sequence[Packet], now: int) -> None:
        messages: list[RawMessage] = []
        session, add = self._session, messages.append
        publish = mqtt5.PublishPacket
        try:
            for packet in packets:
                if type(packet) is not publish and type(packet) is not LaxPublish:
                    self._handle(packet)
                    continue
                topic, receipt = packet.topic, packet.packet_id
                if not topic or (receipt is not None and packet.qos == 2):
                    raise Malformed("it sent what nobody asked for", DisconnectReasonCode.PROTOCOL_ERROR)
                qos = 0 if receipt is None else 1
                again = packet.duplicate
                add(RawMessage(topic, packet.payload, now, qos, packet.retain, receipt, session, again))
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
                pass  # that it came is all it says
            case mqtt5.ConnAckPacket() if not self._connack.done():
                self._connack.set_result(packet)
            case mqtt5.DisconnectPacket():
                self.fail(reason_of_end(words(packet.reason_code)))
            case _:
                raise Malformed("it sent what nobody asked for", DisconnectReasonCode.PROTOCOL_ERROR)


@cache
def _confirmation(receipt: int) -> bytes:
    """A PUBACK; there are as many as packet numbers, 65,535."""
    return mqtt5.PubAckPacket(receipt).write()


def _connect_packet(settings: MqttClientSettings) -> mqtt5.ConnectPacket:
    return mqtt5.ConnectPacket(
        settings.client_id,
        username=settings.username,
        password=None if settings.password is None else settings.password.encode(),
        clean_start=not settings.lasting,
        keep_alive=settings.keepalive_s,
        session_expiry_interval=SESSION_EXPIRY_S if settings.lasting else 0,
        receive_max=min(settings.window, 65_535),
        max_packet_size=settings.max_packet_bytes,
    )
