"""The words that sentences about rules use, in each language: patterns, states, refusals and filler words.

They are data in ``languages/rules_*.toml``. A pattern matches words of a
:class:`~hub.assistant.rule_sentences.sentence.RuleSentence`. Parts of the sentence that are already understood appear
in it as symbols: ``@d`` devices, ``@m`` a metric, ``@a`` an amount, ``@t`` a duration, ``@x`` a number of times, ``@c``
a comparative ("warmer"), ``@n`` a negation and ``@s`` a state.
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
        patterns: patterns for each part of a rule, such as ``critical`` or ``request``.
        states: patterns for each state, such as ``open``.
        refusals: patterns for each reason why a sentence cannot become a rule; the texts of the reasons are in
            ``answers_*.toml``.
        comparatives: comparatives ("warmer") of the language, and further ones that only rules use.
        joiners: for each word that joins two conditions ("and", "or"), ``all`` or ``any``.
        weekdays: for each word, the numbers of its days; Monday is 0.
        filler: words without a meaning of their own in a rule.
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
