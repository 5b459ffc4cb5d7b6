"""Cells of text: what is a time, a number, a boolean, a text, and what is no reading at all. It knows no file format.

A cell that looks like a number and is none (``20,5``, ``1 234.5``) is refused: taken as a text it would be missing
from every chart without a word.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from hub.errors import Invalid
from hub.formats.row import KINDS
from hub.model import Value

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_BASIC_DATE = re.compile(r"(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", re.ASCII)
"""A date without dashes. As seconds it would lie in August 1970."""
_COMMA_NUMBER = re.compile(r"[+-]?(\d*,\d+|\d+,)([eE][+-]?\d+)?", re.ASCII)
# Digits, and nothing beside them but what people write between digits; or groups of three with points ("1.234.567").
_LIKE_NUMBER = re.compile(r"[+\-\u2212\u2013]?\s*+(?=.*\d)[\d.,'’_\s]++([eE][+\-\u2212]?\d+)?", re.DOTALL)
_ONLY_DIGITS_AND_POINTS = re.compile(r"\d+(\.\d+){2,}", re.ASCII)
# Groups of three with one sign between them: at least two signs, or another mark after them.
_GROUPED = re.compile(
    r"(?P<whole>[+-]?[0-9]{1,3}(?P<sign>[.,'’_\s])[0-9]{3}(?:(?P=sign)[0-9]{3})*)(?P<rest>(?!(?P=sign))[.,][0-9]+)?"
)
_THOUSANDS = re.compile(r"\d{1,3}(\.\d{3}){2,}", re.ASCII)

_NOTHING = frozenset(
    ("", "unavailable", "unknown", "undefined", "missing", "none", "null", "nil", "nan", "na", "n/a", "-", "--", "?",
     "inf", "infinity", "#n/a", "#na", "#null!", "#value!", "#div/0!", "#num!", "#ref!", "#name?", "1.#qnan", "1.#ind",
     "1.#inf")
)  # fmt: skip
"""What programs write where there is no value, in lower case and without a sign."""
_BOOLEANS = {"true": True, "false": False, "on": True, "off": False}
_ONLY_WHERE_SAID = {"1": True, "0": False, "yes": True, "no": False}
_MILLISECONDS_FROM = 1e11
_SPREADSHEET_DAYS = (25_569, 80_000)
"""Days as spreadsheets count them, from 1970 to 2119. As seconds they are of the 1st of January 1970, when nothing was
measured."""
_MAX_SHOWN = 60


class Form:
    """How one table is written, as far as it is known: the zone of times that name none, and the decimal mark.

    Attributes:
        zone: the zone of times without one.
        zoneless: how many such times were read.
        commas: whether numbers may have decimal commas.
    """

    def __init__(self, zone: tzinfo = UTC) -> None:
        self.zone = zone
        self.zoneless = 0
        self.commas = False
        self._mark = ""  # the decimal mark that the first number with one had

    def number(self, text: str) -> float | None:
        """Return the number that ``text`` is; None if it is none. Raises Invalid if it only looks like one."""
        if _NUMBER.fullmatch(text):
            self._settle(".", text)
            return float(text)
        if self.commas and _COMMA_NUMBER.fullmatch(text):
            self._settle(",", text)
            return float(text.replace(",", "."))
        if _looks_like_number(text):
            raise Invalid(f"{text[:_MAX_SHOWN]!r} is no number.", self._advice(text))
        return None

    def _advice(self, text: str) -> str:
        """Return how to write the number that ``text`` is probably meant to be, in this table."""
        example = "1234,5 or 1234.5" if self.commas else "1234.5"
        if plain := _without_groups(text, ("," if self.commas else ".") if not self._mark else self._mark):
            return f"Write {plain}, without signs between thousands."
        if not self.commas and _COMMA_NUMBER.fullmatch(text):
            return f"Write {text.replace(',', '.')}, or separate the cells by semicolons: then decimal commas are read."
        return f"Write it like {example}, without signs between thousands."

    def _settle(self, mark: str, text: str) -> None:
        if mark not in text:
            return
        if mark != (self._mark or mark):
            raise Invalid(
                f"{text[:_MAX_SHOWN]!r} has a decimal {'point' if mark == '.' else 'comma'}, unlike rows before it.",
                "Use one decimal mark in the whole table.",
            )
        self._mark = mark

    def local(self, when: datetime) -> datetime:
        """Return a time with its zone, which is :attr:`zone` where it names none."""
        if when.tzinfo is not None:
            return when
        self.zoneless += 1
        return when.replace(tzinfo=self.zone)


def zone_of(name: str) -> tzinfo:
    """Return a zone by its IANA name. Raises Invalid."""
    if name.upper() in ("UTC", "Z"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise Invalid(f"{name[:_MAX_SHOWN]!r} is no time zone.", "Name one like Europe/Berlin, or UTC.") from None


def _without_groups(text: str, mark: str) -> str:
    """Return a number without the signs between its thousands, with the decimal mark ``mark`` where it has one that can
    be told; empty where none can: ``1.234`` may be either."""
    found = _GROUPED.fullmatch(text)
    if found is None or (found["sign"] in ".," and not found["rest"] and found["whole"].count(found["sign"]) < 2):
        return ""
    whole = found["whole"].replace(found["sign"], "")
    return whole + (mark + found["rest"][1:] if found["rest"] else "")


def ms_of(number: float) -> int:
    """Return epoch seconds or milliseconds, told apart by their size, as ms. Raises Invalid for no finite number and
    for a spreadsheet's days."""
    if _SPREADSHEET_DAYS[0] <= number < _SPREADSHEET_DAYS[1]:
        day = datetime(1899, 12, 30, tzinfo=UTC) + timedelta(days=number)
        raise Invalid(
            f"{number} is no time: as seconds it is on the first day of 1970, as a spreadsheet's days it is "
            f"{day:%Y-%m-%d %H:%M}.",
            "Format the column as yyyy-mm-dd hh:mm:ss before you save the table.",
        )
    try:
        return int(number if abs(number) >= _MILLISECONDS_FROM else number * 1000)
    except (ValueError, OverflowError):
        raise Invalid(f"{number} is no time.", "Times are ISO 8601, or seconds since 1970.") from None


