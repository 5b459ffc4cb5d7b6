"""One row of a table: which columns there are, and what a reading may hold. It knows no file format.

The bounds are those of MQTT: a name that a device could not publish cannot be imported either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol, cast, get_args

import msgspec

from hub.dialects.payload import metric_name
from hub.errors import Invalid, Rejected
from hub.model import Page, Quality, Reading, Value
from hub.topics import is_id

COLUMNS = ("time", "device", "metric", "value", "type", "quality", "unit")
NEEDED = COLUMNS[:4]
ALIASES = {
    "time": ("timestamp", "ts", "datetime", "date", "_time", "last_changed"),
    "device": ("device_id", "entity_id"),
    "metric": ("field", "_field", "measurement"),
    "value": ("_value", "state"),
}
"""What other programs call the columns; the name of our own wins."""
MAX_TEXT = 10_000
MAX_TS = 253_402_300_799_999
"""The end of the year 9999, in epoch ms."""

_QUALITIES = frozenset(get_args(Quality)) - {"unknown"}
KINDS = ("number", "boolean", "text")


class Table(Protocol):
    """A table being written, in pieces that are sent as they come."""

    def add(self, page: Page, unit: str | None) -> bytes: ...
    def end(self) -> bytes: ...


class RowSkipped(msgspec.Struct, frozen=True):
    """A row that holds no reading, and why; ``where`` is its line or row."""

    where: int
    reason: str


def kind_of(value: Value) -> str:
    return "boolean" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"


def find_columns(names: Sequence[str]) -> dict[str, int]:
    """Return the place of each known column. Raises Invalid where a needed one is missing or stands there twice."""
    given = [name.strip().lower() for name in names]
    found: dict[str, int] = {}
    for column in (*COLUMNS, "text"):
        wanted = (column, *ALIASES.get(column, ()))
        name = next((name for name in wanted if name in given), None)
        if name is not None:
            if given.count(name) > 1:
                raise Invalid(f"The table has the column {name!r} twice.", "Name each column once.")
            found[column] = given.index(name)
    for column in NEEDED:
        if column not in found:
            others = ", ".join(ALIASES[column])
            there = ", ".join(repr(name[:30]) for name in given[:10] if name) or "none at all"
            raise Invalid(
                f"The table has no column {column!r}: it names {there}.",
                f"Needed are {', '.join(NEEDED)}, in any order; {column} may also be called {others}.",
            )
    return found


def reading(device: str, metric: str, ts: int, value: Value, quality: str) -> Reading:
    """Return a checked reading. Raises Invalid."""
    if not is_id(device):
        raise Invalid(f"{device[:60]!r} is no device's id.", "Up to 128 letters, digits and . _ : ~ -")
    try:
        metric_name(metric)
    except Rejected as error:
        raise Invalid(f"{metric[:60]!r} is no metric's name.", error.message) from None
    if abs(ts) > MAX_TS:
        raise Invalid("The time is beyond the calendar.", "Times are ISO 8601, or seconds or milliseconds since 1970.")
    if quality not in _QUALITIES:
        raise Invalid(f"{quality[:60]!r} is no quality.", f"Known are {', '.join(sorted(_QUALITIES))}.")
    if isinstance(value, float) and not math.isfinite(value):
        raise Invalid(f"{value} is no value.", "Numbers are finite.")
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise Invalid(f"A text has at most {MAX_TEXT} characters.")
    return Reading(device, metric, ts, value, cast("Quality", quality))
