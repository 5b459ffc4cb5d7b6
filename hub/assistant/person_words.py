"""Find the name of a person in questions such as "what did Anna do today?"."""

from __future__ import annotations

from hub.assistant.language import Language
from hub.assistant.words import QuestionWords


def find_person(words: QuestionWords, language: Language) -> str | None:
    """Return the name of the person whose actions a question asks for, and mark its words as used.

    A name is one word, or two, that no other parser has understood. Return None if the question asks for no person.
    """
    for pattern in language.person:
        for match in pattern.finditer(words.text):
            places = [n for n, t in enumerate(words.tokens) if match.start("name") <= t.start < match.end("name")]
            names = [words.tokens[place] for place in places]
            if names and all(t.use is None and t.word not in language.vocabulary for t in names):
                words.mark(places[0], places[-1] + 1, "person")
                return words.written(places[0], places[-1] + 1)
    return None
