"""Find the numbers in a question, each with its unit and its comparison, as in "above the limit of 28 °C"."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hub.assistant.language import Language
from hub.assistant.question import Amount
from hub.assistant.words import QuestionWords, split_words
from hub.model import Device

_LOOK_BACK = 4
"""Number of words before a number that are searched for its comparison, as in "above the limit of 28"."""


def parse_amounts(words: QuestionWords, language: Language, devices: Sequence[Device]) -> list[Amount]:
    """Return the numbers in a question that have a unit or a comparison ("above"), and mark their words as used.

    The units are those of the ``language`` and those of the metrics of ``devices``.
    """
    if not any(token.used_as is None and _number(token.word) is not None for token in words.tokens):
        return []
    known: set[str] = set()
    for device in devices:
        known.update(device.info.units.values())
    units = {tuple(split_words(unit)): unit for unit in known}
    units |= {tuple(phrase.split()): unit for phrase, unit in language.units.items()}
    found: list[Amount] = []
    for place, token in enumerate(words.tokens):
        value = _number(token.word)
        if value is None or token.used_as is not None or (token.joined and place and not token.negative):
            continue
        length, unit = _unit(words, place + 1, units)
        side, first = _side(words, place, language)
        if not side and unit is None:
            continue
        end = place + 1 + length
        value = -value if token.negative else value
        upper = _number(words.word(end + 1)) if side == "between" and words.word(end) in language.joining else None
        if upper is not None:
            upper = -upper if words.tokens[end + 1].negative else upper
            value, upper = min(value, upper), max(value, upper)
            more, second = _unit(words, end + 2, units)
            end, unit = end + 2 + more, unit or second
        if side == "between" and upper is None:
            continue
        words.mark(first, end, "amount")
        found.append(Amount(value, unit, side, words.written(place, end), upper, first))
    return found


def _number(word: str) -> float | None:
    """Return the number that a word stands for; None if it is not a number or is too large for a double."""
    try:
        number = float(word.replace(",", ".")) if word[:1].isdigit() else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _unit(words: QuestionWords, place: int, units: dict[tuple[str, ...], str]) -> tuple[int, str | None]:
    for length in (3, 2, 1):
        unit = units.get(tuple(words.word(place + k) for k in range(length)))
        if unit is not None and words.is_free(place, place + length) and place + length <= len(words):
            return length, unit
    return 0, None


_SYMBOLS = {">": "above", "≥": "above", "<": "below", "≤": "below", "=": "equal"}
_SIDES = ("between", "above", "below", "equal")


def _side(words: QuestionWords, place: int, language: Language) -> tuple[str, int]:
    """Return the comparison in the words before a number, and the index of its first word.

    The comparison is "above", "below", "between" or "equal"; it is empty if there is none.
    """
    for back in range(1, _LOOK_BACK + 1):
        start = place - back
        if start < 0 or words.tokens[start].used_as not in (None,):
            break
        if words.word(start) in _SYMBOLS:
            return _SYMBOLS[words.word(start)], start
        for length in (4, 3, 2, 1):
            phrase = " ".join(words.word(k) for k in range(start, min(start + length, place)))
            if start + length > place:
                continue
            meant = language.concepts.get(phrase, frozenset())
            side = next((each for each in _SIDES if each in meant), None)
            between = words.tokens[start + length : place]
            if side and all(
                token.word in language.filler or "limit" in language.concepts.get(token.word, ()) for token in between
            ):
                return side, start
    return "", place
