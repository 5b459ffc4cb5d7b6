"""Parse the bytes of an MQTT 5 broker into packets with the Rust codec ``mqtt5``. Pure: no socket, no event loop.

Whatever a broker sends, the result is packets or :class:`Malformed`: never another exception, and never an endless wait
for more bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import mqtt5
from mqtt5 import DisconnectReasonCode

PUBLISH = 3


class Malformed(Exception):
    """The broker sent bytes that are not MQTT 5, or a packet that is too large. ``code`` is for the DISCONNECT."""

    def __init__(self, reason: str, code: DisconnectReasonCode = DisconnectReasonCode.MALFORMED_PACKET) -> None:
        super().__init__(reason)
        self.code = code


class LaxPublish(NamedTuple):
    """A PUBLISH whose topic or properties have bytes that are not UTF-8. Some brokers forward such packets.

    In ``topic`` these bytes are escaped with backslashes.
    """

    topic: str
    payload: bytes
    qos: int
    retain: bool
    packet_id: int | None
    duplicate: bool


Packet = mqtt5.Packet | LaxPublish


class PacketReader:
    """Turns bytes, which may be split anywhere, into packets. A packet of more than ``max_bytes`` is malformed."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._read: Callable[[memoryview], tuple[Packet, int]] = mqtt5.read
        self._fault: Malformed | None = None

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def take(self, limit: int) -> list[Packet]:
        """Return the next complete packets, at most ``limit``.

        Raises:
            Malformed: The next packet is malformed. The ones before it have been returned by an earlier call.
        """
        packets: list[Packet] = []
        position = 0
        with memoryview(self._buffer) as view:
            while len(packets) < limit and self._fault is None:
                try:
                    packet, size = self._read(view[position:])
                except BaseException as error:  # mqtt5 0.8 panics if a text is not UTF-8, which is not an Exception
                    if not self._handle_error(error, view[position:]):
                        break
                else:
                    packets.append(packet)
                    position += size
        del self._buffer[:position]
        if self._fault is not None and not packets:
            raise self._fault
        return packets

    def _handle_error(self, error: BaseException, rest: memoryview) -> bool:
        """Handle an error in the packet at the start of ``rest``. Return False if only its end has not arrived yet.

        Return True in two cases: the packet is invalid, and the fault is recorded; or the packet can be read again with
        the more tolerant :func:`_read_lax`, which is used from now on.
        """
        panic = type(error).__name__ == "PanicException"
        if not panic and not isinstance(error, (IndexError, ValueError)):
            raise error
        try:
            body, length = _varint(rest, 1)
        except IndexError:
            return False
        except ValueError:
            body, length = 0, 0
        if body + length > self._max_bytes:
            code = DisconnectReasonCode.PACKET_TOO_LARGE
            self._fault = Malformed(f"it sent a packet of {body + length:,} bytes, which is too large", code)
        elif isinstance(error, IndexError) and len(rest) < body + length:
            return False
        elif panic and self._read is mqtt5.read:
            self._read = _read_lax  # for the rest of the connection: more such messages will follow
        else:
            self._fault = Malformed("it sent something that is not MQTT 5")
        return True


def _varint(view: memoryview, position: int) -> tuple[int, int]:
    """Read a variable byte integer (section 1.5.5 of the MQTT 5 specification) that begins at ``position``.

    Returns:
        The position after the integer, and its value.

    Raises:
        IndexError: The packet ends before the integer does.
        ValueError: The integer has more than four bytes.
    """
    value = 0
    for shift in range(0, 28, 7):
        byte = view[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return position, value
    raise ValueError("more than four bytes")


def _read_lax(view: memoryview) -> tuple[Packet, int]:
    """Read a packet as ``mqtt5.read`` does, but accept any bytes in the topic and the properties of a PUBLISH.

    Return the packet and its size in bytes. The format is in section 3.3 of the MQTT 5 specification.
    """
    body, length = _varint(view, 1)
    end = body + length
    flags = view[0] & 0x0F
    if view[0] >> 4 != PUBLISH or len(view) < end:
        return mqtt5.read(view)
    position = body + 2 + int.from_bytes(view[body : body + 2])
    topic = bytes(view[body + 2 : position]).decode("utf-8", "backslashreplace")
    qos = flags >> 1 & 3
    packet_id = None
    if qos:
        packet_id = int.from_bytes(view[position : position + 2])
        position += 2
    properties, properties_size = _varint(view, position)
    start = properties + properties_size
    if qos == 3 or start > end:
        raise ValueError("its parts are longer than the packet")
    return LaxPublish(topic, bytes(view[start:end]), qos, bool(flags & 1), packet_id, bool(flags & 8)), end
