"""Times in the payloads of devices: the accepted formats, and when the time of receipt is used instead.

The rules are the same for every dialect and mapping:

- A number, or a text that is a number, is the time since 1970. Its size decides whether the unit is s, ms, µs or ns.
- ISO 8601 with a zone (``Z``, ``UTC``, ``+05:30``, ``+0530``) is that time.
- A date alone has no time of day, so the time of receipt is used.
- ISO 8601 without a zone is local time. If the mapping has a ``zone``, the time is read in that zone. Otherwise the
  time is read as UTC and used if it is within :data:`UTC_TOLERANCE` of the time of receipt; if not, the time of
  receipt is used. In a list of local times, the newest is set to the time of receipt, and the others keep their
  distance from it (:func:`zone_of`).
- If a time is more than :data:`DAY` in the past or more than :data:`LATE` in the future, the device's clock is wrong.
  The time of receipt is used with the quality ``clock``.
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
UTC_TOLERANCE = 60_000
"""A time without a zone is read as UTC if the result differs from the time of receipt by at most this many ms."""
_UNITS = ((1e11, 1_000), (1e14, 1), (1e17, 1e-3), (1e20, 1e-6))
"""Pairs (limit, ms per unit) for s, ms, µs and ns.

The unit of a number is that of the first limit greater than the number's absolute value.
"""
_MILLISECONDS_FROM = 10**11
_MAX_LENGTH = 64
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d*)?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_ZONE = re.compile(r"\s*(?:(?P<utc>Z|UTC|GMT)|(?P<offset>[+-]\d{2}(?::?\d{2})?))\Z", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-?\d{2}-?\d{2}|\d{4}-?W\d{2}(?:-?\d)?")
_EXPECTED = "a number of seconds (or ms, µs, ns) since 1970, or ISO 8601 such as 2026-11-28T07:30:00+01:00"


def is_timely(ts: Any, received: Any) -> Any:
    """Return True if ``ts`` and ``received`` differ by at most :data:`LATE` ms.

    Both may be numbers, or arrays that are compared element by element.
    """
    return abs(received - ts) <= LATE


def when(value: Any, received: int, *, retained: bool = False, zone: tzinfo | None = None) -> tuple[int, Quality]:
    """Return the time of a reading in epoch ms, and its quality.

    Args:
        value: The time in the payload. For None and an empty text the time of receipt is used.
        received: The time of receipt in ms.
        retained: Whether the broker replayed the message.
        zone: The time zone that applies if ``value`` has none.

    Raises:
        Rejected: ``value`` is not a time (``bad_time``).
    """
    if type(value) is int and value > _MILLISECONDS_FROM and is_timely(value, received) and not retained:
        return value, "good"  # the most frequent case, for speed
    if value is None or value == "":
        return received, "retained" if retained else "good"
    parsed = _parse(value)
    if isinstance(parsed, int):
        ts: int | None = parsed
    else:
        ts = _from_local(parsed, received, zone) if isinstance(parsed, datetime) else None
    if ts is None:
        return _time_of_receipt(_utc(parsed), received, retained)
    if retained:
        return min(ts, received), "retained"
    if is_timely(ts, received):
        return ts, "good"
    return (received, "clock") if received - ts > DAY or ts > received else (ts, "late")


def zone_of(values: Iterable[Any], received: int) -> tzinfo | None:
    """Infer the time zone of a device that sends local times without a zone.

    The newest time in ``values`` is assumed to be the time at which the hub received the message (``received``, epoch
    ms). The difference between the two is the zone's distance from UTC.

    Return None if ``values`` has fewer than two local times, if the newest is in UTC already (it differs by at most
    :data:`UTC_TOLERANCE`), or if the difference is a day or more.
    """
    clocks = []
    for value in values:
        if isinstance(value, str):
            try:
                parsed = _parse(value)
            except Rejected:
                continue
            if isinstance(parsed, datetime):
                clocks.append(parsed)
    if len(clocks) < 2:
        return None
    ahead = _utc(max(clocks)) - received
    return timezone(timedelta(milliseconds=ahead)) if UTC_TOLERANCE < abs(ahead) < DAY else None


def has_zone(value: Any) -> bool:
    """Return True if the time is a number or has a zone, False for a local time and for a date. Raises Rejected."""
    return isinstance(_parse(value), int)


def _time_of_receipt(as_utc: int, received: int, retained: bool) -> tuple[int, Quality]:
    """Return the time of receipt and its quality, to be used in place of a local time in an unknown time zone.

    ``as_utc`` is the local time in ms, read as if it were UTC. If it differs from ``received`` by more than a day, no
    time zone can explain the difference: the device's clock is wrong, and the quality is ``clock``. For a retained
    message, the quality is ``retained``.
    """
    if retained:
        return received, "retained"
    return received, "clock" if abs(as_utc - received) > DAY else "good"


def _from_local(clock: datetime, received: int, zone: tzinfo | None) -> int | None:
    """Return a local time as epoch ms.

    Without a ``zone``, the time is read as UTC; if that is far from the time of receipt, return None. If daylight
    saving time makes the hour exist twice or not at all, use the result closer to the time of receipt.
    """
    if zone is None:
        ts = _utc(clock)
        return ts if abs(ts - received) <= UTC_TOLERANCE else None
    try:
        both = [_ms(clock.replace(tzinfo=zone, fold=fold)) for fold in (0, 1)]
    except (OverflowError, ValueError):
        return None  # in the first or last hours that a datetime can have
    return min(both, key=lambda ts: abs(ts - received))


def _utc(parsed: int | date) -> int:
    """Return a parsed time in epoch ms, as if it were a time in UTC. A number is in epoch ms already.

    A date without a time of day stands for noon.
    """
    if isinstance(parsed, datetime):
        return _ms(parsed.replace(tzinfo=UTC))
    return parsed if isinstance(parsed, int) else _ms(datetime.combine(parsed, time(12), UTC))


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _parse(value: Any) -> int | date:
    """Return ms since 1970, local time (a ``datetime`` without a zone) or a date. Raises Rejected (``bad_time``)."""
    if isinstance(value, str):
        text = value.strip()
        if len(text) > _MAX_LENGTH:
            raise Rejected("bad_time", f"The time {text[:40]!r} is invalid: it must be {_EXPECTED}.")
        if _NUMBER.fullmatch(text) is None:
            return _parse_text(text)
        text = text.replace(",", ".")
        value = float(text) if set(text) & set(".eE") else int(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Rejected("bad_time", f"The time is {type(value).__name__}, but must be {_EXPECTED}.")
    for limit, factor in _UNITS:  # NaN is below none of them
        if abs(value) < limit:
            return int(value * factor)
    raise Rejected("bad_time", f"The time is a number that is out of range: it must be {_EXPECTED}.")


def _parse_text(text: str) -> int | date:
    is_date = _DATE.fullmatch(text) is not None
    zone = None if is_date else _ZONE.search(text)
    bare = text if zone is None else text[: zone.start()]
    offset = "" if zone is None else "+00:00" if zone["utc"] else zone["offset"]
    try:
        moment = datetime.fromisoformat(bare + offset)
        return moment.date() if is_date else _ms(moment) if moment.tzinfo else moment
    except (ValueError, OverflowError) as error:
        raise Rejected("bad_time", f"The time {text[:40]!r} is invalid: it must be {_EXPECTED}.") from error
