"""What came off the wire, before anyone understood it, and what nobody could understand."""

from __future__ import annotations

import msgspec


class RawMessage(msgspec.Struct, frozen=True, gc=False):
    """One MQTT message as the link received it. ``received`` is epoch ms; ``receipt`` is the link's own handle
    for its acknowledgement (None at QoS 0), never to be used on another connection than ``session``. ``redelivered``
    says that the broker has sent it before (MQTT's DUP flag)."""

    topic: str
    payload: bytes
    received: int
    qos: int = 0
    retained: bool = False
    receipt: int | None = None
    session: int = 0
    redelivered: bool = False


class Rejection(msgspec.Struct, frozen=True):
    """A dead letter: why a message (or one item of it) was not understood, with a bounded excerpt of it.

    ``reason`` is a stable word (``not_json``, ``bad_value``, ...), ``detail`` a sentence for people. ``payload`` are
    its first bytes as they came, ``size`` is how many there were.
    """

    topic: str
    reason: str
    detail: str
    excerpt: str
    received: int
    payload: bytes = b""
    size: int = 0
