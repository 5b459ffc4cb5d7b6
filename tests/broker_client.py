"""An MQTT client that shows which topics a broker permits it to use."""

from __future__ import annotations

import ssl
import threading

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTProtocolVersion

from brokers import Mosquitto


class Client:
    """Connected MQTT client; ``received`` holds the topics of its messages."""

    def __init__(
        self,
        broker: Mosquitto,
        user: str,
        password: str | None,
        will: str | None = None,
        protocol: int = MQTTProtocolVersion.MQTTv311,
        *,
        tls: ssl.SSLContext | None = None,
        port: int | None = None,
    ) -> None:
        self.received: list[str] = []
        self.refused: str | None = None
        self.up, self.down = threading.Event(), threading.Event()
        self.paho = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=protocol, reconnect_on_failure=False)
        self.paho.username_pw_set(user, password)
        if will:
            self.paho.will_set(will, b"{}", qos=1, retain=True)
        self.paho.on_connect = self._connected
        self.paho.on_disconnect = lambda *_: self.down.set()
        self.paho.on_message = lambda client, data, message: self.received.append(message.topic)
        if tls is not None:
            self.paho.tls_set_context(tls)
        self.paho.connect(broker.host, port or broker.port)
        self.paho.loop_start()
        assert self.up.wait(10)

    def _connected(self, client: object, data: object, flags: object, reason: paho.ReasonCode, _: object) -> None:
        self.refused = str(reason) if reason.is_failure else None
        self.up.set()

    def publish(self, topic: str, payload: bytes = b"{}", *, retain: bool = False) -> None:
        self.paho.publish(topic, payload, qos=1, retain=retain).wait_for_publish(10)

    def subscribe(self, *topics: str) -> None:
        done = threading.Event()
        self.paho.on_subscribe = lambda *_: done.set()
        self.paho.subscribe([(topic, 1) for topic in topics])
        assert done.wait(10)

    def drop_connection(self) -> None:
        """Close the socket without a DISCONNECT, so that the broker publishes the will."""
        self.paho.loop_stop()
        self.paho.socket().close()

    def disconnect(self) -> None:
        self.paho.disconnect()
        self.down.wait(10)
        self.paho.loop_stop()
