"""Find the numbers with units in a sentence about a rule, and convert them to the unit of a metric."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

import msgspec

from hub.assistant.language import Language
from hub.assistant.rule_sentences.refusal import NoSuchRule
from hub.assistant.rule_sentences.sentence import RuleSentence
from hub.assistant.words import split_words
from hub.insight.claims.units import convert
from hub.insight.quantities import SECONDS, UNITS
from hub.model import Device

_LONGEST_UNIT, _LONGEST_NUMBER = 4, 4
_DEGREES = frozenset(("degree", "degrees", "°", "grad", "grado", "grados"))
"""Words for degrees that leave open whether °C or °F is meant."""
_CONVERTED = frozenset(("°C", "°F"))
_TEMPERATURES = frozenset(("°C", "°F", "K", "°"))


class RuleAmount(msgspec.Struct, frozen=True):
    """A number in a sentence, with its unit.

    Attributes:
        unit: The unit; None if the sentence has no unit.
        degrees: True for a temperature without "C" or "F", such as "20 degrees".
        shown: The unit of temperatures on the person's dashboard. It applies to a temperature with ``degrees`` or
            without a unit. If it is None, such a temperature is in the metric's unit.
    """

    value: float
    unit: str | None
    written: str
    degrees: bool = False
    shown: str | None = None

    @property
    def is_temperature(self) -> bool:
        return self.degrees or self.unit in ("°C", "°F", "K")

    def within(self, units: Iterable[str | None], metric: str, *, difference: bool = False) -> float:
        """Return this number in the unit of ``metric``.

        ``units`` are the units of ``metric`` on the devices of the rule. With ``difference``, this number is the
        difference of two values: 9 °F become 5 °C.

        Raises:
            NoSuchRule: The number has a unit of another quantity, or the devices have several units.
        """
        known = sorted({unit or "" for unit in units})
        if len(known) > 1:
            raise NoSuchRule("units_differ", metric=metric, units=", ".join(known))
        own = known[0] if known else ""
        if self.degrees and own not in _TEMPERATURES and own:
            raise NoSuchRule("unit", written=self.written, metric=metric, unit=own)
        is_open = self.unit is None or self.degrees
        unit = self.shown if is_open and own in _CONVERTED else None if is_open else self.unit
        if unit is None or unit == own:
            return self.value
        found = convert(self.value, unit, own, difference=difference) if own else None
        if found is None:
            raise NoSuchRule("unit", written=self.written, metric=metric, unit=own or "1")
        return float(f"{found:.6g}")


def read_number(word: str, *, decimal_comma: bool) -> float | None:
    """Return the number that a word stands for, or None. A thousand is "1,000" in English and "1.000" in German."""
    group, point = (".", ",") if decimal_comma else (",", ".")
    if re.fullmatch(rf"\d{{1,3}}(?:{re.escape(group)}\d{{3}})+(?:{re.escape(point)}\d+)?", word):
        word = word.replace(group, "")
    try:
        number = float(word.replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def with_spaces(text: str, language: Language) -> str:
    """Return the text with a space between a number and a unit that follows without one, as in "20kPa"."""
    units = known_units(language)

    def spaced(match: re.Match[str]) -> str:
        is_unit = " ".join(split_words(match[2])) in units
        return f"{match[1]} {match[2]}" if is_unit else match[0]

    return re.sub(r"(?<![\w.,])(\d+(?:[.,]\d+)*)([^\W\d]+(?:/[^\W\d]+)?)", spaced, text)


def mark_amounts(
    sentence: RuleSentence, language: Language, devices: Iterable[Device], shown: str | None = None
) -> None:
    """Replace each number in a sentence, with its unit, by the symbol ``@a``. "Half a degree" counts as a number, too.

    The units are those of the ``language`` and those of the metrics of ``devices``. ``shown`` is the unit of a
    temperature without a unit: the one on the person's dashboard. If it is None, the unit of the metric applies.
    """
    units = known_units(language, devices)
    words = sentence.words
    place = 0
    while place < len(words):
        length, value = _number(sentence, place, language)
        if value is None:
            place += 1
            continue
        more, unit, degrees = _unit(sentence, place + length, units)
        if length == 1 and words.tokens[place].word[0].isdigit():
            value = -value if words.tokens[place].negative else value
        elif not more:
            place += 1  # "a", "one": no amount without a unit
            continue
        end = place + length + more
        sign = "-" if words.tokens[place].negative else ""
        sentence.mark(place, end, "@a", RuleAmount(value, unit, sign + words.written(place, end), degrees, shown))
        place = end


def _number(sentence: RuleSentence, place: int, language: Language) -> tuple[int, float | None]:
    words = sentence.words
    token = words.tokens[place]
    if token.used_as is not None or (token.joined and place and not token.negative):
        return 1, None  # CP-80 is the name of a model
    if (word := words.word(place))[0].isdigit():
        return 1, read_number(word, decimal_comma=language.decimal_comma)
    for length in range(_LONGEST_NUMBER, 0, -1):
        phrase = " ".join(words.word(place + k) for k in range(length))
        if phrase in language.time.numbers and words.is_free(place, place + length):
            return length, language.time.numbers[phrase]
    return 1, None


def _unit(sentence: RuleSentence, place: int, units: dict[str, str]) -> tuple[int, str | None, bool]:
    """Return the unit at the index ``place``: its number of words, the unit, and whether it is just "degrees".

    If there is no unit, return 0, None and False.
    """
    words = sentence.words
    for length in range(_LONGEST_UNIT, 0, -1):
        phrase = " ".join(words.word(place + k) for k in range(length))
        if place + length <= len(words) and words.is_free(place, place + length) and phrase in units:
            return length, units[phrase], phrase in _DEGREES
    return 0, None, False


def known_units(language: Language, devices: Iterable[Device] = ()) -> dict[str, str]:
    """Return the units by the words for them, without units of time, which belong to durations."""
    found = {" ".join(split_words(written)): unit for written, unit in UNITS.items() if unit not in SECONDS}
    found |= language.units
    for device in devices:
        found |= {" ".join(split_words(unit)): unit for unit in device.info.units.values() if split_words(unit)}
    return found
