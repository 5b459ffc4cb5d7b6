"""Build fast decoders for flat telemetry whose keys and types were seen before.

A fleet sends few different payload schemas, and many messages with each. For a schema that was seen a few times,
msgspec builds a decoder that checks names and types while it parses. A payload that does not match its schema exactly
is decoded in the general way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec

from hub.dialects.payload import MAX_BYTES, MAX_TEXT, NOT_FINITE
from hub.model import Value

_MIN_COUNT = 3
"""How often a schema must be seen before its decoder is built. Building a decoder takes about 0.2 ms."""
_MAX_SCHEMAS = 1_000
"""Maximum number of schemas that are counted, and of decoders that are kept."""
_MAX_METRICS = 64
_NO_VALUES = NOT_FINITE | {""}
"""Texts that do not count as values. A payload with such a text is decoded in the general way."""

_KINDS: dict[type, Any] = {
    float: float,
    int: float,
    bool: bool,
    str: Annotated[str, msgspec.Meta(max_length=MAX_TEXT)],
}
_Time = int | float | str | None
_Number = Annotated[int, msgspec.Meta(ge=-(2**62), le=2**62)] | None
"""``seq`` in the range that msgspec can check. A payload with a larger number is decoded in the general way."""

_Stamp = Annotated[int, msgspec.Meta(ge=10**11, le=10**15)]
"""A time in epoch milliseconds, which needs no further parsing."""
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]

Read = tuple[dict[str, Value], Any, int | None]
"""The contents of a payload: values by metric, the time that was sent (None: no time), and ``seq``."""


class PayloadSchema:
    """A decoder for payloads that are flat JSON objects with the same metrics.

    ``kinds`` has the type of each metric.

    Attributes:
        names: The metrics in the order of the fields in the structs that ``numbers`` returns.
        numeric: True if all metrics are numbers.
        numbers: Decodes a payload of a numeric schema to a struct with the metrics, the time in epoch ms and ``seq``. A
            missing time or ``seq`` is -1. Raises msgspec's errors for any other payload, even if :meth:`read` accepts
            it.
    """

    __slots__ = ("_decode", "names", "numbers", "numeric")

    def __init__(self, kinds: Mapping[str, Any]) -> None:
        self.names = tuple(kinds)
        # Fields are numbered, since a metric's name may not be a valid name in Python.
        numbered = {f"_{number}": name for number, name in enumerate(kinds)}
        fields: list[Any] = list(zip(numbered, kinds.values(), strict=True))
        self._decode = _decoder([*fields, ("ts", _Time, None), ("seq", _Number, None)], numbered)
        self.numbers = _decoder([*fields, ("ts", _Stamp, -1), ("seq", _Count, -1)], numbered)
        self.numeric = all(kind is float for kind in kinds.values())

    def read(self, payload: bytes) -> Read | None:
        """Return a payload's values by metric, its time and its ``seq``; None if it does not match this schema."""
        if len(payload) > MAX_BYTES:
            return None
        try:
            row = msgspec.structs.astuple(self._decode(payload))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        if not self.numeric and not _NO_VALUES.isdisjoint(row[:-2]):
            return None
        return dict(zip(self.names, row, strict=False)), row[-2], row[-1]


class PayloadSchemas:
    """Counts the schemas that were seen, and keeps decoders for the frequent ones."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[Any, ...]] = Counter()
        self._schemas: dict[tuple[Any, ...], PayloadSchema] = {}

    def observe(self, body: Mapping[str, Any], values: Mapping[str, Value]) -> PayloadSchema | None:
        """Count a payload's schema, and return its decoder; None if it is not frequent yet or the payload is not flat.

        ``body`` is the payload's JSON object, and ``values`` are the metrics in it.
        """
        if not values or len(values) > _MAX_METRICS or "metrics" in body:
            return None
        if not body.keys() <= values.keys() | {"ts", "seq"}:
            return None
        kinds = {name: _KINDS[type(value)] for name, value in values.items()}
        key = (*kinds, *map(id, kinds.values()))
        if (payload_schema := self._schemas.get(key)) is not None:
            return payload_schema
        if len(self._counts) >= _MAX_SCHEMAS:
            self._counts.clear()
        self._counts[key] += 1
        if self._counts[key] < _MIN_COUNT:
            return None
        if len(self._schemas) >= _MAX_SCHEMAS:
            self._schemas.clear()
        payload_schema = self._schemas[key] = PayloadSchema(kinds)
        return payload_schema


def _decoder(fields: list[Any], renamed: dict[str, str]) -> Callable[[bytes], msgspec.Struct]:
    row = msgspec.defstruct("Row", fields, gc=False, forbid_unknown_fields=True, rename=renamed)
    return msgspec.json.Decoder(row).decode
