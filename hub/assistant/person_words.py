"""Find the name of a person in questions such as "what did Anna do today?" and "which alerts are assigned to Anna?"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hub.assistant.language import Language
from hub.assistant.words import QuestionWords


def find_person(words: QuestionWords, language: Language, patterns: Sequence[re.Pattern[str]]) -> str | None:
    """Return the name of a person that one of ``patterns`` finds, and mark the words of the name as used.

    A name consists of one or two words that no other parser has understood: in "Anna today", it is "Anna". Return None
    if no pattern finds a name.
    """
    for pattern in patterns:
        for match in pattern.finditer(words.text):
            places = [n for n, t in enumerate(words.tokens) if match.start("name") <= t.start < match.end("name")]
            for length in range(len(places), 0, -1):
                first, end = places[0], places[length - 1] + 1
                if all(t.used_as is None and t.word not in language.vocabulary for t in words.tokens[first:end]):
                    words.mark(first, end, "person")
                    return words.written(first, end)
    return None
