"""Read when a rule applies (its schedule): "on weekdays from 8 to 18", "at night", "except on Sundays"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from hub.assistant.clock_words import time_of_day
from hub.assistant.language import TimeWords
from hub.assistant.rule_sentences.amounts import known_units
from hub.assistant.rule_sentences.refusal import NoSuchRule
from hub.assistant.rule_sentences.sentence import RuleSentence, SentencePart
from hub.assistant.rule_sentences.vocabulary import RuleVocabulary
from hub.assistant.words import QuestionWords

_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_AMBIGUOUS = frozenset(("sun", "so", "do", "mi"))
"""Abbreviations of days that are also ordinary words. They count as days only after another day."""
_MINUTE_MS = 60_000
_HALF_DAY, _DAY = 12 * 60, 24 * 60
_NIGHT = (22 * 60, 6 * 60)

Hours = tuple[int, int]
"""Start and end in minutes after midnight."""


def read_schedule(sentence: RuleSentence, vocabulary: RuleVocabulary) -> list[str]:
    """Return the times in a sentence as windows of a rule's ``schedule``, and mark their words as used.

    The list is empty if the sentence names no times. Raises NoSuchRule for times that a schedule cannot express.
    """
    found = _clocks(sentence, vocabulary)
    if sentence.take(vocabulary.patterns["night"]):
        found.append(_NIGHT)
    days = _days(sentence, vocabulary)
    if len(found) > 1:
        raise NoSuchRule("hours")
    if not found and days is None:
        return []
    start, end = found[0] if found else (0, _DAY)
    return [f"{_days_text(days)} {_clock(start)}-{_clock(end)}"]


def _clocks(sentence: RuleSentence, vocabulary: RuleVocabulary) -> list[Hours]:
    found: list[Hours] = []
    for name in ("hours", "after", "before"):
        for match, items in sentence.matches(vocabulary.patterns[name]):
            if _is_amount(sentence, items, vocabulary):
                continue
            sentence.use(items)
            found.append(_window(name, match, vocabulary.language.time))
    return found


def _window(name: str, match: re.Match[str], time: TimeWords) -> Hours:
    groups = match.groupdict()
    first, second = groups.get("clock") or groups.get("hour"), groups.get("clock2") or groups.get("hour2")
    start, end = (None if clock is None else _minutes(clock, time) for clock in (first, second))
    if start is None or (name == "hours" and (end is None or start == end)):
        raise NoSuchRule("hours")
    if name == "after":
        return start, _DAY
    if end is None:
        return 0, start
    is_afternoon = groups.get("hour") and any(f" {word}" in (second or "") for word in time.pm)
    if is_afternoon and start + _HALF_DAY < end:
        start += _HALF_DAY  # "from 1 to 3 pm"
    return start, end


def _minutes(clock: str, time: TimeWords) -> int | None:
    if clock in ("24", "24:00"):
        return _DAY
    of_day = time_of_day(f"{clock}:00" if clock.isdigit() else clock, time)
    return None if of_day is None else of_day // _MINUTE_MS


def _is_amount(sentence: RuleSentence, items: list[SentencePart], vocabulary: RuleVocabulary) -> bool:
    """Return whether a range of numbers is followed by a unit, as in "from 8 to 18 °C", and is therefore not a time.

    ``items`` are the words and symbols of the range; the last item is its second number.
    """
    end = items[-1].end
    words = sentence.words
    if any(":" in item.symbol for item in items) or not items[-1].symbol.isdigit():
        return False
    return _starts_with_unit(words, end, known_units(vocabulary.language))


def _starts_with_unit(words: QuestionWords, place: int, units: Mapping[str, str]) -> bool:
    return any(" ".join(words.word(place + k) for k in range(length)) in units for length in (1, 2, 3))


def _days(sentence: RuleSentence, vocabulary: RuleVocabulary) -> tuple[int, ...] | None:
    """Return the days of the week that a sentence names (0 is Monday), and mark their words as used.

    Return None if it names none. Raises NoSuchRule for days that a schedule cannot express.
    """
    for phrase in (each for each in vocabulary.weekdays if " " in each):
        for _, named in sentence.matches([re.compile(f"(?<= ){re.escape(phrase)}(?= )")]):
            sentence.mark(named[0].first, named[-1].end, phrase)
    items = sentence.items()
    known = vocabulary.weekdays.keys() - _AMBIGUOUS
    first = next((place for place, item in enumerate(items) if item.symbol in known), None)
    if first is None:
        return None
    days, last = _sequence(sentence, vocabulary, items[first:])
    before = sentence.find(vocabulary.patterns["except"], 0, items[first].first)
    sentence.use(items[first : first + last + 1])
    if before and before[-1].end == items[first].first:
        sentence.use(before)
        days = set(range(7)) - days
    if not days or any(item.symbol in vocabulary.weekdays for item in sentence.items()):
        raise NoSuchRule("hours")
    return tuple(sorted(days))


def _sequence(
    sentence: RuleSentence, vocabulary: RuleVocabulary, items: Sequence[SentencePart]
) -> tuple[set[int], int]:
    """Return the weekdays at the beginning of ``items``, such as "Monday to Wednesday and on Friday".

    Returns:
        The days (0 is Monday), and the index of the last item that names one of them.
    """
    days, last, is_through = set[int](), 0, False
    for place, item in enumerate(items):
        named = vocabulary.weekdays.get(item.symbol)
        is_through = is_through or (place > 0 and sentence.words.tokens[item.first].joined)  # "mon-fri"
        if named is not None and is_through:
            start = max(vocabulary.weekdays[items[last].symbol])
            named = tuple((start + step) % 7 for step in range((named[0] - start) % 7 + 1))
        if named is not None:
            days, last, is_through = days | set(named), place, False
        elif _has(vocabulary, "through", item):
            is_through = True
        elif item.symbol not in vocabulary.joiners and item.symbol not in vocabulary.filler:
            break
    return days, last


def _has(vocabulary: RuleVocabulary, name: str, item: SentencePart) -> bool:
    return any(pattern.search(f" {item.symbol} ") for pattern in vocabulary.patterns[name])


def _days_text(days: tuple[int, ...] | None) -> str:
    if days is None or len(days) == 7:
        return "daily"
    if len(days) > 2 and days == tuple(range(days[0], days[-1] + 1)):
        return f"{_NAMES[days[0]]}-{_NAMES[days[-1]]}"
    return ",".join(_NAMES[day] for day in days)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
