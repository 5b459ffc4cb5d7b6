"""Turn a sentence into a draft of a rule: "tell me when a freezer stays above -15 °C for ten minutes at night".

Each word becomes part of the rule, is a filler word, or is reported as not understood. A sentence that asks for
something that no rule can do is refused with a reason. The draft is not saved, but shown in the rule form.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from hub.assistant.language import language_of
from hub.assistant.rule_sentences.amounts import mark_amounts, with_spaces
from hub.assistant.rule_sentences.hours import read_schedule
from hub.assistant.rule_sentences.joining import ConditionReader
from hub.assistant.rule_sentences.parts import mark_parts
from hub.assistant.rule_sentences.refusal import NoSuchRule
from hub.assistant.rule_sentences.sentence import RuleSentence
from hub.assistant.rule_sentences.subject import mark_names, mark_words
from hub.assistant.rule_sentences.vocabulary import RuleVocabulary, vocabulary
from hub.assistant.thing_words import with_known_words
from hub.assistant.words import QuestionWords
from hub.model import Device

MAX_NAME = 80


class RuleFromWords(msgspec.Struct, frozen=True):
    """The draft of a rule, or the reason why there is none.

    Attributes:
        keys: the keys of the rule as in ``rules.toml``, without metric and limit if the sentence names none.
        missing: the keys that the rule needs but the sentence does not provide.
        unknown: the words that were not understood.
        refused: why no rule can do what the sentence asks for; None if one can. If it is set, ``keys`` has only an id
            and a name.
    """

    keys: dict[str, Any]
    missing: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    refused: str | None = None


def rule_from_words(
    text: str, devices: Sequence[Device], language: str = "en", zone: str = "UTC", shown: str | None = None
) -> RuleFromWords:
    """Return the draft of a rule that a sentence describes.

    Args:
        text: The sentence, in any language of the assistant.
        devices: The devices that the sentence may name.
        language: The code of the language that is assumed if the language of the sentence cannot be recognized.
        zone: The time zone of the hours in the sentence.
        shown: The unit of a temperature without a unit ("°C" or "°F"); None: the unit of the metric.
    """
    spoken = language_of(QuestionWords(text), language)
    words = vocabulary(spoken)
    name = " ".join(text.split())[:MAX_NAME]
    slug = re.sub(
        r"[^a-z0-9]+", "-", " ".join(t.word for t in QuestionWords(text).tokens if t.word not in words.filler)
    )
    named = {"id": slug.strip("-")[:40].strip("-") or "rule", "name": name[:1].upper() + name[1:]}
    try:
        known = with_spaces(with_known_words(text, devices, spoken), spoken)
        keys, missing, unknown = _read(known, words, devices, shown)
    except NoSuchRule as refusal:
        return RuleFromWords(named, refused=spoken.say(f"no_rule_{refusal.reason}", **refusal.values))
    if "schedule" in keys:
        keys["time_zone"] = zone
    return RuleFromWords({**named, **keys}, tuple(missing), tuple(unknown))


def _read(
    text: str, words: RuleVocabulary, devices: Sequence[Device], shown: str | None
) -> tuple[dict[str, Any], list[str], list[str]]:
    """Read a rule from a sentence, as far as the words are understood.

    Args:
        text: The sentence.
        words: The vocabulary of the sentence's language.
        devices: The devices that the sentence can name.
        shown: The unit of temperatures on the person's dashboard; None if it is not known.

    Returns:
        The keys of the rule, the names of the keys that are missing, and the words that were not understood.
    """
    sentence = RuleSentence(text)
    absent = mark_names(sentence, words.language, devices)
    if sentence.find(words.patterns["unwanted"]):
        raise NoSuchRule("negation")
    while sentence.take(words.patterns["request"]):
        pass
    windows = read_schedule(sentence, words)
    severity = next((name for name in ("critical", "warning") if sentence.take(words.patterns[name])), None)
    mark_parts(sentence, words)
    mark_amounts(sentence, words.language, devices, shown)
    _refuse(sentence, words)
    sentence.take(words.patterns["uses"])
    mark_words(sentence, words.language, devices)
    _refuse(sentence, words)
    condition, missing = ConditionReader(sentence, words, devices).read()
    if unused := sentence.symbols("@a"):
        raise NoSuchRule("number", written=sentence.written(unused[0]))
    keys = {**condition, **({"severity": severity} if severity else {}), **({"schedule": windows} if windows else {})}
    return keys, missing, [*absent, *sentence.leftover(words.filler)]


def _refuse(sentence: RuleSentence, words: RuleVocabulary) -> None:
    """Raise NoSuchRule if the sentence asks for something that no rule can do."""
    for reason, patterns in words.refusals.items():
        if found := sentence.find(patterns):
            raise NoSuchRule(reason, words=" ".join(sentence.written(item) for item in found))
