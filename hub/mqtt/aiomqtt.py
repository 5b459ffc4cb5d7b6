"""MQTT 3.1.1 connection, for brokers without MQTT 5. The only file that imports aiomqtt and paho.

aiomqtt has no manual acknowledgement, does not tell whether the broker kept the session, and drops messages from a full
queue after acknowledging them. So :class:`AiomqttConnection` overrides some of its private callbacks. The tests of the
clients fail if a new version of aiomqtt changes these.
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
"""Packets read in one iteration of the event loop: enough for a batch, and short enough (10 ms) for other tasks."""

log = logging.getLogger(__name__)
faults = FaultLog(log)


class AiomqttConnection(aiomqtt.Client):
    """A :class:`hub.mqtt.connection.Connection` over aiomqtt, with paho's callbacks overridden."""

    protocol = "MQTT 3.1.1"

    def __init__(
        self, settings: MqttClientSettings, timeout_s: float, number: int, take: Take, changed: Callable[[], None]
    ) -> None:
        super().__init__(
            settings.host,
            settings.port,
            username=settings.username,
            password=settings.password,
            identifier=settings.client_id,
            protocol=ProtocolVersion.V311,
            clean_session=not settings.persistent,
            keepalive=settings.keepalive_s,
            timeout=timeout_s,
            transport="tcp" if settings.transport == "tcp" else "websockets",
            websocket_path=settings.websocket_path,
            will=None if settings.will is None else aiomqtt.Will(*settings.will, qos=1, retain=True),
        )
        self._client.manual_ack_set(True)
        self._client.disable_logger()  # logging costs time for every packet, and `lost` has the reason
        self._settings = settings
        self.session_present = False
        self.lost: Lost | None = None
        self._number = number
        self._take = take
        self._changed = changed
        self._messages = 0  # messages received so far
        self._reading = True
        self._closed = asyncio.Event()
        self._unconfirmed: dict[int, asyncio.Future[ReasonCode]] = {}  # published messages, by packet id

    async def open(self) -> None:
        try:
            await self.__aenter__()
        except MqttConnectError as error:
            reason = str(error.rc)
            kind = WrongVersion if "protocol version" in reason else Lost
            raise kind(f"the broker refused the connection: {reason_of_refusal(reason)}") from None
        except (aiomqtt.MqttError, ssl.SSLError, ValueError) as error:
            cause = error.__context__ or error  # aiomqtt keeps only the text of the cause
            if self.lost is not None:
                raise Silent("the broker closed the connection during the handshake") from None
            kind = Silent if isinstance(cause, TimeoutError) else Lost
            raise kind(reason_of_failure(cause)) from None

    async def subscribe_to(self, filters: Sequence[str]) -> dict[str, str]:
        try:
            codes = await self.subscribe([(each, int(self._settings.persistent)) for each in filters])
        except aiomqtt.MqttError:
            raise self.lost or Lost("the broker did not answer SUBSCRIBE") from None
        except ValueError:
            raise Lost(f"one of these topic filters is invalid: {', '.join(filters)}") from None
        if len(codes) != len(filters):
            raise Lost("the broker answered SUBSCRIBE for another number of topic filters")
        refused = [code if isinstance(code, ReasonCode) and code.is_failure else None for code in codes]
        return {each: str(code) for each, code in zip(filters, refused, strict=True) if code is not None}

    async def unsubscribe_from(self, filters: Sequence[str]) -> None:
        try:
            await self.unsubscribe(list(filters))
        except aiomqtt.MqttError:
            raise self.lost or Lost("the broker did not answer UNSUBSCRIBE") from None

    async def send(self, topic: str, payload: bytes, qos: int, retained: bool) -> None:
        if self.lost is not None:
            raise self.lost
        if len(self._unconfirmed) >= MAX_UNCONFIRMED:
            raise Refused("too many messages wait for the broker's acknowledgement")
        if not topic:  # paho allows it, for topic aliases, but the broker closes the connection
            raise Refused("it has no topic")
        try:
            info = self._client.publish(topic, payload, qos, retained)
        except ValueError as error:
            raise Refused("its topic is invalid or it is too large") from error
        if qos:
            # paho writes when the event loop calls it, so the answer cannot have arrived yet.
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
            self._loop.call_soon(self._read)  # TLS may hold decrypted bytes, for which no event comes
        self._reading = True

    def fail(self, reason: str) -> None:
        if self.lost is None:
            self.lost = Lost(reason)
            waiting: list[asyncio.Future[Any]] = [*self._pending_subscribes.values(), *self._unconfirmed.values()]
            for future in (self._connected, *waiting):
                if not future.done():
                    future.set_exception(aiomqtt.MqttError(reason))
                    future.exception()  # marks it as retrieved, since nobody may be waiting for it
            self._closed.set()
            self._changed()

    async def close(self) -> None:
        if self.lost is None and self._client.is_connected():
            self._client.disconnect()  # sent after the acknowledgements that are still to be written
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await self._closed.wait()
        self.fail("it was closed")
        self._client._sock_close()
        if self._misc_task is not None:
            self._misc_task.cancel()
            await asyncio.gather(self._misc_task, return_exceptions=True)

    def _client_connect(self) -> None:  # aiomqtt calls it in a thread
        if self._settings.tls:
            files = (self._settings.ca_file, self._settings.cert_file, self._settings.key_file)
            self._client.tls_set_context(client_context(*files))
        super()._client_connect()

    # Callbacks of paho. The first two may be called in the thread that connects, the others on the event loop.

    def _on_socket_open(self, client: paho.Client, userdata: Any, sock: Any) -> None:
        self._loop.call_soon_threadsafe(self._opened, sock)

    def _on_socket_register_write(self, client: paho.Client, userdata: Any, sock: Any) -> None:
        self._loop.call_soon_threadsafe(self._watch_writes, sock)

    def _opened(self, sock: Any) -> None:
        if self.lost is not None:
            self._client._sock_close()  # closed while the thread was connecting
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
        except Exception as error:  # a packet that paho cannot read ends this connection, not the hub
            faults.unexpected("A packet from the broker could not be read. The hub reconnects.", cause=error)
            self.fail("the broker sent something that is not MQTT")

    def _holds_bytes(self) -> bool:
        sock = self._client.socket()
        return self._reading and isinstance(sock, ssl.SSLSocket) and sock.pending() > 0

    def _write(self) -> None:
        try:
            self._client.loop_write()
        except Exception as error:
            faults.unexpected("A packet to the broker could not be written. The hub reconnects.", cause=error)
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
        payload, number = bytes(message.payload), self._number
        self._take([RawMessage(topic, payload, now, message.qos, message.retain, receipt, number, bool(message.dup))])

    def _on_publish(
        self, client: paho.Client, userdata: Any, mid: int, reason_code: ReasonCode, properties: Any
    ) -> None:
        future = self._unconfirmed.get(mid)
        if future is not None and not future.done():
            future.set_result(reason_code)
