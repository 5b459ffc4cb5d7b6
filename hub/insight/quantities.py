"""Read numbers with units from a sentence, and check whether a known number supports a number in a text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

_SPELLED = {
    "s": "s sec secs second seconds", "min": "min mins minute minutes", "h": "h hr hrs hour hours", "d": "d day days",
    "ms": "ms millisecond milliseconds", "°C": "°C degC celsius", "°F": "°F degF fahrenheit", "%": "% percent pct",
    "V": "V volt volts", "A": "A amp amps ampere amperes", "W": "W watt watts", "kW": "kW kilowatts", "bar": "bar bars",
    "Pa": "Pa pascal", "kPa": "kPa", "hPa": "hPa", "mbar": "mbar", "mm/s": "mm/s", "m/s": "m/s",
    "m³/h": "m³/h m3/h",
    "l/min": "l/min L/min", "l/s": "l/s L/s", "rpm": "rpm", "Hz": "Hz hertz", "kHz": "kHz", "ppm": "ppm",
    "lx": "lx lux",
    "dB": "dB decibel decibels", "mA": "mA", "mV": "mV", "kV": "kV", "kWh": "kWh", "Wh": "Wh", "K": "K kelvin",
    "σ": "σ sigma sigmas deviation deviations", "m": "m metre metres meter meters", "mm": "mm", "g": "g", "kg": "kg",
    "readings": "readings", "°": "° degree degrees", "m³": "m³ m3", "m³/s": "m³/s m3/s", "m³/min": "m³/min m3/min",
    "in/s": "in/s ips", "ft": "ft feet", "psi": "psi", "gal/min": "gal/min gpm", "l": "l L litre litres liter liters",
    "l/h": "l/h L/h", "MPa": "MPa", "MW": "MW", "MWh": "MWh", "lbs": "lbs pounds", "ft/min": "ft/min fpm",
    "km/h": "km/h kph", "mph": "mph", "cm": "cm", "inHg": "inHg", "Nm": "Nm", "VA": "VA", "kVA": "kVA",
}  # fmt: skip
UNITS = {word: unit for unit, spelled in _SPELLED.items() for word in spelled.split()}
SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_WORDS = dict(
    zip(
        ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"],
        range(2, 13),
        strict=True,
    )
)
_FACTORS = {
    "twice": 2.0,
    "double": 2.0,
    "doubled": 2.0,
    "tripled": 3.0,
    "threefold": 3.0,
    "halved": 0.5,
    "tenfold": 10.0,
}
_NUMBER = re.compile(
    r"(?<![\w.])([-−+]?)(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(e[+-]?\d{1,4}|\s?×\s?10⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3})?"
    r"(\s?(?:°[CF]\b|%|[A-Za-zµσ°³]+\d?)(?:/[A-Za-z³]+\d?)*)?",
    re.I,
)
_WORD = re.compile(rf"\b(more than |over |at least )?({'|'.join([*_WORDS, *_FACTORS])})\b(\s+[A-Za-zσ°%/³]+)?", re.I)
_DEGREES = re.compile(r"\bdegrees? (c|f)(?:elsius|ahrenheit)\b", re.I)
_PART = re.compile(r"\b(half|a quarter|three quarters)(?: of)? an? (second|minute|hour|day)\b", re.I)
_POINTS = re.compile(r"\b(?:percentage points?|per ?cent)\b", re.I)
_PER = re.compile(r"(?<=\d)(\s?(?:°[CF]|%|[A-Za-z³]{1,6})) per (second|minute|hour|day)\b", re.I)
_TIMES = "|".join(word for name in SECONDS for word in _SPELLED[name].split())
_COMPOUND = re.compile(rf"(?<![\w.,])(\d{{1,9}})\s?({_TIMES})\s(?:and\s)?(\d{{1,9}})\s?({_TIMES})\b")
_PLAIN_DIGITS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_PARTS = {"half": "0.5", "a quarter": "0.25", "three quarters": "0.75"}


class Quantity(NamedTuple):
    """A number in a text, with its unit.

    Attributes:
        decimals: The number of decimals as written, which is the precision of the statement.
        word: True if the number is written as a word, such as "three".
        factor: True if it is a ratio, such as "twice" or "3 times".
        over: True if it is a lower bound of a ratio, as in "more than twice".
    """

    value: float
    decimals: int
    unit: str | None = None
    word: bool = False
    factor: bool = False
    over: bool = False


def unit(text: str | None) -> str | None:
    """Return a unit in its standard spelling, such as ``s`` for ``seconds``. None if the text is not a unit.

    A rate such as ``bar/min``, a unit per unit of time, is also a unit.
    """
    if not text:
        return None
    text = text.strip()
    if text in UNITS or text.lower() in UNITS:
        return UNITS.get(text) or UNITS[text.lower()]
    head, slash, tail = text.rpartition("/")
    inner, per = unit(head), UNITS.get(tail)
    return f"{inner}/{per}" if slash and inner and per in SECONDS else None


def read(text: str) -> list[Quantity]:
    """Return all numbers in a text, each with its unit if one follows. Numbers may be in figures or in words."""
    return [quantity for _, _, quantity in find(normalized(text))]


def normalized(text: str) -> str:
    """Return the text with times, degrees and rates ("half an hour", "per minute") rewritten for :func:`find`."""
    text = _DEGREES.sub(lambda degrees: f"°{degrees[1].upper()}", text)
    text = _POINTS.sub("%", text)
    text = _PART.sub(lambda part: f"{_PARTS[part[1].lower()]} {part[2]}", text)
    text = _PER.sub(lambda per: f"{per[1]}/{UNITS[per[2].lower()]}", text)
    return _COMPOUND.sub(_joined, text)


def find(text: str) -> list[tuple[int, int, Quantity]]:
    """Return ``(start, end, quantity)`` for each number in a text from :func:`normalized`.

    ``end`` is after the unit, if a unit follows the number.
    """
    found = []
    for match in _NUMBER.finditer(text):
        sign, whole, part, power, after = match.groups(default="")
        exponent = _exponent(power)
        value = float(f"{whole.replace(',', '')}{part}e{exponent}") * (-1 if sign in "-−" and sign else 1)
        decimals = min(max((len(part) or 1) - 1 - exponent, 0), 320)
        times = after.strip().lower() == "times"
        end = match.start(5) if after and unit(after) is None and not times else match.end()
        found.append((match.start(), end, Quantity(value, decimals, unit(after), False, times)))
    for match in _WORD.finditer(text):
        over, word, after = match.groups(default="")
        key = word.lower()
        if key in _FACTORS:
            quantity = Quantity(_FACTORS[key], 0, "×", True, True, bool(over))
        else:
            times = after.strip().lower() == "times"
            quantity = Quantity(float(_WORDS[key]), 0, unit(after), True, times, bool(over))
        end = match.start(3) if after and quantity.unit in (None, "×") and not quantity.factor else match.end()
        found.append((match.start(), end, quantity))
    return sorted(found)


def _joined(match: re.Match[str]) -> str:
    """Convert a duration in two units to one unit: ``166 min`` for ``2 h 46 min``.

    ``2 min 3 h`` is not a duration in two units, so it is returned unchanged.
    """
    large, small = UNITS[match[2]], UNITS[match[4]]
    if SECONDS[large] <= SECONDS[small]:
        return match[0]
    return f"{int(match[1]) * round(SECONDS[large] / SECONDS[small]) + int(match[3])} {small}"


def _exponent(power: str) -> int:
    """Return the exponent of ten in ``× 10⁻⁵`` or ``e-5``. Return 0 for an empty text."""
    return int(power.split("10", 1)[1].translate(_PLAIN_DIGITS) if "×" in power else power[1:] or 0)


def supported(wanted: Quantity, known: Sequence[Quantity]) -> bool:
    """Return True if a quantity in a sentence (``wanted``) agrees with one of the ``known`` quantities.

    A known quantity agrees if it is equal after rounding to the decimals of ``wanted``. Units of time are converted, so
    a time in minutes can agree with one in seconds. A factor, such as "twice", agrees with the ratio of two known
    quantities.
    """
    if wanted.factor and _ratio(wanted, known):
        return True
    return any(_same(wanted, other) for other in known)


def _same(wanted: Quantity, other: Quantity) -> bool:
    value = other.value
    if wanted.unit is None and other.unit is not None and not wanted.decimals and not float(value).is_integer():
        return False  # a whole number without a unit is a count, not a rounded reading
    alike = wanted.unit == "°" and other.unit in ("°C", "°F")
    if wanted.unit is not None and wanted.unit != other.unit and not alike:
        times = _in_other_time(wanted.unit, other.unit)
        if times is None:
            return False
        value *= times
    return bool(abs(wanted.value - value) <= 0.5 * 10.0**-wanted.decimals + 1e-9 * abs(value))


def _in_other_time(wanted: str, other: str | None) -> float | None:
    """Return the factor that converts a number in the unit ``other`` to the unit ``wanted``, if only the time differs.

    Both must be units of time (``h`` and ``min``), or rates of the same unit (``bar/h`` and ``bar/min``). For all
    other units, return None.
    """
    if wanted in SECONDS and other in SECONDS:
        return SECONDS[other] / SECONDS[wanted]
    head, _, per = wanted.rpartition("/")
    others, _, others_per = (other or "").rpartition("/")
    if head and head == others and per in SECONDS and others_per in SECONDS:
        return SECONDS[per] / SECONDS[others_per]
    return None


def _ratio(wanted: Quantity, known: Sequence[Quantity]) -> bool:
    low, high = (1.0, 2.0) if wanted.over else (0.9, 1.1)
    return any(
        a.unit is not None and a.unit == b.unit and b.value and low <= a.value / b.value / wanted.value <= high
        for a in known
        for b in known
    )
