"""A connection of MQTT 3.1.1, for brokers that know nothing newer. The only file that knows aiomqtt and paho.

aiomqtt has no manual acknowledgement, hides whether the broker kept the session, and puts messages into a queue
that drops what it has already acknowledged. So :class:`AiomqttConnection` takes over callbacks below its surface;
the tests of links fail when a new version changes there.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import aiomqtt
import paho.mqtt.client as paho
from aiomqtt import ProtocolVersion
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.reasoncodes import ReasonCode

from hub.model import RawMessage
from hub.mqtt.client import MqttClientSettings
from hub.mqtt.connection import MAX_UNCONFIRMED, Lost, Refused, Silent, Take, WrongVersion
from hub.mqtt.reason_codes import reason_of_end, reason_of_failure, reason_of_refusal
from hub.mqtt.tls import client_context
from hub.runtime.clock import now_ms
from hub.runtime.fault_log import FaultLog

CLOSE_S = 2.0
READ_BURST = 128
"""Packets read in one turn of the loop: enough for a batch, short enough (some 10 ms) for everything else."""

log = logging.getLogger(__name__)
faults = FaultLog(log)


class AiomqttConnection(aiomqtt.Client):
    """A :class:`hub.mqtt.connection.Connection` with paho's callbacks in our hands."""

    protocol = "MQTT 3.1.1"

    def __init__(
        self, settings: MqttClientSettings, patience: float, session: int, take: Take, changed: Callable[[], None]
    ) -> None:
        super().__init__(
            settings.host,
            settings.port,
            username=settings.username,
            password=settings.password,
            identifier=settings.client_id,
            protocol=ProtocolVersion.V311,
            clean_session=not settings.lasting,
            keepalive=settings.keepalive_s,
            timeout=patience,
            transport="tcp" if settings.transport == "tcp" else "websockets",
            websocket_path=settings.websocket_path,
        )
        self._client.manual_ack_set(True)
        self._client.disable_logger()  # it would look at every packet, and `lost` tells what matters
        self._settings = settings
        self.session_present = False
        self.lost: Lost | None = None
        self._session = session
        self._take = take
        self._changed = changed
        self._messages = 0
        self._reading = True
        self._over = asyncio.Event()
        self._unconfirmed: dict[int, asyncio.Future[ReasonCode]] = {}

    async def open(self) -> None:
        try:
            await self.__aenter__()
        except MqttConnectError as error:
            reason = str(error.rc)
            kind = WrongVersion if "protocol version" in reason else Lost
            raise kind(f"the broker refused the connection: {reason_of_refusal(reason)}") from None
        except (aiomqtt.MqttError, ssl.SSLError, ValueError) as error:
            cause = error.__context__ or error  # aiomqtt keeps only the text, Python the error itself
            if self.lost is not None:
                raise Silent("the broker closed the connection before it was made") from None
            kind = Silent if isinstance(cause, TimeoutError) else Lost
            raise kind(reason_of_failure(cause)) from None

    async def subscribe_to(self, filters: Sequence[str]) -> dict[str, str]:
        try:
            codes = await self.subscribe([(each, int(self._settings.lasting)) for each in filters])
        except aiomqtt.MqttError:
            raise self.lost or Lost("the broker did not answer the subscription") from None
        except ValueError:
            raise Lost(f"one of these is no topic filter: {', '.join(filters)}") from None
        refused = [code if isinstance(code, ReasonCode) and code.is_failure else None for code in codes]
        return {each: str(code) for each, code in zip(filters, refused, strict=True) if code is not None}

    async def unsubscribe_from(self, filters: Sequence[str]) -> None:
        try:
            await self.unsubscribe(list(filters))
        except aiomqtt.MqttError:
            raise self.lost or Lost("the broker did not answer that a subscription ends") from None

    async def send(self, topic: str, payload: bytes, qos: int, retained: bool) -> None:
        if self.lost is not None:
            raise self.lost
        if len(self._unconfirmed) >= MAX_UNCONFIRMED:
            raise Refused("too many messages wait for the broker's confirmation")
        if not topic:  # paho lets it through, for aliases, and the broker hangs up
            raise Refused("it has no topic")
        try:
            info = self._client.publish(topic, payload, qos, retained)
        except ValueError as error:
            raise Refused("its topic or its size is not allowed") from error
        if qos:
            # paho writes only when the loop lets it, so the answer cannot have come yet.
            confirmed = self._unconfirmed[info.mid] = self._loop.create_future()
            try:
                reason = await confirmed
            except aiomqtt.MqttError as error:  # set by fail()
                raise Lost(str(error)) from None
            finally:
                del self._unconfirmed[info.mid]
            if reason.is_failure:
                raise Refused(str(reason))

    def ack(self, receipts: Sequence[int]) -> None:
        for receipt in receipts:
            self._client.ack(receipt, 1)

    def stop_reading(self) -> None:
        sock: Any = self._client.socket()
        if self._reading and sock is not None:
            self._loop.remove_reader(sock.fileno())
        self._reading = False

    def start_reading(self) -> None:
        sock = self._client.socket()
        if not self._reading and sock is not None:
            self._loop.add_reader(sock.fileno(), self._read)
            self._loop.call_soon(self._read)  # TLS may hold decrypted bytes that no reader event announces
        self._reading = True

    def fail(self, reason: str) -> None:
        if self.lost is None:
            self.lost = Lost(reason)
            waiting: list[asyncio.Future[Any]] = [*self._pending_subscribes.values(), *self._unconfirmed.values()]
            for future in (self._connected, *waiting):
                if not future.done():
                    future.set_exception(aiomqtt.MqttError(reason))
                    future.exception()  # perhaps nobody waits for it any more, and that is all right
            self._over.set()
            self._changed()

    async def close(self) -> None:
        if self.lost is None and self._client.is_connected():
            self._client.disconnect()  # behind the acknowledgements that wait to be written
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await self._over.wait()
        self.fail("it was closed")
        self._client._sock_close()
        if self._misc_task is not None:
            self._misc_task.cancel()
            await asyncio.gather(self._misc_task, return_exceptions=True)

    def _client_connect(self) -> None:  # in a thread of its own
        if self._settings.tls:
            self._client.tls_set_context(client_context(self._settings.ca_file))
        super()._client_connect()

    # What paho calls: the first two also from the thread that connects, the others on the event loop.

    def _on_socket_open(self, client: paho.Client, userdata: Any, sock: Any) -> None:
        self._loop.call_soon_threadsafe(self._opened, sock)

    def _on_socket_register_write(self, client: paho.Client, userdata: Any, sock: Any) -> None:
        self._loop.call_soon_threadsafe(self._watch_writes, sock)

    def _opened(self, sock: Any) -> None:
        if self.lost is not None:
            self._client._sock_close()  # given up while the thread was connecting
        else:
            self._loop.add_reader(sock.fileno(), self._read)
            self._misc_task = self._loop.create_task(self._misc_loop(), name="mqtt-keepalive")

    def _watch_writes(self, sock: Any) -> None:
        current = self._client.socket()
        if current is not None and sock is current:
            self._loop.add_writer(sock.fileno(), self._write)

    def _read(self) -> None:
        try:
            for _ in range(READ_BURST):
                before = self._messages
                if self._reading and self.lost is None:
                    self._client.loop_read()
                if self._messages == before and not self._holds_bytes():
                    return
            if self._holds_bytes():
                self._loop.call_soon(self._read)
        except Exception as error:  # a packet that paho trips over must not end the hub, only this connection
            faults.unexpected("A packet from the broker could not be read. The hub connects anew.", cause=error)
            self.fail("the broker sent something that is not MQTT")

    def _holds_bytes(self) -> bool:
        sock = self._client.socket()
        return self._reading and isinstance(sock, ssl.SSLSocket) and sock.pending() > 0

    def _write(self) -> None:
        try:
            self._client.loop_write()
        except Exception as error:
            faults.unexpected("A packet to the broker could not be written. The hub connects anew.", cause=error)
            self.fail("writing to the broker failed")

    def _on_connect(
        self, client: paho.Client, userdata: Any, flags: Any, reason_code: ReasonCode, properties: Any = None
    ) -> None:
        self.session_present = flags.session_present
        super()._on_connect(client, userdata, flags, reason_code, properties)

    def _on_disconnect(
        self, client: paho.Client, userdata: Any, flags: Any, reason_code: ReasonCode, properties: Any = None
    ) -> None:
        self.fail(reason_of_end(str(reason_code)))

    def _on_message(self, client: paho.Client, userdata: Any, message: paho.MQTTMessage) -> None:
        self._messages += 1
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = message._topic.decode(errors="backslashreplace")
        receipt, now = message.mid if message.qos else None, now_ms()
        payload, session = bytes(message.payload), self._session
        self._take([RawMessage(topic, payload, now, message.qos, message.retain, receipt, session, bool(message.dup))])

    def _on_publish(
        self, client: paho.Client, userdata: Any, mid: int, reason_code: ReasonCode, properties: Any
    ) -> None:
        future = self._unconfirmed.get(mid)
        if future is not None and not future.done():
            future.set_result(reason_code)
