"""One device's MQTT connection: its will, its status, and a queue while the broker is away.

The connection is a paho client without a thread, driven by the loop in network.py. It never blocks.
"""

from __future__ import annotations

import socket
import time
from collections import deque
from contextlib import suppress
from enum import Enum, auto
from typing import Any, Protocol, cast

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from simulators.orders import Orders
from simulators.wire import encode, topic

KEEPALIVE = 30
CONNECT_TIMEOUT = 1.5
IN_FLIGHT = 10
"""Messages of one device that may wait for their PUBACK at the same time; paho's own window is 20."""


class State(Enum):
    """State of a connection."""

    DOWN = auto()
    CONNECTING = auto()
    UP = auto()
    CUT = auto()
    """Interrupted, as behind a failed gateway; it does not reconnect by itself."""


class Driver(Protocol):
    """The loop's methods that a link calls."""

    def opened(self, link: Link, sock: socket.socket) -> None: ...
    def closed(self, link: Link, sock: socket.socket) -> None: ...
    def came_up(self, link: Link) -> None: ...
    def went_down(self, link: Link, reason: str) -> None: ...


class Link:
    """Publishes the messages of one device, at QoS 1 and in order.

    At most ``waiting`` messages are queued without a connection; then the oldest is dropped and counted in ``dropped``.
    Unacknowledged messages are sent again after a reconnect.
    """

    def __init__(
        self,
        driver: Driver,
        host: str,
        port: int,
        root: str,
        device: str,
        info: bytes,
        waiting: int,
        orders: Orders | None = None,
    ) -> None:
        self.device = device
        self.state = State.DOWN
        self.unacknowledged = 0
        self.dropped = 0
        self.losses = 0
        self.up_since = 0.0
        self._refusal = ""
        self._driver = driver
        self._status = topic(root, device, "status")
        self._info = (topic(root, device, "info"), info)
        self._telemetry = topic(root, device, "telemetry")
        self._orders = orders
        self._commands = topic(root, device, "commands/")
        self._replies, self._reported = topic(root, device, "replies"), topic(root, device, "reported")
        self._waiting: deque[bytes] = deque(maxlen=waiting)
        self._client = client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"{root}/{device}",
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_TIMEOUT
        client.will_set(self._status, "offline", qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_socket_open = lambda _client, _data, sock: driver.opened(self, cast(socket.socket, sock))
        client.on_socket_close = lambda _client, _data, sock: driver.closed(self, cast(socket.socket, sock))
        client.connect_async(host, port, KEEPALIVE)

    # Called by the site.

    def send(self, payload: bytes) -> None:
        """Publish a telemetry payload, now or when there is room. If the link is cut, the payload is lost."""
        if self.state is State.CUT:
            return
        if len(self._waiting) == self._waiting.maxlen:
            self.dropped += 1
        self._waiting.append(payload)
        self._flush()

    @property
    def crowded(self) -> bool:
        """Return True if the window is full, so that further messages are queued."""
        return self.unacknowledged >= IN_FLIGHT

    @property
    def idle(self) -> bool:
        """Return True if nothing is queued and everything is acknowledged."""
        return not self._waiting and self.unacknowledged == 0

    def cut(self) -> None:
        """Drop the connection without DISCONNECT, so that the broker publishes the will. Queued messages are lost."""
        self.state = State.CUT
        self._waiting.clear()
        sock = self._socket
        if sock is not None:
            with suppress(OSError):  # the broker may have closed it already
                sock.shutdown(socket.SHUT_RDWR)

    def restore(self) -> None:
        """Allow connecting again after :meth:`cut`."""
        if self.state is State.CUT:
            self.state = State.DOWN

    # Called by the loop.

    def connect(self) -> None:
        """Begin to connect. Raises OSError if the broker cannot be reached."""
        self.state = State.CONNECTING
        try:
            self._client.reconnect()
        except OSError:
            self.state = State.DOWN
            raise

    def read(self) -> None:
        """Read from the socket, and write what that made possible."""
        self._client.loop_read()
        if self._client.want_write():
            self._client.loop_write()

    def write(self) -> None:
        """Write pending bytes to the socket."""
        self._client.loop_write()

    def keep_alive(self) -> None:
        """Send a ping if it is due, and detect a broker that no longer answers."""
        self._client.loop_misc()

    @property
    def wants_write(self) -> bool:
        """Return True if bytes wait to be written to the socket."""
        return self._client.want_write()

    def publish_offline(self) -> None:
        """Publish the status ``offline`` before a clean disconnect; drop what is queued."""
        self._waiting.clear()
        if self.state is State.UP:
            self._publish(self._status, b"offline", retain=True)

    def disconnect(self) -> None:
        """Send DISCONNECT, so that the broker does not publish the will."""
        if self.state is State.UP:
            self._client.disconnect()

    def close(self) -> None:
        """Close the socket in any state."""
        sock = self._socket
        if sock is not None:
            self._driver.closed(self, sock)
            sock.close()

    @property
    def _socket(self) -> socket.socket | None:
        # paho's type is SocketLike because of WebSockets, which are not used here.
        return cast("socket.socket | None", self._client.socket())

    # paho's callbacks.

    def _on_connect(self, _client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._refusal = f"refused: {reason}"  # the broker closes the connection next
            return
        if self.state is State.CUT:
            return
        self.state = State.UP
        self._refusal = ""
        self._publish(self._status, b"online", retain=True)
        self._publish(*self._info, retain=True)
        if self._orders is not None:
            self._client.subscribe(self._commands + "+", qos=1)
        self._driver.came_up(self)
        self._flush()

    def _on_disconnect(self, _client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if self.state is not State.CUT:
            self.state = State.DOWN
        self._driver.went_down(self, self._refusal or str(reason))

    def _on_publish(self, _client: mqtt.Client, _data: Any, _mid: int, _reason: Any, _properties: Any) -> None:
        self.unacknowledged -= 1
        self._flush()

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        if self._orders is None:
            return
        name = message.topic.removeprefix(self._commands)
        reply, reported = self._orders.answer(name, bytes(message.payload), time.time_ns() // 1_000_000)
        if reply is not None:
            self._publish(self._replies, encode(reply))
        if reported:
            self._publish(self._reported, encode(reported), retain=True)

    def _flush(self) -> None:
        while self._waiting and self.state is State.UP and self.unacknowledged < IN_FLIGHT:
            self._publish(self._telemetry, self._waiting.popleft())

    def _publish(self, where: str, payload: bytes, retain: bool = False) -> None:
        # Count first: if the write fails, publish calls on_disconnect itself, and paho keeps the message.
        self.unacknowledged += 1
        self._client.publish(where, payload, qos=1, retain=retain)
