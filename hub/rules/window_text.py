"""Weekly windows as text, in the format of the key ``schedule`` of a rule: ``mon-fri 08:00-18:00``."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub.model import WeeklyWindow
from hub.rules.fields import InvalidField

MAX_WINDOWS = 20
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = "|".join(DAYS)
_WINDOW = re.compile(
    rf"((?:{_DAY})(?:[-,](?:{_DAY}))*|daily) ([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)"
)
_ALLOWED = 'days and hours such as "mon-fri 08:00-18:00", "sat,sun 22:00-06:00" or "daily 00:00-24:00"'


def read_schedule(table: dict[str, Any]) -> tuple[WeeklyWindow, ...]:
    """Return the windows in the keys ``schedule`` and ``time_zone`` of a table. Raises InvalidField."""
    texts = table.get("schedule")
    if texts is None:
        if "time_zone" in table:
            raise InvalidField("time_zone", table["time_zone"], "only together with schedule")
        return ()
    if not isinstance(texts, list) or not 0 < len(texts) <= MAX_WINDOWS:
        raise InvalidField("schedule", texts, f"a list of 1 to {MAX_WINDOWS} windows: {_ALLOWED}")
    zone = read_zone(table.get("time_zone"))
    return tuple(_read_window(text, zone) for text in texts)


def window_text(window: WeeklyWindow) -> str:
    """Return a window as text, in the format of a rule's key ``schedule``."""
    start, end = (f"{at // 60:02}:{at % 60:02}" for at in (window.start, window.end or 24 * 60))
    return f"{days_text(window.days)} {start}-{end}"


def read_zone(name: Any) -> str:
    """Return ``name`` if it is the name of an IANA time zone. Raises InvalidField otherwise."""
    try:
        if not isinstance(name, str) or not name[:1].isupper():  # "localtime" differs from computer to computer
            raise ValueError
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise InvalidField("time_zone", name, 'an IANA time zone, such as "Europe/Berlin" or "UTC"') from None
    return name


def _read_window(text: Any, zone: str) -> WeeklyWindow:
    match = _WINDOW.fullmatch(" ".join(text.lower().split())) if isinstance(text, str) and len(text) < 100 else None
    if match is None:
        raise InvalidField("schedule", text, _ALLOWED)
    start, end = int(match[2]) * 60 + int(match[3]), int(match[4] or 0) * 60 + int(match[5] or 0)
    return WeeklyWindow(read_days(match[1], "schedule", _ALLOWED), start, end, zone)


def read_days(text: str, key: str, allowed: str) -> tuple[int, ...]:
    """Return the days (0 is Monday) that a text such as ``mon-fri``, ``fri-mon``, ``mon,wed`` or ``daily`` names.

    Raises InvalidField for ``key``; ``allowed`` is the error's text about what is allowed.
    """
    days: set[int] = set(range(7)) if text == "daily" else set()
    for part in text.split(",") if text != "daily" else ():
        first, *more = (DAYS.index(each) for each in part.split("-"))
        if len(more) > 1:
            raise InvalidField(key, text, allowed)
        days.update((first + number) % 7 for number in range((more[-1] - first) % 7 + 1 if more else 1))
    return tuple(sorted(days))


def days_text(days: tuple[int, ...]) -> str:
    """Return days (0 is Monday) in the format that :func:`read_days` reads."""
    if len(days) == 7:
        return "daily"
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{DAYS[days[0]]}-{DAYS[days[-1]]}"
    return ",".join(DAYS[day] for day in days)
