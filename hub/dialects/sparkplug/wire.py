"""Encode and decode Sparkplug's payload (Protocol Buffers), and convert values by their datatype.

Unknown fields, and fields with an unexpected wire type, are skipped, as Protocol Buffers require. ``docs/decisions``
says why no library is used.

Source: the Sparkplug 3.0 specification, 6.4 "Sparkplug B MQTT Payload Definition" and "Data Types"; the Protocol
Buffers documentation, "Encoding".
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hub.dialects.payload import excerpt, scalar
from hub.errors import Rejected
from hub.model import Value

Fields = dict[int, Any]
"""The fields of a message by key: an ``int`` for a varint, else ``bytes``. Of a repeated field, the last is kept.

A key combines field number and wire type, so a field with an unexpected wire type has another key."""

_VARINT, _EIGHT, _SIZED, _FOUR = 0, 1, 2, 5

TIMESTAMP, METRICS, SEQ = (1 << 3 | _VARINT, 2 << 3 | _SIZED, 3 << 3 | _VARINT)
"""Keys of the fields of a payload."""
_UUID, _BODY = (4 << 3 | _SIZED, 5 << 3 | _SIZED)
_COMPRESSED = b"SPBV1.0_COMPRESSED"
"""The ``uuid`` of a payload whose body is a compressed payload, as Eclipse Tahu sends it (not specified)."""
NAME, ALIAS, SAMPLED, DATATYPE = (1 << 3 | _SIZED, 2 << 3 | _VARINT, 3 << 3 | _VARINT, 4 << 3 | _VARINT)
HISTORICAL, NULL, PROPERTIES = (5 << 3 | _VARINT, 7 << 3 | _VARINT, 9 << 3 | _SIZED)
"""Keys of the fields of a metric. ``SAMPLED`` is the metric's own timestamp."""
_INT, _LONG, _FLOAT, _DOUBLE, _BOOLEAN, _STRING = (
    number << 3 | kind for number, kind in enumerate((_VARINT, _VARINT, _FOUR, _EIGHT, _VARINT, _SIZED), 10)
)
"""Keys of the fields that can hold a metric's value. In a property, the field numbers are lower by 7."""
_LOWER = 7 << 3
_KEYS, _VALUES = (1 << 3 | _SIZED, 2 << 3 | _SIZED)
"""Keys of the fields of a property set."""
INT64, BOOLEAN = 4, 11

MAX_METRICS = 10_000
MAX_UNPACKED = 2_097_152
MAX_PROPERTIES = 64
MAX_FIELDS = 64
"""Maximum number of fields in a metric, and in a payload besides its metrics. The specification has 19 and 5."""
_NO_LISTS: dict[int, list[bytes]] = {}


def payload(data: bytes) -> tuple[Fields, list[Fields]]:
    """Return the fields of a payload, and those of each metric. Raises Rejected (``not_protobuf``, ``too_large``)."""
    try:
        return _payload(data)
    except Rejected as error:
        if error.reason != "not_protobuf":
            raise
        raise Rejected(error.reason, f"{error.message} It is {excerpt(data)}.") from None


def _payload(data: bytes) -> tuple[Fields, list[Fields]]:
    metrics: list[bytes] = []
    own = _fields(data, {METRICS: metrics}, MAX_METRICS + MAX_FIELDS)
    if own.get(_UUID) == _COMPRESSED:
        metrics = []
        own = _fields(_decompress(own.get(_BODY, b"")), {METRICS: metrics}, MAX_METRICS + MAX_FIELDS)
        if own.get(_UUID) == _COMPRESSED:
            raise Rejected("not_protobuf", "The payload is compressed twice.")
    if len(metrics) > MAX_METRICS:
        raise _too_many()
    return own, [_fields(metric) for metric in metrics]


def _decompress(body: bytes) -> bytes:
    """Decompress ``body`` (DEFLATE or GZIP) to at most :data:`MAX_UNPACKED` bytes. Raises Rejected."""
    decompressor = zlib.decompressobj(wbits=47)
    try:
        found = decompressor.decompress(body, MAX_UNPACKED)
    except zlib.error:
        raise Rejected("not_protobuf", "The payload is marked as compressed but cannot be decompressed.") from None
    if decompressor.unconsumed_tail:
        raise Rejected("too_large", f"The decompressed payload is larger than {MAX_UNPACKED} bytes.")
    if not decompressor.eof:
        raise Rejected("not_protobuf", "The compressed payload is incomplete.")
    return found


