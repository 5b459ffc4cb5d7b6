"""One device's MQTT connection: its will, its status, what waits to be sent while the broker is away.

The connection is a paho client that somebody else drives: it owns no thread and never waits. It knows no
machine and no schedule.
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
"""Messages of one device that may wait for their PUBACK at a time; well below paho's own window of 20."""


class State(Enum):
    """Where a connection stands."""

    DOWN = auto()
    CONNECTING = auto()
    UP = auto()
    CUT = auto()
    """Held silent, as behind a dead gateway: it does not come back by itself."""


class Driver(Protocol):
    """What a link needs of the loop that drives it."""

    def opened(self, link: Link, sock: socket.socket) -> None: ...
    def closed(self, link: Link, sock: socket.socket) -> None: ...
    def came_up(self, link: Link) -> None: ...
    def went_down(self, link: Link, reason: str) -> None: ...


class Link:
    """Publishes for one device, at least once each, in order, in memory bounds.

    At most ``waiting`` messages wait while there is no connection; after that the oldest is dropped and
    counted in ``dropped``. What was sent but not acknowledged is sent again after a reconnect.
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

    # What the site asks for.

    def send(self, payload: bytes) -> None:
        """Publish one telemetry payload, now or as soon as there is room. Behind a dead gateway it is
        lost.
        """
        if self.state is State.CUT:
            return
        if len(self._waiting) == self._waiting.maxlen:
            self.dropped += 1
        self._waiting.append(payload)
        self._flush()

    @property
    def crowded(self) -> bool:
        """As much is under way as may be: what is sent now has to wait."""
        return self.unacknowledged >= IN_FLIGHT

    @property
    def idle(self) -> bool:
        """Nothing waits here and all that was sent is acknowledged."""
        return not self._waiting and self.unacknowledged == 0

    def cut(self) -> None:
        """Fall silent without a goodbye: the broker publishes the will. What waited is lost."""
        self.state = State.CUT
        self._waiting.clear()
        sock = self._socket
        if sock is not None:
            with suppress(OSError):  # the broker may have hung up first
                sock.shutdown(socket.SHUT_RDWR)

    def restore(self) -> None:
        """May connect again after ``cut``."""
        if self.state is State.CUT:
            self.state = State.DOWN

    # What the driving loop asks for.

    def connect(self) -> None:
        """Begin to connect. Raises OSError when the broker cannot be reached."""
        self.state = State.CONNECTING
        try:
            self._client.reconnect()
        except OSError:
            self.state = State.DOWN
            raise

    def read(self) -> None:
        """Take in what has arrived, and write what that made possible."""
        self._client.loop_read()
        if self._client.want_write():
            self._client.loop_write()

    def write(self) -> None:
        """Write what waits for the socket."""
        self._client.loop_write()

    def keep_alive(self) -> None:
        """Ping when it is time to, and notice a peer that no longer answers."""
        self._client.loop_misc()

    @property
    def wants_write(self) -> bool:
        """Whether bytes wait for the socket to take them."""
        return self._client.want_write()

    def say_goodbye(self) -> None:
        """Publish ``offline``, as the end of a clean session asks for."""
        self._waiting.clear()
        if self.state is State.UP:
            self._publish(self._status, b"offline", retain=True)

    def disconnect(self) -> None:
        """End the session cleanly, which withdraws the will."""
        if self.state is State.UP:
            self._client.disconnect()

    def close(self) -> None:
        """Let go of the socket, whatever state it is in."""
        sock = self._socket
        if sock is not None:
            self._driver.closed(self, sock)
            sock.close()

    @property
    def _socket(self) -> socket.socket | None:
        # paho says SocketLike for the sake of WebSockets, which are not used here.
        return cast("socket.socket | None", self._client.socket())

    # paho's callbacks.

    def _on_connect(self, _client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._refusal = f"refused: {reason}"  # the broker hangs up next
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
        # Counted first: a write that fails at once calls on_disconnect from within, and paho keeps the
        # message.
        self.unacknowledged += 1
        self._client.publish(where, payload, qos=1, retain=retain)
