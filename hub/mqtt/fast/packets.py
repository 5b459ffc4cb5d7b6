"""Bytes from an MQTT 5 broker into packets, by the Rust codec ``mqtt5``. It knows no socket and no loop.

Whatever a broker sends ends in packets or in :class:`Malformed`, never in another exception, and never in a wait for
bytes that cannot come.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import mqtt5
from mqtt5 import DisconnectReasonCode

PUBLISH = 3


class Malformed(Exception):
    """What came is not MQTT 5, or more than was allowed. ``code`` is the reason for our DISCONNECT."""

    def __init__(self, reason: str, code: DisconnectReasonCode = DisconnectReasonCode.MALFORMED_PACKET) -> None:
        super().__init__(reason)
        self.code = code


class LaxPublish(NamedTuple):
    """A PUBLISH of a broker that lets topics pass which are not UTF-8; they are escaped here."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    packet_id: int | None
    duplicate: bool


Packet = mqtt5.Packet | LaxPublish


class PacketReader:
    """Feed it bytes, split anywhere, and take packets. One of more than ``most`` bytes is malformed."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._buffer = bytearray()
        self._read: Callable[[memoryview], tuple[Packet, int]] = mqtt5.read
        self._fault: Malformed | None = None

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def take(self, limit: int) -> list[Packet]:
        """The next packets, at most ``limit``; fewer are all that have come whole. Raises :class:`Malformed`, but only
        after the packets before it have been taken."""
        packets: list[Packet] = []
        at = 0
        with memoryview(self._buffer) as view:
            while len(packets) < limit and self._fault is None:
                try:
                    packet, size = self._read(view[at:])
                except BaseException as error:  # a text that is not UTF-8 panics in mqtt5 0.8: that is no Exception
                    if not self._look_into(error, view[at:]):
                        break
                else:
                    packets.append(packet)
                    at += size
        del self._buffer[:at]
        if self._fault is not None and not packets:
            raise self._fault
        return packets

    def _look_into(self, error: BaseException, rest: memoryview) -> bool:
        """Why the packet at the start of ``rest`` could not be read; False if it has only not come whole."""
        panic = type(error).__name__ == "PanicException"
        if not panic and not isinstance(error, (IndexError, ValueError)):
            raise error
        try:
            body, length = _varint(rest, 1)
        except IndexError:
            return False
        except ValueError:
            body, length = 0, 0
        if body + length > self._most:
            code = DisconnectReasonCode.PACKET_TOO_LARGE
            self._fault = Malformed(f"it sent a packet of {body + length:,} bytes, which is too large", code)
        elif isinstance(error, IndexError) and len(rest) < body + length:
            return False
        elif panic and self._read is mqtt5.read:
            self._read = _read_laxly  # for good: a broker that lets one such message pass will send more
        else:
            self._fault = Malformed("it sent something that is not MQTT 5")
        return True


def _varint(view: memoryview, at: int) -> tuple[int, int]:
    """A variable byte integer (section 1.5.5): where the bytes after it begin, and its value. Raises IndexError where
    it has not come whole, ValueError where it is none."""
    value = 0
    for shift in range(0, 28, 7):
        byte = view[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return at, value
    raise ValueError("more than four bytes")


def _read_laxly(view: memoryview) -> tuple[Packet, int]:
    """Like ``mqtt5.read``, but a PUBLISH (section 3.3) may hold any bytes in its topic and its properties."""
    body, length = _varint(view, 1)
    end = body + length
    flags = view[0] & 0x0F
    if view[0] >> 4 != PUBLISH or len(view) < end:
        return mqtt5.read(view)
    at = body + 2 + int.from_bytes(view[body : body + 2])
    topic = bytes(view[body + 2 : at]).decode("utf-8", "backslashreplace")
    qos = flags >> 1 & 3
    packet_id = None
    if qos:
        packet_id = int.from_bytes(view[at : at + 2])
        at += 2
    properties, skipped = _varint(view, at)
    start = properties + skipped
    if qos == 3 or start > end:
        raise ValueError("its parts do not fit into it")
    return LaxPublish(topic, bytes(view[start:end]), qos, bool(flags & 1), packet_id, bool(flags & 8)), end
