"""Split a text into its questions, as in "Is the door open, and which batteries are low?"."""

from __future__ import annotations

import re
from functools import cache

from hub.assistant.language import languages
from hub.assistant.words import split_words

_SHORTEST = 3
"""Minimum number of words of a question that is split off. "and why?" stays with the question before it."""
_MOST = 3
_ENDS = re.compile(r"[?!;]\s+|[.]\s+(?=[^\W\d])")

_HAVING = re.compile(r"(?:have|has) (?:an?|no|the|less|more|low|high)\b", re.I)
"""Words that continue any question about devices, as in "which devices are online and have a battery below 20"."""
_CLAUSE = re.compile(r"\b(?:that|whose)\b(?!\?)", re.I)
_CONTINUES = re.compile(r"(?:have|has|are|is|had|were|was)\b", re.I)
"""Verbs that continue a clause about devices, as in "devices that are online and have a low battery"."""


def split_questions(text: str) -> list[str]:
    """Return the questions in a text, in their order. A text that seems to have more than three is not split."""
    found: list[str] = []
    for sentence in _ENDS.split(text.strip()):
        for part in _joints().split(sentence):
            if found and (
                _HAVING.match(part)
                or _predicates().match(part)
                or (_CLAUSE.search(found[-1]) and _CONTINUES.match(part))
            ):
                found[-1] = f"{found[-1]} and {part}"
            elif found and len(split_words(part)) < _SHORTEST:
                found[-1] = f"{found[-1]} {part}"
            else:
                found.append(part.strip())
    if len(found) < 2 or len(found) > _MOST or len(split_words(found[0])) < _SHORTEST:
        return [text]
    return found


@cache
def _joints() -> re.Pattern[str]:
    """Return a pattern for an "and" that separates two questions, in any language of the assistant.

    After such an "and" comes a word that begins a question: "… and which batteries are low?".
    """
    patterns = []
    for joint, code in (("and", "en"), ("und", "de"), ("y", "es")):
        begins = "|".join(sorted(map(re.escape, languages()[code].begins), key=len, reverse=True))
        patterns.append(rf",?\s+{joint}\s+(?=(?:{begins})\b)")
    return re.compile("|".join(patterns), re.IGNORECASE)


@cache
def _predicates() -> re.Pattern[str]:
    """Return a pattern for words that begin another statement about the same devices.

    An example is "are in" in "which devices are offline and are in the kitchen".
    """
    phrases = sorted({phrase for each in languages().values() for phrase in each.predicates}, key=len, reverse=True)
    return re.compile(rf"(?:{'|'.join(map(re.escape, phrases))})\b", re.IGNORECASE)
