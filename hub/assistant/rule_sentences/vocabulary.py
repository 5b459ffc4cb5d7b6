"""Load the vocabulary of sentences about rules in each language: patterns, states, refusals and filler words.

The data are ``languages/rules_*.toml``. A pattern matches the words and symbols of a
:class:`~hub.assistant.rule_sentences.sentence.RuleSentence`. The symbols replace words that are already understood:
``@d`` devices, ``@m`` a metric, ``@a`` a number with a unit, ``@t`` a duration, ``@x`` a number of times, ``@c`` a
comparative ("warmer"), ``@n`` a negation and ``@s`` a state.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from hub.assistant.language import Hint, Language, compile_patterns, languages, read_hints
from hub.assistant.words import split_words

Patterns = tuple[re.Pattern[str], ...]


class RuleVocabulary(msgspec.Struct, frozen=True, eq=False):
    """The words that sentences about rules use in one language.

    Attributes:
        patterns: the patterns for each part of a rule, such as ``critical`` or ``request``.
        states: the patterns for each state, such as ``open``.
        refusals: the patterns for each reason why a sentence cannot become a rule. The texts of the reasons are in
            ``answers_*.toml``.
        comparatives: the comparatives ("warmer") of the language, and others that only rules use.
        joiners: ``all`` or ``any`` for each word that joins two conditions ("and", "or").
        weekdays: the numbers of the days for each word, such as "weekends"; Monday is 0.
        filler: words that mean nothing in a rule.
    """

    language: Language
    patterns: dict[str, Patterns]
    states: dict[str, Patterns]
    refusals: dict[str, Patterns]
    comparatives: dict[str, Hint]
    joiners: dict[str, str]
    weekdays: dict[str, tuple[int, ...]]
    filler: frozenset[str]


def vocabulary(language: Language) -> RuleVocabulary:
    return _all()[language.code]


@cache
def _all() -> Mapping[str, RuleVocabulary]:
    folder = files("hub.assistant") / "languages"
    read = {code: tomllib.loads((folder / f"rules_{code}.toml").read_text("utf-8")) for code in languages()}
    return {code: _vocabulary(languages()[code], table) for code, table in read.items()}


def _vocabulary(language: Language, table: dict[str, Any]) -> RuleVocabulary:
    def compiled(name: str) -> dict[str, Patterns]:
        written = {key: [_with_fragments(p, table["fragments"]) for p in each] for key, each in table[name].items()}
        return compile_patterns(written, language.time.forms)

    joiners = {word: kind for kind in ("all", "any") for word in split_words(table["joiners"][kind])}
    days = {word: tuple(map(int, numbers.split())) for numbers, text in table["days"].items() for word in _words(text)}
    return RuleVocabulary(
        language,
        compiled("patterns"),
        compiled("states"),
        compiled("refusals"),
        {**language.comparatives, **dict(read_hints(table.get("comparatives", {})))},
        joiners,
        days,
        frozenset(split_words(table["filler"])),
    )


def _words(text: str) -> list[str]:
    return [" ".join(split_words(each)) for each in text.split("|")]


def _with_fragments(pattern: str, fragments: dict[str, str]) -> str:
    for name, text in fragments.items():
        pattern = pattern.replace(f"<{name}>", f"(?:{text})")
    return pattern
