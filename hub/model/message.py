"""MQTT messages as received, and messages that were rejected."""

from __future__ import annotations

import msgspec


class RawMessage(msgspec.Struct, frozen=True, gc=False):
    """MQTT message as the client received it."""

    topic: str
    payload: bytes
    received: int
    qos: int = 0
    retained: bool = False
    receipt: int | None = None  # packet id to acknowledge, valid on this ``connection`` only; None at QoS 0
    connection: int = 0  # number of the connection to the broker that it came on
    redelivered: bool = False  # MQTT's DUP flag


class Rejection(msgspec.Struct, frozen=True):
    """Rejected message (dead letter): why a message, or one item of it, could not be decoded."""

    topic: str
    reason: str  # one of hub.errors.REJECTION_REASONS
    detail: str  # sentence for people
    excerpt: str  # the beginning of the payload as text
    received: int
    payload: bytes = b""  # its first bytes
    size: int = 0  # of the whole payload, in bytes