def _too_many() -> Rejected:
    return Rejected("too_large", f"A Sparkplug payload may have at most {MAX_METRICS} metrics of {MAX_FIELDS} fields.")


def _fields(data: bytes, lists: dict[int, list[bytes]] = _NO_LISTS, max_fields: int = MAX_FIELDS) -> Fields:
    """Return the fields of a message by key; a repeated field has its last value. Raises Rejected.

    ``lists`` has keys of fields that may be repeated. All their values are added to the lists, not to the result.
    """
    found: Fields = {}
    at, end = 0, len(data)
    try:
        for _ in range(max_fields + 1):
            if at >= end:
                break
            key = data[at]
            at += 1
            if key >= 0x80:
                key, at = _varint(data, at - 1)
            kind = key & 7
            value: Any
            if kind == _VARINT:
                value = data[at]
                at += 1
                if value >= 0x80:
                    value, at = _varint(data, at - 1)
            else:
                size = 8 if kind == _EIGHT else 4
                if kind == _SIZED:
                    size = data[at]
                    at += 1
                    if size >= 0x80:
                        size, at = _varint(data, at - 1)
                elif kind not in (_EIGHT, _FOUR):
                    raise Rejected("not_protobuf", "The payload is not a Sparkplug B payload (Protocol Buffers).")
                value = data[at : at + size]
                at += size
            if key in lists:
                lists[key].append(value)
            else:
                found[key] = value
        else:
            raise _too_many()
    except IndexError:
        at = end + 1
    if at != end:
        raise Rejected(
            "not_protobuf", "The payload is not a Sparkplug B payload (Protocol Buffers), or it is incomplete."
        )
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Read the varint at the position ``at``. Return its value and the position after it."""
    number = shift = 0
    while shift < 70:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
    raise Rejected("not_protobuf", "The payload is not a Sparkplug B payload (Protocol Buffers).")


# -- values -----------------------------------------------------------------------------------------------------


def _signed(bits: int) -> Callable[[int], float]:
    """Return a decoder for integers in two's complement with ``bits`` bits.

    Higher bits are ignored, because senders extend the sign to different widths.
    """
    mask, half = (1 << bits) - 1, 1 << (bits - 1)
    return lambda raw: float(((raw & mask) ^ half) - half)


def _unsigned(bits: int) -> Callable[[int], float]:
    mask = (1 << bits) - 1
    return lambda raw: float(raw & mask)


def text(raw: bytes) -> str:
    """Decode UTF-8. Raises Rejected (``not_utf8``)."""
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise Rejected("not_utf8", "A text in the payload is not UTF-8.") from error


_NUMBER: dict[int, Callable[[Any], float]] = {
    _INT: float,
    _LONG: float,
    _FLOAT: lambda raw: float(struct.unpack("<f", raw)[0]),
    _DOUBLE: lambda raw: float(struct.unpack("<d", raw)[0]),
}
_PLAIN: dict[int, Callable[[Any], Value]] = {**_NUMBER, _BOOLEAN: bool, _STRING: text}
_TYPES: dict[int, tuple[int, Callable[[Any], Value]]] = {
    1: (_INT, _signed(8)),
    2: (_INT, _signed(16)),
    3: (_INT, _signed(32)),
    INT64: (_LONG, _signed(64)),
    5: (_INT, _unsigned(8)),
    6: (_INT, _unsigned(16)),
    7: (_INT, _unsigned(32)),
    8: (_LONG, _unsigned(64)),
    9: (_FLOAT, _NUMBER[_FLOAT]),
    10: (_DOUBLE, _NUMBER[_DOUBLE]),
    BOOLEAN: (_BOOLEAN, bool),
    12: (_STRING, text),
    13: (_LONG, _unsigned(64)),
    14: (_STRING, text),
    15: (_STRING, text),
}
"""For each datatype: the field with the value, and its decoder. Data sets, bytes, files, templates and arrays are not
readings."""
NUMBERS = frozenset((*range(1, 11), 13))
FRACTIONS = frozenset((9, 10))
LIMITS = {
    **{n: (-(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1) for n, bits in ((1, 8), (2, 16), (3, 32))},
    **{n: (0.0, 2.0**bits - 1) for n, bits in ((5, 8), (6, 16), (7, 32))},
}
"""For each datatype whose limits are exact in a double: (minimum, maximum)."""
TEXTS = frozenset((12, 14, 15))


def value(metric: Fields, datatype: int) -> Value | None:
    """Return a metric's value; None if it is null, or of a datatype that the hub does not store, such as a table.

    Raises:
        Rejected: The value does not have the datatype (``wrong_type``), is not finite or is too long (``bad_value``).
    """
    if datatype not in _TYPES or metric.get(NULL):
        return None
    field, read = _TYPES[datatype]
    raw = metric.get(field)
    if raw is None:
        found = _from_other_field(metric, datatype, read)
        return None if found is None else scalar("value", found)
    return scalar("value", read(raw))


def _from_other_field(metric: Fields, datatype: int, read: Callable[[Any], Value]) -> Value | None:
    """Return the value from a field of another datatype, as some senders use it; None if no such field has a value.

    ``read`` decodes whole numbers. Raises Rejected (``wrong_type``) if the value does not fit ``datatype``.
    """
    for field in (_INT, _LONG, _FLOAT, _DOUBLE, _BOOLEAN, _STRING):
        raw = metric.get(field)
        if raw is None:
            continue
        if datatype == BOOLEAN and field in (_INT, _LONG) and raw in (0, 1):
            return bool(raw)
        if datatype in NUMBERS and field in _NUMBER:
            whole = field in (_INT, _LONG) and datatype not in FRACTIONS
            return read(raw) if whole else _NUMBER[field](raw)
        raise Rejected("wrong_type", "The value does not have the datatype that the birth certificate declares.")
    return None


def properties(data: bytes) -> dict[str, Value]:
    """Return the scalar values of a property set by their names in lower case. Nulls and nested sets are left out."""
    keys: list[bytes] = []
    values: list[bytes] = []
    with suppress(Rejected):  # the properties before the invalid one are used
        _fields(data, {_KEYS: keys, _VALUES: values}, 4 * MAX_PROPERTIES)
    found: dict[str, Value] = {}
    for key, raw in zip(keys[:MAX_PROPERTIES], values, strict=False):
        for number, held in _fields(raw).items():
            read = _PLAIN.get(number + _LOWER)
            if read is not None:
                found[text(key).lower()] = read(held)
    return found


# -- commands ---------------------------------------------------------------------------------------------------


def command(name: str, alias: int | None, datatype: int, value: Value, ts: int) -> bytes:
    """Return the payload of an NCMD or DCMD that sets one metric. ``ts`` is the time in epoch ms.

    If the metric was declared with an alias, the payload has only the alias, as the specification requires.
    """
    name_field = _sized(NAME, name.encode()) if alias is None else _varints(ALIAS, alias)
    field = _TYPES[datatype][0]
    if isinstance(value, str):
        value_field = _sized(field, value.encode())
    elif field == _FLOAT:
        value_field = _varints(field) + struct.pack("<f", value)
    elif field == _DOUBLE:
        value_field = _varints(field) + struct.pack("<d", value)
    else:
        bits = 64 if field == _LONG else 32
        value_field = _varints(field, int(value) & ((1 << bits) - 1))
    metric = name_field + _varints(SAMPLED, ts, DATATYPE, datatype) + value_field
    return _varints(TIMESTAMP, ts) + _sized(METRICS, metric)


def _sized(key: int, data: bytes) -> bytes:
    return _varints(key, len(data)) + data


def _varints(*numbers: int) -> bytes:
    out = bytearray()
    for number in numbers:
        while number >= 0x80:
            out.append(number & 0x7F | 0x80)
            number >>= 7
        out.append(number)
    return bytes(out)
