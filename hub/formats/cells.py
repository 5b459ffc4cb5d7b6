"""Convert text cells to times, numbers, booleans and texts, independent of the file format.

A cell that looks like a number but is not a valid one (``20,5``, ``1 234.5``) is an error. If such a cell were imported
as text, every chart would lack the value, and nobody would notice.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from hub.errors import Invalid
from hub.formats.row import KINDS
from hub.insight.quantities import unit
from hub.model import Value

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_BASIC_DATE = re.compile(r"(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", re.ASCII)
"""A date without dashes. If it were read as a number of seconds, it would be a time in August 1970."""
_COMMA_NUMBER = re.compile(r"[+-]?(\d*,\d+|\d+,)([eE][+-]?\d+)?", re.ASCII)
# Digits and the characters that people write between digits, or groups of three with points ("1.234.567").
_LIKE_NUMBER = re.compile(r"[+\-\u2212\u2013]?\s*+(?=.*\d)[\d.,'’_\s]++([eE][+\-\u2212]?\d+)?", re.DOTALL)
_ONLY_DIGITS_AND_POINTS = re.compile(r"\d+(\.\d+){2,}", re.ASCII)
# Groups of three digits with one separator between them: at least two separators, or a decimal mark after them.
_GROUPED = re.compile(
    r"(?P<whole>[+-]?[0-9]{1,3}(?P<sign>[.,'’_\s])[0-9]{3}(?:(?P=sign)[0-9]{3})*)(?P<rest>(?!(?P=sign))[.,][0-9]+)?"
)
_WITH_UNIT = re.compile(r"([+\-\u2212]?\d[\d.,]*)\s*([^\W\d]\S*|[%°‰µ²³]\S*)")
_HEXADECIMAL = re.compile(r"[+-]?0[xX][0-9a-fA-F]+", re.ASCII)
_THOUSANDS = re.compile(r"\d{1,3}(\.\d{3}){2,}", re.ASCII)

_NOTHING = frozenset(
    ("", "unavailable", "unknown", "undefined", "missing", "none", "null", "nil", "nan", "na", "n/a", "-", "--", "?",
     "inf", "infinity", "\\n", "#n/a", "#na", "#null!", "#value!", "#div/0!", "#num!", "#ref!", "#name?",
     "1.#qnan", "1.#ind", "1.#inf")
)  # fmt: skip
"""Texts that programs write for a missing value, in lower case. A sign before them is ignored (``-nan``)."""
_BOOLEANS = {"true": True, "false": False, "on": True, "off": False}
_TYPED_BOOLEANS = {"1": True, "0": False, "yes": True, "no": False}  # only if the column ``type`` says boolean
_MILLISECONDS_FROM = 1e11
_SPREADSHEET_DAYS = (25_569, 80_000)
"""The dates 1970 to 2119 as spreadsheets number days. Read as seconds, these numbers would all be on 1 January 1970."""
_MAX_SHOWN = 60


class Form:
    """The notation of times and numbers in one table.

    Attributes:
        zone: The time zone of times that are written without one.
        zoneless: Number of times without a zone that were read so far.
        commas: Numbers may have decimal commas.
    """

    def __init__(self, zone: tzinfo = UTC) -> None:
        self.zone = zone
        self.zoneless = 0
        self.commas = False
        self._mark = ""  # the decimal mark of the first number that has one

    def number(self, text: str) -> float | None:
        """Return ``text`` as a number; None if it does not look like one. Raises Invalid for a malformed number."""
        if _NUMBER.fullmatch(text):
            self._check_mark(".", text)
            return _finite(text)
        if self.commas and _COMMA_NUMBER.fullmatch(text):
            self._check_mark(",", text)
            return _finite(text.replace(",", "."))
        if (measured := _WITH_UNIT.fullmatch(text)) and unit(measured[2]):
            raise Invalid(
                f"{text[:_MAX_SHOWN]!r} is a number with a unit.",
                f"Write {measured[1]}: units belong to the metric, in the device's description or on its page. "
                "For a text, add the column type with the cell text.",
            )
        if _HEXADECIMAL.fullmatch(text):
            raise Invalid(f"{text[:_MAX_SHOWN]!r} is hexadecimal.", f"Write {int(text, 16)}.")
        if _looks_like_number(text):
            raise Invalid(f"{text[:_MAX_SHOWN]!r} is not a valid number.", self._advice(text))
        return None

    def _advice(self, text: str) -> str:
        """Return advice on how to write the number in a cell that the import could not read as a number.

        ``text`` is what the cell contains. The advice names the number that it probably means, if that can be guessed.
        """
        example = "1234,5 or 1234.5" if self.commas else "1234.5"
        if plain := _without_groups(text, ("," if self.commas else ".") if not self._mark else self._mark):
            return f"Write {plain}, without a thousands separator."
        if not self.commas and _COMMA_NUMBER.fullmatch(text):
            return f"Write {text.replace(',', '.')}, or separate the cells by semicolons to use decimal commas."
        return f"Write it like {example}, without a thousands separator."

    def _check_mark(self, mark: str, text: str) -> None:
        """Raise Invalid if the decimal mark of a number (point or comma) differs from the mark of earlier numbers."""
        if mark not in text:
            return
        if mark != (self._mark or mark):
            raise Invalid(
                f"{text[:_MAX_SHOWN]!r} has a decimal {'point' if mark == '.' else 'comma'}, unlike the rows before.",
                "Use one decimal mark in the whole table.",
            )
        self._mark = mark

    def local(self, when: datetime) -> datetime:
        """Return a time with its zone, or with :attr:`zone` if it has none."""
        if when.tzinfo is not None:
            return when
        self.zoneless += 1
        return when.replace(tzinfo=self.zone)


def _finite(text: str) -> float:
    """Convert a text to a number. Raises Invalid if the number is beyond the range of a double."""
    number = float(text)
    if not math.isfinite(number):
        raise Invalid(
            f"{text[:_MAX_SHOWN]!r} is not a valid number: it is too large.", "Numbers must be below 1.8e308."
        )
    return number


def zone_of(name: str) -> tzinfo:
    """Return a time zone by its IANA name. Raises Invalid."""
    if name.upper() in ("UTC", "Z"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise Invalid(
            f"{name[:_MAX_SHOWN]!r} is not a known time zone.", "Use a name such as Europe/Berlin, or UTC."
        ) from None


def _without_groups(text: str, mark: str) -> str:
    """Return a number without thousands separators and with the decimal mark ``mark``.

    Return an empty text if the number is ambiguous: the point in ``1.234`` may be a decimal point or a separator.
    """
    found = _GROUPED.fullmatch(text)
    if found is None or (found["sign"] in ".," and not found["rest"] and found["whole"].count(found["sign"]) < 2):
        return ""
    whole = found["whole"].replace(found["sign"], "")
    return whole + (mark + found["rest"][1:] if found["rest"] else "")


def ms_of(number: float) -> int:
    """Convert a time since 1970, in seconds or milliseconds, to milliseconds. The size of ``number`` tells the unit.

    Raises:
        Invalid: The number is not finite, or is probably a spreadsheet's date (the number of days since 1899-12-30).
    """
    if _SPREADSHEET_DAYS[0] <= number < _SPREADSHEET_DAYS[1]:
        day = datetime(1899, 12, 30, tzinfo=UTC) + timedelta(days=number)
        raise Invalid(
            f"{number} is not a valid time. In seconds it would be on the first day of 1970; as a spreadsheet's date "
            f"it is {day:%Y-%m-%d %H:%M}.",
            "Format the column as yyyy-mm-dd hh:mm:ss before you save the table.",
        )
    try:
        return int(number if abs(number) >= _MILLISECONDS_FROM else number * 1000)
    except (ValueError, OverflowError):
        raise Invalid(f"{number} is not a valid time.", "Use ISO 8601, or seconds since 1970.") from None


def time_of(text: str, form: Form | None = None) -> int:
    """Return the time in ms since 1970. ``text`` is ISO 8601 or a number of seconds or milliseconds. Raises Invalid."""
    text = text.strip()
    form = form or Form()
    try:
        if _NUMBER.fullmatch(text) and not _BASIC_DATE.fullmatch(text):
            return ms_of(_finite(text))
        if form.commas and _COMMA_NUMBER.fullmatch(text):
            return ms_of(_finite(text.replace(",", ".")))
        return round(form.local(datetime.fromisoformat(text)).timestamp() * 1000)
    except (ValueError, OverflowError):
        hint = "Write it like 2026-11-25T13:00:00Z, or as seconds since 1970."
        raise Invalid(f"{text[:_MAX_SHOWN]!r} is not a valid time.", hint) from None


def is_nothing(text: str) -> bool:
    """Return True if a cell means that there is no value."""
    return text.strip().lower().removeprefix("-").removeprefix("+") in _NOTHING


def value_of(text: str, kind: str, form: Form | None = None) -> Value | None:
    """Return the value of a cell, or None if the cell means that there is no value.

    Args:
        text: The cell.
        kind: The type that the column ``type`` gives for this row; empty if it gives none.
        form: The notation of the table.

    Raises:
        Invalid: The value does not have this type.
    """
    if kind == "text":
        return text
    if kind not in ("", *KINDS):
        raise Invalid(f"{kind[:_MAX_SHOWN]!r} is not a known type.", f"Allowed: {', '.join(KINDS)}.")
    word = text.strip()
    if is_nothing(word):
        return None
    boolean = _BOOLEANS.get(word.lower())
    if kind == "boolean":
        boolean = _TYPED_BOOLEANS.get(word.lower()) if boolean is None else boolean
        if boolean is None:
            raise Invalid(f"{text[:_MAX_SHOWN]!r} is not a boolean.", "Use true and false, or on and off.")
        return boolean
    if kind == "" and boolean is not None:
        return boolean
    number = (form or Form()).number(word)
    if number is None and kind == "number":
        raise Invalid(f"{text[:_MAX_SHOWN]!r} is not a valid number.", "Write it like 1234.5.")
    return text if number is None else number


def _looks_like_number(text: str) -> bool:
    if _ONLY_DIGITS_AND_POINTS.fullmatch(text):
        return bool(_THOUSANDS.fullmatch(text))  # else a version or an IP address
    return bool(_LIKE_NUMBER.fullmatch(text))
