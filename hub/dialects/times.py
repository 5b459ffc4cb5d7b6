"""The time that a device gives with its readings: which forms are read, and which of them are believed.

One rule for every dialect and mapping:

- A number, or a text that is one, counts from 1970 in s, ms, µs or ns; its size tells which.
- ISO 8601 with a zone (``Z``, ``UTC``, ``+05:30``, ``+0530``) is that moment.
- A date alone is no time of day: the time of receipt holds.
- ISO 8601 without a zone is a wall clock. A mapping may name its ``zone``. Otherwise it counts only where it agrees
  with the time of receipt when read as UTC; else the time of receipt holds, since no zone can be known. A list of such
  times keeps its intervals: the newest one stands for the time of receipt (:func:`zone_of`).
- No time of a day more than :data:`DAY` ago, or more than :data:`LATE` ahead, is believed: the time of receipt stands
  in its place, with the quality ``clock``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Any

from hub.errors import Rejected
from hub.model import Quality

DAY = 86_400_000
LATE = 300_000
AGREES = 60_000
"""So many ms between a wall clock read as UTC and the time of receipt: it shows UTC. No zone is that close to UTC."""
_LARGEST = ((1e11, 1_000), (1e14, 1), (1e17, 1e-3), (1e20, 1e-6))
"""Below which absolute value a number counts s, ms, µs, ns since 1970, and how many ms one of these is."""
_MILLISECONDS_FROM = 10**11
_LONGEST = 64
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d*)?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_ZONE = re.compile(r"\s*(?:(?P<utc>Z|UTC|GMT)|(?P<offset>[+-]\d{2}(?::?\d{2})?))\Z", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-?\d{2}-?\d{2}|\d{4}-?W\d{2}(?:-?\d)?")
_EXPECTED = "a number of seconds (or ms, µs, ns) since 1970, or ISO 8601 such as 2026-11-28T07:30:00+01:00"


def is_timely(ts: Any, received: Any) -> Any:
    """Return True if a reading measured at ``ts`` arrived at most :data:`LATE` ms later or earlier.

    Takes two numbers, or two columns of them.
    """
    return abs(received - ts) <= LATE


def when(value: Any, received: int, *, retained: bool = False, zone: tzinfo | None = None) -> tuple[int, Quality]:
    """Return ``(ts, quality)`` of a reading that gives ``value`` as its time and arrived at ``received`` (ms).

    ``zone`` is that of a wall clock. None and an empty text are no time: the time of receipt holds.
    Raises Rejected (``bad_time``) for what is no time at all.
    """
    if type(value) is int and value > _MILLISECONDS_FROM and is_timely(value, received) and not retained:
        return value, "good"  # what nearly all say, without a detour
    if value is None or value == "":
        return received, "retained" if retained else "good"
    said = _parse(value)
    ts = said if isinstance(said, int) else _placed(said, received, zone) if isinstance(said, datetime) else None
    if ts is None:
        return _unplaced(_utc(said), received, retained)
    if retained:
        return min(ts, received), "retained"
    if is_timely(ts, received):
        return ts, "good"
    return (received, "clock") if received - ts > DAY or ts > received else (ts, "late")


def zone_of(values: Iterable[Any], received: int) -> tzinfo | None:
    """Return the zone in which the newest wall clock among the times of one message shows the time of receipt.

    None where there are no wall clocks, where the newest shows UTC, or where it is more than a day off.
    """
    clocks = []
    for value in values:
        if isinstance(value, str):
            try:
                said = _parse(value)
            except Rejected:
                continue
            if isinstance(said, datetime):
                clocks.append(said)
    if len(clocks) < 2:
        return None
    ahead = _utc(max(clocks)) - received
    return timezone(timedelta(milliseconds=ahead)) if AGREES < abs(ahead) < DAY else None


def has_zone(value: Any) -> bool:
    """Return False for a wall clock without a zone and for a date. Raises Rejected (``bad_time``)."""
    return isinstance(_parse(value), int)


def _unplaced(as_utc: int, received: int, retained: bool) -> tuple[int, Quality]:
    """Return the time of receipt for a wall clock of an unknown zone; one that is wrong in every zone is marked."""
    if retained:
        return received, "retained"
    return received, "clock" if abs(as_utc - received) > DAY else "good"


def _placed(clock: datetime, received: int, zone: tzinfo | None) -> int | None:
    """Return the moment a wall clock shows, None where its zone is not known.

    An hour that comes twice, or not at all, when the clocks change is read so that it lies closer to the receipt.
    """
    if zone is None:
        ts = _utc(clock)
        return ts if abs(ts - received) <= AGREES else None
    try:
        both = [_ms(clock.replace(tzinfo=zone, fold=fold)) for fold in (0, 1)]
    except (OverflowError, ValueError):
        return None  # at the very edge of the calendar
    return min(both, key=lambda ts: abs(ts - received))


def _utc(said: int | date) -> int:
    """Return a wall clock, or the noon of a date, as if it were UTC."""
    if isinstance(said, datetime):
        return _ms(said.replace(tzinfo=UTC))
    return said if isinstance(said, int) else _ms(datetime.combine(said, time(12), UTC))


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _parse(value: Any) -> int | date:
    """Return ms since 1970, a wall clock (a ``datetime`` without a zone) or a date. Raises Rejected (``bad_time``)."""
    if isinstance(value, str):
        text = value.strip()
        if len(text) > _LONGEST:
            raise Rejected("bad_time", f"The time {text[:40]!r} is not read: it must be {_EXPECTED}.")
        if _NUMBER.fullmatch(text) is None:
            return _parse_text(text)
        text = text.replace(",", ".")
        value = float(text) if set(text) & set(".eE") else int(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Rejected("bad_time", f"The time is {type(value).__name__}, but must be {_EXPECTED}.")
    for largest, factor in _LARGEST:  # NaN is below none
        if abs(value) < largest:
            return int(value * factor)
    raise Rejected("bad_time", "The time is a number beyond any calendar.")


def _parse_text(text: str) -> int | date:
    is_date = _DATE.fullmatch(text) is not None
    zone = None if is_date else _ZONE.search(text)
    bare = text if zone is None else text[: zone.start()]
    offset = "" if zone is None else "+00:00" if zone["utc"] else zone["offset"]
    try:
        moment = datetime.fromisoformat(bare + offset)
        return moment.date() if is_date else _ms(moment) if moment.tzinfo else moment
    except (ValueError, OverflowError) as error:
        raise Rejected("bad_time", f"The time {text[:40]!r} is not read: it must be {_EXPECTED}.") from error
