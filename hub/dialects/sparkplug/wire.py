"""Sparkplug's payload as Protocol Buffers, and its values by datatype. Knows no topic and no session.

Only what the hub reads is read: fields of other numbers, and those whose wire type does not fit, are passed over, as
Protocol Buffers ask. ``docs/decisions`` says why this is no library.

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
"""A message by the keys of its fields (number and wire type in one, so that a field of another wire type is another
field): an ``int`` for a varint, ``bytes`` for the rest. The last one counts."""

_VARINT, _EIGHT, _SIZED, _FOUR = 0, 1, 2, 5

TIMESTAMP, METRICS, SEQ = (1 << 3 | _VARINT, 2 << 3 | _SIZED, 3 << 3 | _VARINT)
"""Of a payload."""
_UUID, _BODY = (4 << 3 | _SIZED, 5 << 3 | _SIZED)
_COMPRESSED = b"SPBV1.0_COMPRESSED"
"""As uuid: the body is a payload, compressed. The specification does not have it, Eclipse Tahu's clients do."""
NAME, ALIAS, SAMPLED, DATATYPE = (1 << 3 | _SIZED, 2 << 3 | _VARINT, 3 << 3 | _VARINT, 4 << 3 | _VARINT)
HISTORICAL, NULL, PROPERTIES = (5 << 3 | _VARINT, 7 << 3 | _VARINT, 9 << 3 | _SIZED)
"""Of a metric. ``SAMPLED`` is its own timestamp."""
_INT, _LONG, _FLOAT, _DOUBLE, _BOOLEAN, _STRING = (
    number << 3 | kind for number, kind in enumerate((_VARINT, _VARINT, _FOUR, _EIGHT, _VARINT, _SIZED), 10)
)
"""Where a metric's value stands. A property's stands seven numbers lower."""
_LOWER = 7 << 3
_KEYS, _VALUES = (1 << 3 | _SIZED, 2 << 3 | _SIZED)
"""Of a property set."""
INT64, BOOLEAN = 4, 11

MAX_METRICS = 10_000
MAX_UNPACKED = 2_097_152
MAX_PROPERTIES = 64
MAX_FIELDS = 64
"""Of a metric, and of a payload beside its metrics: the specification has 19 and 5."""
_NO_LISTS: dict[int, list[bytes]] = {}


def payload(data: bytes) -> tuple[Fields, list[Fields]]:
    """A payload's own fields, and its metrics. Raises Rejected (``not_protobuf``, ``too_large``)."""
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
        own = _fields(_unpacked(own.get(_BODY, b"")), {METRICS: metrics}, MAX_METRICS + MAX_FIELDS)
        if own.get(_UUID) == _COMPRESSED:
            raise Rejected("not_protobuf", "The payload is compressed twice.")
    if len(metrics) > MAX_METRICS:
        raise _too_many()
    return own, [_fields(metric) for metric in metrics]


def _unpacked(body: bytes) -> bytes:
    """DEFLATE or GZIP, told by its first bytes; never more than :data:`MAX_UNPACKED`, however well it was packed."""
    unpacking = zlib.decompressobj(wbits=47)
    try:
        found = unpacking.decompress(body, MAX_UNPACKED)
    except zlib.error:
        raise Rejected("not_protobuf", "The payload says that it is compressed, and is not.") from None
    if unpacking.unconsumed_tail:
        raise Rejected("too_large", f"A compressed payload unpacks to at most {MAX_UNPACKED} bytes.")
    if not unpacking.eof:
        raise Rejected("not_protobuf", "The compressed payload was cut off.")
    return found


def _too_many() -> Rejected:
    return Rejected("too_large", f"A Sparkplug payload holds at most {MAX_METRICS} metrics of {MAX_FIELDS} fields.")


def _fields(data: bytes, lists: dict[int, list[bytes]] = _NO_LISTS, most: int = MAX_FIELDS) -> Fields:
    """The fields of one message, at most so many; those that may come more than once are added to their list."""
    found: Fields = {}
    at, end = 0, len(data)
    try:
        for _ in range(most + 1):
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
            "not_protobuf", "The payload is not a Sparkplug B payload (Protocol Buffers), or it was cut off."
        )
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The number that begins at ``at``, and where the next field does."""
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
    """Two's complement in ``bits``, however many the sender has spent on the sign."""
    most, half = (1 << bits) - 1, 1 << (bits - 1)
    return lambda raw: float(((raw & most) ^ half) - half)


