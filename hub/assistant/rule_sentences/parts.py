"""Mark the parts that any condition may have: counts ("3 times"), durations, negations, states and comparatives."""

from __future__ import annotations

import re

from hub.assistant.language import LONGEST_PHRASE
from hub.assistant.rule_sentences.joining import WHOLE
from hub.assistant.rule_sentences.refusal import NoSuchRule
from hub.assistant.rule_sentences.sentence import RuleSentence, SentencePart
from hub.assistant.rule_sentences.vocabulary import RuleVocabulary

_UNITS = {"second": "s", "minute": "m", "hour": "h", "day": "d"}
_DAYS_OF_WEEK = 7
_TWICE = 2
_MANY = 10**6
"""Upper bound for N in "N times". It is higher than any rule allows, and keeps numbers from becoming too large."""


def mark_parts(sentence: RuleSentence, words: RuleVocabulary) -> None:
    for pattern in words.patterns["number_of_times"]:
        for match, items in sentence.matches([pattern]):
            _refuse_negative(sentence, items)
            number = _number(match, words)
            _mark(sentence, items, "@x", _TWICE if number is None else int(min(number, _MANY)))
    for pattern in words.patterns["duration"]:
        for match, items in sentence.matches([pattern]):
            _refuse_negative(sentence, items)
            if (length := _duration(match, words)) is not None:
                _mark(sentence, items, "@t", length)
    for name, value in (("negation", None), ("unless", WHOLE)):
        for pattern in words.patterns[name]:
            for _, items in sentence.matches([pattern]):
                _mark(sentence, items, "@n", value)
    _mark_comparatives(sentence, words)
    for state, patterns in words.states.items():
        for pattern in patterns:
            for _, items in sentence.matches([pattern]):
                own = [item for item in items if item.symbol != "@n"]
                sentence.use(own[:-1])
                sentence.mark(own[-1].first, own[-1].end, "@s", state)


def _mark(sentence: RuleSentence, items: list[SentencePart], symbol: str, value: object) -> None:
    sentence.mark(items[0].first, items[-1].end, symbol, value)


def _refuse_negative(sentence: RuleSentence, items: list[SentencePart]) -> None:
    """Raise NoSuchRule if a number in ``items`` is negative, as in "-5 minutes" and "-3 times"."""
    if any(sentence.words.tokens[item.first].negative for item in items):
        written = " ".join(sentence.written(item) for item in items)
        raise NoSuchRule("negative", written=f"-{written}")


def _number(match: re.Match[str], words: RuleVocabulary) -> float | None:
    written = match.groupdict().get("n")
    if written is None:
        return None
    known = words.language.time.numbers.get(written)
    return float(written.replace(",", ".")) if known is None else known


def _duration(match: re.Match[str], words: RuleVocabulary) -> str | None:
    """Return a duration in the format of rules, such as ``5m``. Without a number ("per hour"), the number is 1.

    Return None for months, which rules do not support.
    """
    number, unit = _number(match, words), words.language.time.units[match["unit"]]
    number = 1.0 if number is None else number
    if unit == "week":
        number, unit = number * _DAYS_OF_WEEK, "day"
    return f"{number:g}{_UNITS[unit]}" if unit in _UNITS else None


def _mark_comparatives(sentence: RuleSentence, words: RuleVocabulary) -> None:
    for first, end, phrase in list(sentence.words.phrases(LONGEST_PHRASE)):
        if phrase in words.comparatives and sentence.words.is_free(first, end):
            sentence.mark(first, end, "@c", words.comparatives[phrase])
