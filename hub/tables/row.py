"""One reading as a row: what may stand in it. It knows no file format."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Protocol, cast, get_args

from hub.errors import Invalid
from hub.model import Page, Quality, Reading, Value
from hub.topics import is_id

COLUMNS = ("time", "device", "metric", "value", "type", "quality", "unit")
NEEDED = COLUMNS[:4]

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_MILLISECONDS_FROM = 1e11
_MAX_TS = 253_402_300_799_999
_QUALITIES = frozenset(get_args(Quality)) - {"unknown"}
_BOOLEANS = {"true": True, "false": False}
MOST_TEXT = 10_000


class Table(Protocol):
    """A table being written, in pieces that are sent as they come."""

    def add(self, page: Page, unit: str | None) -> bytes: ...
    def end(self) -> bytes: ...


def kind_of(value: Value) -> str:
    return "boolean" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"


def reading(device: str, metric: str, ts: int, value: Value, quality: str) -> Reading:
    """Checked. Raises Invalid."""
    if not is_id(device):
        raise Invalid(f"{device[:60]!r} is no device's id.", "Up to 128 letters, digits and . _ : ~ -")
    if not 1 <= len(metric) <= 256:
        raise Invalid(f"A metric has a name of 1 to 256 characters, not {metric[:60]!r}.")
    if abs(ts) > _MAX_TS:
        raise Invalid("The time is beyond the calendar.")
    if quality not in _QUALITIES:
        raise Invalid(f"{quality[:60]!r} is no quality.", f"Known are {', '.join(sorted(_QUALITIES))}.")
    if isinstance(value, float) and not math.isfinite(value):
        raise Invalid(f"{value} is no value.")
    if isinstance(value, str) and len(value) > MOST_TEXT:
        raise Invalid(f"A text has at most {MOST_TEXT} characters.")
    return Reading(device, metric, ts, value, cast("Quality", quality))


def time_of(text: str) -> int:
    """Epoch seconds or milliseconds, or ISO 8601 (UTC unless it says otherwise), in ms. Raises Invalid."""
    try:
        if _NUMBER.fullmatch(text):
            number = float(text)
            return int(number if abs(number) >= _MILLISECONDS_FROM else number * 1000)
        parsed = datetime.fromisoformat(text)
        aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        return round(aware.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise Invalid(f"{text[:60]!r} is no time.", "Take 2026-11-25T13:00:00Z, or seconds since 1970.") from None


def value_of(text: str, kind: str) -> Value:
    """``kind`` as the column ``type`` says, empty where it does not. Raises Invalid."""
    if kind == "text":
        return text
    boolean = _BOOLEANS.get(text.lower())
    number = float(text) if _NUMBER.fullmatch(text.strip()) else None
    match kind:
        case "":
            return boolean if boolean is not None else number if number is not None else text
        case "boolean" if boolean is not None:
            return boolean
        case "number" if number is not None:
            return number
        case "boolean" | "number":
            raise Invalid(f"{text[:60]!r} is no {kind}.")
    raise Invalid(f"{kind[:60]!r} is no type.", "Known are number, boolean and text.")
