"""Numbers, quantities, durations and times as text: one format for alerts, evidence, answers and logs.

The dashboard has the same formats (``web/src/lib/format.ts``); ``tests/vectors/text_format.json`` tests both.
:mod:`hub.insight.quantities` parses what is written here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

from hub.model import Value
from hub.model.metric_names import spoken_words

_DASH = "–"
_LARGE, _SMALL = 1e15, 1e-4
"""Numbers of at least ``_LARGE``, or below ``_SMALL``, are written with a power of ten."""
_LIMIT_DIGITS = 6
_MAX_DECIMALS = {"°C": 1, "°F": 1, "%": 1, "dBm": 0, "rpm": 0, "r/min": 0}
"""Maximum decimals of readings by unit. More would be noise: −0.04 °C is shown as 0 °C.

Differences and limits keep all their decimals.
"""
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_UNITS_MS = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000))
_SENTENCE = re.compile(r"(?<=[.!?])\s")
_LAST_MS = 253_402_300_799_000
"""The end of the year 9999. Later times, from broken clocks, are shown as this one."""


_decimal_comma = ContextVar("decimal_comma", default=False)
_COMMA = str.maketrans(",.", ".,")


@contextmanager
def decimal_comma(*, wanted: bool) -> Iterator[None]:
    """Write numbers in this context as ``1.184,5``, as in German and Spanish, if ``wanted``."""
    token = _decimal_comma.set(wanted)
    try:
        yield
    finally:
        _decimal_comma.reset(token)


def number(value: float, unit: str | None = None) -> str:
    """Return a measured number as text with about three significant digits: ``89.2``, ``1,184``, ``−0.0123``.

    All digits before the decimal point are kept; trailing zeros after it are removed. ``unit`` is not part of the text,
    but some units limit the number of decimals.
    """
    value = float(value)
    size = abs(value)
    if not math.isfinite(value):
        return _DASH
    if size >= _LARGE or (0 < size < _SMALL and unit not in _MAX_DECIMALS):
        return _scientific(value, 2)
    decimals = 0 if size >= 1000 else 1 if size >= 10 else 2 - _exponent(value)
    return _rounded(value, min(decimals, _MAX_DECIMALS.get(unit or "", decimals)))


def limit(value: float) -> str:
    """Return a number that a person set, with up to six significant digits: ``80``, ``101.325``."""
    value = float(value)
    if not math.isfinite(value):
        return _DASH
    if abs(value) >= _LARGE or 0 < abs(value) < _SMALL:
        return _scientific(value, _LIMIT_DIGITS - 1)
    return _rounded(value, max(_LIMIT_DIGITS - 1 - _exponent(value), 0))


def with_unit(text: str, unit: str | None) -> str:
    """Return ``text`` with its unit after a space: ``20 °C``, ``45 %``. Only degrees of an angle have no space."""
    return f"{text}{'' if unit == '°' else ' '}{unit}" if unit else text


def quantity(value: float, unit: str | None) -> str:
    """Return a reading with its unit: ``7.4 mm/s``. Without a unit it is the number alone."""
    return with_unit(number(value, unit), unit)


def difference(value: float, unit: str | None) -> str:
    """Return the difference of two readings: ``0.04 °C``. Small differences are not rounded to 0."""
    return with_unit(number(value), unit)


def limit_quantity(value: float, unit: str | None) -> str:
    """Return a limit with its unit: ``80.25 °C``."""
    return with_unit(limit(value), unit)


def exact_value(value: Value, unit: str | None) -> str:
    """Return a number or boolean as text with up to six significant digits, or the first 60 characters of a text."""
    if isinstance(value, bool):
        return str(value).lower()
    return value[:60] if isinstance(value, str) else limit_quantity(value, unit)


def rate(per_second: float, unit: str | None) -> str:
    """Return a slope per minute, or per hour if it is less than 0.1 per minute: ``0.8 °C/min``."""
    per, value = ("min", per_second * 60) if abs(per_second) * 60 >= 0.1 else ("h", per_second * 3600)
    return f"{number(value)} {unit}/{per}" if unit else f"{number(value)} per {per}"


def duration(ms: float) -> str:
    """Return a duration in its two largest units, rounded down as clocks do: ``4.8 s``, ``2 h 46 min``, ``3 d``."""
    if not math.isfinite(ms):
        return _DASH
    left = max(round(ms), 0)
    if 0 < left < 100:
        return f"{left} ms"
    if left < 10_000:
        return f"{_rounded(left // 100 / 10, 1)} s"
    largest = next(place for place, (_, size) in enumerate(_UNITS_MS) if left >= size)
    parts = []
    for unit, size in _UNITS_MS[largest : largest + 2]:
        count, left = divmod(left, size)
        parts += [f"{count} {unit}"] if count else []
    return " ".join(parts)


def clock(stamp: int) -> str:
    """Return the UTC time of day of ``stamp`` (epoch ms): ``14:03:12 UTC``."""
    return _utc(stamp).strftime("%H:%M:%S UTC")


def clock_minute(stamp: int) -> str:
    """Return the UTC time of day of ``stamp`` (epoch ms) without seconds: ``14:03 UTC``."""
    return _utc(stamp).strftime("%H:%M UTC")


def date_time(stamp: int) -> str:
    """Return the date and time of ``stamp`` (epoch ms) in UTC: ``2026-11-22 14:03 UTC``."""
    return _utc(stamp).strftime("%Y-%m-%d %H:%M UTC")


def date(stamp: int) -> str:
    """Return the date of ``stamp`` (epoch ms) in UTC: ``2026-11-22``."""
    return _utc(stamp).strftime("%Y-%m-%d")


def time_of_day(stamp: int) -> tuple[int, int, int]:
    """Return hour, minute and second of ``stamp`` (epoch ms) in UTC."""
    moment = _utc(stamp)
    return moment.hour, moment.minute, moment.second


def zone_name(moment: datetime) -> str:
    """Return the short name of the time zone of ``moment``, such as ``CET`` or ``UTC+05:45``."""
    name = f"{moment:%Z}"
    return name if name[:1].isalpha() else f"UTC{name[:3]}:{name[3:] or '00'}"


def spoken(name: str) -> str:
    """Return the name of a metric or a cause as words: ``bearing_temperature`` is ``bearing temperature``."""
    return spoken_words(name)


def in_sentence(title: str) -> str:
    """Return a title for use within a sentence: ``Supply air`` becomes ``supply air``, ``CO₂`` stays as it is."""
    return title[:1].lower() + title[1:] if title[1:2].islower() else title


def join(items: list[str], word: str = "and") -> str:
    """Return a list as text: ``a``, ``a and b``, ``a, b and c``. ``word`` stands before the last item, here "and"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {word} {items[-1]}" if items else ""


def first_sentence(text: str) -> str:
    """Return the first sentence of a text."""
    return _SENTENCE.split(text.strip(), maxsplit=1)[0][:500]


def _exponent(value: float) -> int:
    return Decimal(repr(value)).adjusted() if value else 0


def _rounded(value: float, decimals: int) -> str:
    """Return ``value`` with at most ``decimals`` decimals. Halves are rounded away from zero, as browsers do."""
    shown = abs(Decimal(repr(value))).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    text = f"{shown:,f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    text = text.translate(_COMMA) if _decimal_comma.get() else text
    return f"−{text}" if value < 0 and shown else text


def _scientific(value: float, decimals: int) -> str:
    exact = Decimal(repr(value))
    exponent = exact.adjusted()
    mantissa = _rounded(float(exact.scaleb(-exponent)), decimals)
    if mantissa in ("10", "−10"):
        mantissa, exponent = mantissa[:-1], exponent + 1
    return f"{mantissa} × 10{str(exponent).translate(_SUPERSCRIPTS)}"


def _utc(stamp: int) -> datetime:
    return datetime.fromtimestamp(min(max(stamp, 0), _LAST_MS) / 1000, UTC)
