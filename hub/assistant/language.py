"""Load the words and sentences of each language in which questions can be asked and answered (``languages/``)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from hub import text_format as fmt
from hub.assistant.words import QuestionWords, split_words
from hub.runtime.translations import StateWords, translation

LONGEST_PHRASE = 6


class Hint(msgspec.Struct, frozen=True):
    """The meaning of an adjective: its quantity (None: any quantity), and whether it asks for the lowest value."""

    quantity: str | None
    lowest: bool


class TimeWords(msgspec.Struct, frozen=True, eq=False):
    """The words for times in a language, in lower case without accents. :mod:`hub.assistant.time_parser` uses them."""

    units: dict[str, str]  # by word: second, minute, hour, day, week or month
    numbers: dict[str, float]
    weekdays: dict[str, int]  # 0 is Monday
    months: dict[str, int]
    parts: dict[str, str]  # by word: night, morning, noon, afternoon or evening
    forms: dict[str, str]  # regular expressions for numbers, units and clock times in patterns
    patterns: dict[str, tuple[re.Pattern[str], ...]]
    noon: frozenset[str]
    midnight: frozenset[str]
    am: frozenset[str]
    pm: frozenset[str]


class Language(msgspec.Struct, frozen=True, eq=False):
    """The words and sentences of one language.

    Phrases are words in lower case without accents, with a space between them.
    """

    code: str
    concepts: dict[str, frozenset[str]]  # by phrase
    superlatives: dict[str, Hint]
    comparatives: dict[str, Hint]
    adjectives: dict[str, str]  # by phrase: the quantity
    final: frozenset[str]  # words that are states only at the end of a question: "is the plug on"
    adjectives_of_time: frozenset[str]  # words for "now" that may also be a metric
    after_metric: frozenset[str]  # words without a meaning after a metric: "CO2 level"
    prepositions: frozenset[str]  # before these, a word of adjectives_of_time is the metric
    joining: frozenset[str]
    units: dict[str, str]  # by phrase: the unit
    filler: frozenset[str]
    limiting: frozenset[str]
    predicates: frozenset[str]  # words, as written, that continue a question about devices after "and"
    begins: frozenset[str]  # words, as written, with which a second question begins
    excluding: frozenset[str]  # phrases before an exception: "except"
    all_of: frozenset[str]  # words for all devices of a group
    definite: frozenset[str]  # definite articles, singular or plural: "the"
    definite_singular: frozenset[str]  # definite articles in the singular only: "this"
    person: tuple[re.Pattern[str], ...]  # questions about what somebody did; the group "name" is the person
    assignee: tuple[re.Pattern[str], ...]  # questions about what is assigned to somebody, with the same group
    polite: frozenset[str]
    act: frozenset[str]
    on: frozenset[str]
    off: frozenset[str]
    to: frozenset[str]
    time: TimeWords
    sentences: dict[str, str]
    states: StateWords | None  # None: English
    decimal_comma: bool
    vocabulary: frozenset[str]

    def say(self, key: str, **values: Any) -> str:
        """Return the sentence ``key`` in this language, with ``values`` filled in."""
        return self.sentences[key].format(**values)

    def count(self, key: str, number: int, **values: Any) -> str:
        """Return a sentence about ``number`` things in this language, in singular or plural.

        Its key is ``key`` with the suffix ``_one`` or ``_many``.
        """
        return self.say(f"{key}_{'one' if number == 1 else 'many'}", n=number, **values)


def language_of(words: QuestionWords, otherwise: str = "en") -> Language:
    """Return the language whose vocabulary contains the most words of a question.

    If there is a tie between ``otherwise`` and other languages, return ``otherwise``.
    """
    scores = {
        code: sum(token.used_as is None and token.word in language.vocabulary for token in words.tokens)
        for code, language in languages().items()
    }
    best = max(scores.values())
    return languages()[otherwise if scores[otherwise] == best else max(scores, key=lambda code: scores[code])]


_answering: ContextVar[Language | None] = ContextVar("language of the answer", default=None)


def answer_language() -> Language | None:
    """Return the language of the answer that is being written; None outside of :func:`answering_in`."""
    return _answering.get()


@contextmanager
def answering_in(language: Language) -> Iterator[None]:
    """Write states and numbers in ``language`` as long as this context manager is open."""
    token = _answering.set(language)
    try:
        with fmt.decimal_comma(wanted=language.decimal_comma):
            yield
    finally:
        _answering.reset(token)


@cache
def languages() -> Mapping[str, Language]:
    """Return all languages by code, English first."""
    folder = files("hub.assistant") / "languages"
    codes = ("en", "de", "es")
    read = {
        name: tomllib.loads((folder / f"{name}.toml").read_text("utf-8"))
        for code in codes
        for name in (code, f"answers_{code}")
    }
    return {code: _language(code, read[code], read[f"answers_{code}"]) for code in codes}


def _language(code: str, table: dict[str, Any], sentences: dict[str, str]) -> Language:
    translated = translation(code)
    concepts: dict[str, set[str]] = {}
    for concept, alternatives in table["concepts"].items():
        for phrase in _alternatives(alternatives):
            concepts.setdefault(phrase, set()).add(concept)
    hints = {name: dict(read_hints(table[name])) for name in ("superlative", "comparative")}
    adjectives = {p: quantity for quantity, text in table["positive"].items() for p in _alternatives(text)}
    words = {
        name: frozenset(split_words(table[name]))
        for name in ("filler", "limiting", "adjectives_of_time", "after_metric", "prepositions")
    }
    verbs = {name: frozenset(_alternatives(text)) for name, text in table["verbs"].items()}
    time = _time(table["time"])
    people = compile_patterns(
        {name: table[name] for name in ("person", "assignee")}, {"name": r"(?P<name>[^ ]+(?: [^ ]+)?)"}
    )
    known = {*concepts, *hints["superlative"], *hints["comparative"], *adjectives, *time.units, *time.weekdays}
    of_times = {word for patterns in table["time"]["patterns"].values() for p in patterns for word in _plain_words(p)}
    vocabulary = of_times | {word for phrase in (*known, *time.months, *verbs["act"]) for word in phrase.split()}
    return Language(
        code=code,
        concepts={phrase: frozenset(meant) for phrase, meant in concepts.items()},
        superlatives=hints["superlative"],
        comparatives=hints["comparative"],
        adjectives=adjectives,
        final=frozenset(_alternatives(table["final"])),
        predicates=frozenset(each.strip() for each in table["predicates"].split("|")),
        begins=frozenset(each.strip() for each in table["begins"].split("|")),
        excluding=frozenset(_alternatives(table["excluding"])),
        all_of=frozenset(_alternatives(table["all_of"])),
        definite=frozenset(_alternatives(table["definite"])),
        definite_singular=frozenset(_alternatives(table["definite_singular"])),
        person=people["person"],
        assignee=people["assignee"],
        joining=frozenset(_alternatives(table["joining"])),
        units={phrase: unit for unit, text in table["units"].items() for phrase in _alternatives(text)},
        time=time,
        sentences=sentences,
        states=translated.states if translated is not None else None,
        decimal_comma=code in ("de", "es"),
        vocabulary=frozenset(vocabulary | words["filler"]),
        **words,
        **verbs,
    )


def _plain_words(pattern: str) -> list[str]:
    """Return the words of a regular expression without its placeholders and special characters."""
    return split_words(re.sub(r"\{\w+\}|[?!:|()\[\]*+.\\]", " ", pattern))


def _alternatives(text: str) -> list[str]:
    return [" ".join(split_words(each)) for each in text.split("|") if each.strip()]


def read_hints(table: dict[str, str]) -> list[tuple[str, Hint]]:
    found = []
    for key, text in table.items():
        quantity, side = key.split()
        hint = Hint(None if quantity == "*" else quantity, side == "low")
        found += [(phrase, hint) for phrase in _alternatives(text)]
    return found


def _time(table: dict[str, Any]) -> TimeWords:
    """Return the words for times from ``table``, a table of a language file."""
    units = {word: unit for unit, text in table["units"].items() for word in split_words(text)}
    numbers = {" ".join(split_words(word)): float(number) for word, number in table["numbers"].items()}
    weekdays = {word: n for n, text in enumerate(table["weekdays"].split("|")) for word in split_words(text)}
    months = {word: n for n, text in enumerate(table["months"].split("|"), 1) for word in split_words(text)}
    parts = {word: part for part, text in table["parts"].items() for word in split_words(text)}
    weekday, month, part = _group("weekday", weekdays), _group("month", months), _group("part", parts)
    noon, midnight = _alternatives(table["noon"]), _alternatives(table["midnight"])
    day = "|".join(
        (*(_plain(p) for name in ("today", "yesterday") for p in table["patterns"][name]), r"\d{4}-\d{2}-\d{2}")
    )
    forms = {
        "n": rf"(?P<n>\d+(?:[.,]\d+)?|{_any(numbers)})",
        "unit": _group("unit", units),
        "weekday": weekday,
        "month": month,
        "part": part,
        "past": _group("past", dict.fromkeys(_alternatives(table["past"]))),
        "daynum": r"(?P<daynum>\d{1,2})",
        "hour": r"(?P<hour>\d{1,2})",
        "hour2": r"(?P<hour2>\d{1,2})",
        "clock": _clock("clock", table, noon, midnight),
        "clock2": _clock("clock2", table, noon, midnight),
        "day": rf"(?P<day>{day}|{_any(weekdays)})",
    }
    patterns = compile_patterns(table["patterns"], forms)
    am, pm = (frozenset(_alternatives(table[key])) for key in ("am", "pm"))
    return TimeWords(
        units, numbers, weekdays, months, parts, forms, patterns, frozenset(noon), frozenset(midnight), am, pm
    )


def compile_patterns(table: dict[str, list[str]], forms: dict[str, str]) -> dict[str, tuple[re.Pattern[str], ...]]:
    """Return the patterns as compiled regular expressions that match whole words.

    ``forms`` has the regular expressions that replace names in braces, such as ``{unit}``; see :class:`TimeWords`.
    """
    return {
        name: tuple(re.compile(f"(?<= )(?:{_filled(pattern, forms)})(?= )") for pattern in alternatives)
        for name, alternatives in table.items()
    }


def _clock(name: str, table: dict[str, Any], noon: list[str], midnight: list[str]) -> str:
    """Return a regular expression for a time of day, as a group called ``name``.

    It matches "14:30", "2 pm", "2 o'clock", and words such as "noon".
    """
    after = "|".join(_any(_alternatives(table[key])) for key in ("am", "pm", "oclock"))
    return (
        rf"(?P<{name}>\d{{1,2}}:\d{{2}}(?::\d{{2}})?(?: (?:{after}))?|\d{{1,2}}(?:[.]\d{{2}})? (?:{after})"
        rf"|{_any(noon)}|{_any(midnight)})"
    )


def _filled(pattern: str, forms: dict[str, str]) -> str:
    """Return a regular expression in lower case without accents, with its placeholders replaced.

    ``forms`` has the replacement of each placeholder, such as ``{unit}``.
    """
    folded = "".join(_fold_letter(letter) for letter in pattern)
    names = r"\{(n|unit|weekday|month|part|past|daynum|hour2?|clock2?|day|name)\}"
    return re.sub(names, lambda match: forms[match[1]], folded)


def _fold_letter(letter: str) -> str:
    return "".join(split_words(letter)) if letter.isalpha() else letter


def _plain(pattern: str) -> str:
    return re.sub(r"\(\?:[^)]*\{[^)]*\)\?", "", "".join(_fold_letter(letter) for letter in pattern))


def _group(name: str, words: Mapping[str, Any]) -> str:
    return f"(?P<{name}>{_any(words)})"


def _any(words: Mapping[str, Any] | list[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
