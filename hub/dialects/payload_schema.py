"""Flat telemetry that looks like what came before it: read by a decoder made for its very keys.

A fleet sends few different layouts and very many messages of each. For a layout that has come a few times msgspec
builds a decoder which checks names and types as it reads; whatever does not fit it exactly is read the careful way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec

from hub.dialects.payload import MAX_BYTES, MAX_TEXT, NOT_FINITE
from hub.model import Value

_FAMILIAR = 3
"""A layout is worth its decoder (some 0.2 ms) once it has come so often."""
_MOST = 1_000
"""Layouts that are counted, and that are kept."""
_WIDEST = 64
_NOT_KNOWN = NOT_FINITE | {""}
"""Texts that are no values."""

_KINDS: dict[type, Any] = {
    float: float,
    int: float,
    bool: bool,
    str: Annotated[str, msgspec.Meta(max_length=MAX_TEXT)],
}
_Time = int | float | str | None
_Number = Annotated[int, msgspec.Meta(ge=-(2**62), le=2**62)] | None
"""Bounds that msgspec can check; a number beyond them is read the careful way."""

_Stamp = Annotated[int, msgspec.Meta(ge=10**11, le=10**15)]
"""Epoch milliseconds, and nothing that has to be looked at."""
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]

Read = tuple[dict[str, Value], Any, int | None]
"""Values by their metrics, what it says as its time, and its ``seq``."""


class PayloadSchema:
    """``kinds`` are the types of its metrics, by name; ``numeric`` says that all are numbers.

    ``numbers`` reads one more of a numeric layout into a struct of its numbers: the metrics in their order, then its
    time in epoch ms and its ``seq``, -1 where there is none. It raises msgspec's errors for anything else, also for
    what :meth:`read` can still make something of.
    """

    __slots__ = ("_decode", "names", "numbers", "numeric")

    def __init__(self, kinds: Mapping[str, Any]) -> None:
        self.names = tuple(kinds)
        # The metrics come first and under numbers: a name need not be one of Python's.
        numbered = {f"_{number}": name for number, name in enumerate(kinds)}
        fields: list[Any] = list(zip(numbered, kinds.values(), strict=True))
        self._decode = _decoder([*fields, ("ts", _Time, None), ("seq", _Number, None)], numbered)
        self.numbers = _decoder([*fields, ("ts", _Stamp, -1), ("seq", _Count, -1)], numbered)
        self.numeric = all(kind is float for kind in kinds.values())

    def read(self, payload: bytes) -> Read | None:
        """None where the payload is anything else than one more of this layout."""
        if len(payload) > MAX_BYTES:
            return None
        try:
            row = msgspec.structs.astuple(self._decode(payload))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        if not self.numeric and not _NOT_KNOWN.isdisjoint(row[:-2]):
            return None
        return dict(zip(self.names, row, strict=False)), row[-2], row[-1]


class PayloadSchemas:
    """The layouts that have come."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[Any, ...]] = Counter()
        self._familiar: dict[tuple[Any, ...], PayloadSchema] = {}

    def of(self, body: Mapping[str, Any], values: Mapping[str, Value]) -> PayloadSchema | None:
        """The layout of ``body``, whose metrics are ``values``; None while it is not familiar, or cannot be one."""
        if not values or len(values) > _WIDEST or not body.keys() <= values.keys() | {"ts", "seq"}:
            return None
        kinds = {name: _KINDS[type(value)] for name, value in values.items()}
        key = (*kinds, *map(id, kinds.values()))
        if (payload_schema := self._familiar.get(key)) is not None:
            return payload_schema
        if len(self._counts) >= _MOST:
            self._counts.clear()
        self._counts[key] += 1
        if self._counts[key] < _FAMILIAR:
            return None
        if len(self._familiar) >= _MOST:
            self._familiar.clear()
        payload_schema = self._familiar[key] = PayloadSchema(kinds)
        return payload_schema


def _decoder(fields: list[Any], renamed: dict[str, str]) -> Callable[[bytes], msgspec.Struct]:
    row = msgspec.defstruct("Row", fields, gc=False, forbid_unknown_fields=True, rename=renamed)
    return msgspec.json.Decoder(row).decode