def time_of(text: str, form: Form | None = None) -> int:
    """Return epoch ms of epoch seconds or milliseconds, or of ISO 8601. Raises Invalid."""
    text = text.strip()
    form = form or Form()
    try:
        if _NUMBER.fullmatch(text) and not _BASIC_DATE.fullmatch(text):
            return ms_of(float(text))
        if form.commas and _COMMA_NUMBER.fullmatch(text):
            return ms_of(float(text.replace(",", ".")))
        return round(form.local(datetime.fromisoformat(text)).timestamp() * 1000)
    except (ValueError, OverflowError):
        hint = "Take 2026-11-25T13:00:00Z, or seconds since 1970."
        raise Invalid(f"{text[:_MAX_SHOWN]!r} is no time.", hint) from None


def is_nothing(text: str) -> bool:
    """Return True for what programs write where there is no value."""
    return text.strip().lower().removeprefix("-").removeprefix("+") in _NOTHING


def value_of(text: str, kind: str, form: Form | None = None) -> Value | None:
    """Return the value of a cell; None where it holds no reading. Raises Invalid.

    Args:
        text: the cell.
        kind: what the column ``type`` says of it, empty where it says nothing.
        form: how the table is written.
    """
    if kind == "text":
        return text
    if kind not in ("", *KINDS):
        raise Invalid(f"{kind[:_MAX_SHOWN]!r} is no type.", f"Known are {', '.join(KINDS)}.")
    word = text.strip()
    if is_nothing(word):
        return None
    boolean = _BOOLEANS.get(word.lower())
    if kind == "boolean":
        boolean = _ONLY_WHERE_SAID.get(word.lower()) if boolean is None else boolean
        if boolean is None:
            raise Invalid(f"{text[:_MAX_SHOWN]!r} is no boolean.", "Booleans are true and false, or on and off.")
        return boolean
    if kind == "" and boolean is not None:
        return boolean
    number = (form or Form()).number(word)
    if number is None and kind == "number":
        raise Invalid(f"{text[:_MAX_SHOWN]!r} is no number.", "Write it like 1234.5.")
    return text if number is None else number


def _looks_like_number(text: str) -> bool:
    if _ONLY_DIGITS_AND_POINTS.fullmatch(text):
        return bool(_THOUSANDS.fullmatch(text))  # not a version or an address
    return bool(_LIKE_NUMBER.fullmatch(text))
