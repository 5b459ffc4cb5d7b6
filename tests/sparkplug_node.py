"""A simulated Sparkplug edge node: its payloads, encoded without the hub's code."""

import struct
from enum import IntEnum

from dialect_run import NOW, DialectRun
from hub.dialects import Result, SparkplugDialect

NODE, DEVICE = "Plant/edge", "Plant/edge/press"


class T(IntEnum):
    """The datatypes of Sparkplug."""

    INT8 = 1
    INT16 = 2
    INT32 = 3
    INT64 = 4
    UINT8 = 5
    UINT16 = 6
    UINT32 = 7
    UINT64 = 8
    FLOAT = 9
    DOUBLE = 10
    BOOLEAN = 11
    STRING = 12
    DATETIME = 13
    TEXT = 14
    UUID = 15
    DATASET = 16
    BYTES = 17


def varint(number: int) -> bytes:
    head = [number >> shift & 0x7F for shift in range(0, 70, 7) if number >> shift or not shift]
    return bytes([*(byte | 0x80 for byte in head[:-1]), head[-1]])


def field(number: int, value: int | bytes | float) -> bytes:
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def encode_value(datatype: int, value) -> bytes:
    """Encode a value as a sender of this datatype does: negative numbers in two's complement."""
    if datatype == T.FLOAT:
        return varint(12 << 3 | 5) + struct.pack("<f", value)
    if datatype == T.DOUBLE:
        return field(13, float(value))
    if datatype == T.BOOLEAN:
        return field(14, int(value))
    if datatype in (T.STRING, T.TEXT, T.UUID):
        return field(15, value.encode())
    if datatype == T.BYTES:
        return field(16, value)
    wide = datatype in (T.INT64, T.UINT64, T.DATETIME)
    return field(11, value & (1 << 64) - 1) if wide else field(10, value & (1 << 32) - 1)


def properties(**values_by_name: str | float | bool | int) -> bytes:
    encoded = b""
    for value in values_by_name.values():
        if isinstance(value, str):
            encoded += field(2, field(1, T.STRING) + field(8, value.encode()))
        elif isinstance(value, bool):
            encoded += field(2, field(1, T.BOOLEAN) + field(7, int(value)))
        elif isinstance(value, int):
            encoded += field(2, field(1, T.INT32) + field(3, value))
        else:
            encoded += field(2, field(1, T.DOUBLE) + field(6, value))
    return field(9, b"".join(field(1, key.encode()) for key in values_by_name) + encoded)


def metric(
    name=None, datatype=None, value=None, *, alias=None, ts=None, null=False, historical=False, **props
) -> bytes:
    out = b"" if name is None else field(1, name.encode())
    out += b"" if alias is None else field(2, alias)
    out += b"" if ts is None else field(3, ts)
    out += b"" if datatype is None else field(4, datatype)
    out += field(5, 1) if historical else b""
    out += field(7, 1) if null else b""
    out += properties(**props) if props else b""
    return out if value is None else out + (value if isinstance(value, bytes) else encode_value(datatype, value))


def payload(*metrics: bytes, seq=None, ts=NOW) -> bytes:
    out = b"" if ts is None else field(1, ts)
    return out + b"".join(field(2, m) for m in metrics) + (b"" if seq is None else field(3, seq))


class Plant(DialectRun):
    """A Sparkplug dialect that receives messages of an edge node and of a device behind it."""

    def __init__(self) -> None:
        super().__init__(SparkplugDialect(), "spBv1.0/")

    def node(self, kind: str, *metrics: bytes, seq=None, ts=NOW, **how) -> Result:
        return self.say(f"Plant/N{kind}/edge", payload(*metrics, seq=seq, ts=ts), **how)

    def press(self, kind: str, *metrics: bytes, seq=None, ts=NOW, **how) -> Result:
        return self.say(f"Plant/D{kind}/edge/press", payload(*metrics, seq=seq, ts=ts), **how)

    def born(self, *metrics: bytes, session: int = 7) -> "Plant":
        """Publish the births of the edge node and of its press, with ``metrics`` of the press."""
        self.node("BIRTH", metric("bdSeq", T.INT64, session), seq=0)
        self.press("BIRTH", *metrics, seq=1)
        return self