def _unsigned(bits: int) -> Callable[[int], float]:
    most = (1 << bits) - 1
    return lambda raw: float(raw & most)


def text(raw: bytes) -> str:
    """Raises Rejected (``not_utf8``)."""
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
"""Datatype -> where its value stands, and how it is read. The others (data sets, bytes, files, templates, arrays)
are no readings."""
NUMBERS = frozenset((*range(1, 11), 13))
FRACTIONS = frozenset((9, 10))
LIMITS = {
    **{n: (-(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1) for n, bits in ((1, 8), (2, 16), (3, 32))},
    **{n: (0.0, 2.0**bits - 1) for n, bits in ((5, 8), (6, 16), (7, 32))},
}
"""Datatype -> least and greatest value, where the hub's numbers hold them exactly."""
TEXTS = frozenset((12, 14, 15))


def value(metric: Fields, datatype: int) -> Value | None:
    """A metric's value; None where it is null or of a datatype that is no reading.

    Raises Rejected (``wrong_type``) where the value is not of the datatype, (``bad_value``) where it is not finite or
    too long."""
    if datatype not in _TYPES or metric.get(NULL):
        return None
    field, read = _TYPES[datatype]
    raw = metric.get(field)
    if raw is None:
        found = _elsewhere(metric, datatype, read)
        return None if found is None else scalar("value", found)
    return scalar("value", read(raw))


def _elsewhere(metric: Fields, datatype: int, read: Callable[[Any], Value]) -> Value | None:
    """Senders differ in which of the number fields they use; a text is never a number."""
    for field in (_INT, _LONG, _FLOAT, _DOUBLE, _BOOLEAN, _STRING):
        raw = metric.get(field)
        if raw is None:
            continue
        if datatype == BOOLEAN and field in (_INT, _LONG) and raw in (0, 1):
            return bool(raw)
        if datatype in NUMBERS and field in _NUMBER:
            whole = field in (_INT, _LONG) and datatype not in FRACTIONS
            return read(raw) if whole else _NUMBER[field](raw)
        raise Rejected("wrong_type", "A value is not of the datatype that the birth certificate declared.")
    return None


def properties(data: bytes) -> dict[str, Value]:
    """A property set's plain values by their names in lower case; nulls and nested sets are left out."""
    keys: list[bytes] = []
    values: list[bytes] = []
    with suppress(Rejected):  # what stands before the fault is read
        _fields(data, {_KEYS: keys, _VALUES: values}, 4 * MAX_PROPERTIES)
    found: dict[str, Value] = {}
    for key, raw in zip(keys[:MAX_PROPERTIES], values, strict=False):
        for number, held in _fields(raw).items():
            read = _PLAIN.get(number + _LOWER)
            if read is not None:
                found[text(key).lower()] = read(held)
    return found


# -- what is sent -----------------------------------------------------------------------------------------------


def command(name: str, alias: int | None, datatype: int, said: Value, at: int) -> bytes:
    """The payload of an NCMD or DCMD that sets one metric to ``said``; ``at`` is the time in ms.

    A metric that was declared with an alias is named by that alone, as the specification asks."""
    named = _sized(NAME, name.encode()) if alias is None else _varints(ALIAS, alias)
    field = _TYPES[datatype][0]
    if isinstance(said, str):
        held = _sized(field, said.encode())
    elif field == _FLOAT:
        held = _varints(field) + struct.pack("<f", said)
    elif field == _DOUBLE:
        held = _varints(field) + struct.pack("<d", said)
    else:
        bits = 64 if field == _LONG else 32
        held = _varints(field, int(said) & ((1 << bits) - 1))
    metric = named + _varints(SAMPLED, at, DATATYPE, datatype) + held
    return _varints(TIMESTAMP, at) + _sized(METRICS, metric)


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
