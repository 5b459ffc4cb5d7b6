"""Flat telemetry that looks like what came before it: read by a decoder made for its very keys.

A fleet sends few different shapes and very many messages of each. For a shape that has come a few times msgspec builds
a decoder which checks names and types as it reads; whatever does not fit it exactly is read the careful way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec

from hub.dialects.payload import MAX_BYTES, MAX_TEXT
from hub.model import Value

_FAMILIAR = 3
"""A shape is worth its decoder (some 0.2 ms) once it has come so often."""
_MOST = 1_000
"""Shapes that are counted, and that are kept."""
_WIDEST = 64

_KINDS: dict[type, Any] = {
    float: float,
    int: float,
    bool: bool,
    str: Annotated[str, msgspec.Meta(max_length=MAX_TEXT)],
}
_Time = int | float | str | None
_Number = Annotated[int, msgspec.Meta(ge=-(2**62), le=2**62)] | None
"""Bounds that msgspec can check; a number beyond them is read the careful way."""

Read = tuple[dict[str, Value], Any, int | None]
"""Values by their metrics, what it says as its time, and its ``seq``."""


class Shape:
    """``kinds`` are the types of its metrics, by name."""

    __slots__ = ("_decode", "_names")

    def __init__(self, kinds: Mapping[str, Any]) -> None:
        self._names = tuple(kinds)
        # The metrics come first and under numbers: a name need not be one of Python's.
        numbered = {f"_{number}": name for number, name in enumerate(kinds)}
        fields: list[Any] = [*zip(numbered, kinds.values(), strict=True), ("ts", _Time, None), ("seq", _Number, None)]
        row = msgspec.defstruct("Row", fields, gc=False, forbid_unknown_fields=True, rename=numbered)
        self._decode: Callable[[bytes], msgspec.Struct] = msgspec.json.Decoder(row).decode

    def read(self, payload: bytes) -> Read | None:
        """None where the payload is anything else than one more of this shape."""
        if len(payload) > MAX_BYTES:
            return None
        try:
            row = msgspec.structs.astuple(self._decode(payload))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return dict(zip(self._names, row, strict=False)), row[-2], row[-1]


class Shapes:
    """The shapes that have come."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[Any, ...]] = Counter()
        self._familiar: dict[tuple[Any, ...], Shape] = {}

    def of(self, body: Mapping[str, Any], values: Mapping[str, Value]) -> Shape | None:
        """The shape of ``body``, whose metrics are ``values``; None while it is not familiar, or cannot be one."""
        if not values or len(values) > _WIDEST or not body.keys() <= values.keys() | {"ts", "seq"}:
            return None
        kinds = {name: _KINDS[type(value)] for name, value in values.items()}
        key = (*kinds, *map(id, kinds.values()))
        if (shape := self._familiar.get(key)) is not None:
            return shape
        if len(self._counts) >= _MOST:
            self._counts.clear()
        self._counts[key] += 1
        if self._counts[key] < _FAMILIAR:
            return None
        if len(self._familiar) >= _MOST:
            self._familiar.clear()
        shape = self._familiar[key] = Shape(kinds)
        return shape
