"""Recognize the columns of a table, and check the fields of a row. This does not depend on the file format.

The limits are the same as for MQTT: a name that a device cannot publish cannot be imported either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol, cast, get_args

import msgspec

from hub import bounds
from hub.dialects.payload import metric_name
from hub.errors import Invalid, Rejected
from hub.model import Page, Quality, Reading, Value
from hub.topics import is_id

COLUMNS = ("time", "device", "metric", "value", "type", "quality", "unit")
REQUIRED = COLUMNS[:4]
ALIASES = {
    "time": ("timestamp", "ts", "datetime", "date", "_time", "last_changed"),
    "device": ("device_id", "entity_id"),
    "metric": ("field", "_field", "measurement"),
    "value": ("_value", "state"),
}
"""Names that other programs use for the columns. The hub's own name is preferred if a table has both."""
MAX_TEXT = 10_000
MIN_TS, MAX_TS = -2_208_988_800_000, 4_102_444_799_999
"""The times that a reading may have, in epoch ms: the years 1900 to 2099. Others are mistakes, such as 0001 or 9999."""

TIME_HINT = "Use ISO 8601, or seconds or milliseconds since 1970."

_QUALITIES = frozenset(get_args(Quality)) - {"unknown"}
KINDS = ("number", "boolean", "text")


class Table(Protocol):
    """Interface of a table that is written in pages. :meth:`add` and :meth:`end` return the next bytes of the file."""

    def add(self, page: Page, unit: str | None) -> bytes: ...
    def end(self) -> bytes: ...


class RowSkipped(msgspec.Struct, frozen=True):
    """A row that gives no reading, with the reason."""

    where: int  # number of the line or row
    reason: str


def _written(ts: int) -> str:
    """Return a time as text, such as ``2026-01-31 08:00:00 UTC``; as a number of ms outside of the years 1 to 9999."""
    try:
        time = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ts)
        return f"{time.replace(tzinfo=None).isoformat(' ', 'seconds')} UTC"
    except OverflowError:
        return f"{ts} ms"


def kind_of(value: Value) -> str:
    return "boolean" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"


def find_columns(names: Sequence[str]) -> dict[str, int]:
    """Return the index of each known column by its name.

    Raises Invalid if a required column is missing, or a known column occurs twice.
    """
    given = [name.strip().lower() for name in names]
    found: dict[str, int] = {}
    for column in (*COLUMNS, "text"):
        accepted = (column, *ALIASES.get(column, ()))
        name = next((name for name in accepted if name in given), None)
        if name is not None:
            if given.count(name) > 1:
                raise Invalid(f"The table has the column {name!r} twice.", "Each column may occur once.")
            found[column] = given.index(name)
    for column in REQUIRED:
        if column not in found:
            others = ", ".join(ALIASES[column])
            present = ", ".join(repr(name[:30]) for name in given[:10] if name) or "none"
            raise Invalid(
                f"The table has no column {column!r}. Its columns: {present}.",
                f"Required are {', '.join(REQUIRED)}, in any order. Other names for {column}: {others}.",
            )
    return found


def reading(device: str, metric: str, ts: int, value: Value, quality: str) -> Reading:
    """Check the fields of a reading, and return it. Raises Invalid."""
    if not is_id(device):
        raise Invalid(f"{device[:60]!r} is not a valid device id.", "Use up to 128 letters, digits and . _ : ~ -")
    try:
        metric_name(metric)
    except Rejected as error:
        raise Invalid(f"{metric[:60]!r} is not a valid metric name.", error.message) from None
    if not MIN_TS <= ts <= MAX_TS:
        raise Invalid(f"The time {_written(ts)} is out of range: the years 1900 to 2099 are allowed.", TIME_HINT)
    if (problem := bounds.coordinate_problem(metric, value)) is not None:
        raise Invalid(problem, "Check whether latitude and longitude are exchanged, and that the unit is degrees.")
    if quality not in _QUALITIES:
        raise Invalid(f"{quality[:60]!r} is not a known quality.", f"Allowed: {', '.join(sorted(_QUALITIES))}.")
    if isinstance(value, float) and not math.isfinite(value):
        raise Invalid(f"{value} is not a valid value.", "Numbers must be finite.")
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise Invalid(f"The text is too long: at most {MAX_TEXT} characters are allowed.")
    return Reading(device, metric, ts, value, cast("Quality", quality))
