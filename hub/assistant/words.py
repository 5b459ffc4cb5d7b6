"""A question as words that are marked when a part of the parser has understood them.

The parsers of devices, times, metrics and phrases share one :class:`QuestionWords`. Words that none marked are named
in the answer, so no part of a question is dropped silently.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from hub.insight.lexicon import unaccented

MAX_WORDS = 200
"""Words of a question that are read. A conversation allows 500 characters, ``/ask`` a long text."""
_TOKEN = re.compile(
    r"\d{4}-\d{2}-\d{2}|\d{1,2}:\d{2}(?::\d{2})?|\d+(?:[.,]\d+)+|\d+(?=(?:am|pm|min|h|s|d|st|nd|rd|th)\b)"
    r"|[^\W_]+|[%°<>=≥≤]",
    re.I,
)


_ENDINGS = ("s", "es", "n", "en", "e", "er", "ern")
_UMLAUT = re.compile(r"(?:(a)e(u)|([aou])e)(?=[^aeou]+$)")


class Token(msgspec.Struct):
    """One word: folded for comparison, and as written. ``use`` says what it was understood as."""

    word: str
    written: str
    start: int  # in QuestionWords.text
    joined: bool  # written without a space to the word before, as in pump-03
    negative: bool  # a number with a minus before it
    use: str | None = None


@lru_cache(maxsize=100_000)
def fold_word(word: str) -> str:
    """Return a word in lower case without accents, a whole number without leading zeros."""
    if word.isascii() and word.isdigit() and len(word) < 10:
        return str(int(word))
    return unaccented(unicodedata.normalize("NFKC", word).casefold())


def split_words(text: str) -> list[str]:
    """Return the folded words of a text."""
    return [fold_word(match[0]) for match in _TOKEN.finditer(text)]


def split_places(text: str) -> list[tuple[str, int, int]]:
    """Return the folded words of a text, each with its start and end in it."""
    return [(fold_word(match[0]), match.start(), match.end()) for match in _TOKEN.finditer(text)][:MAX_WORDS]


def stems(phrase: str) -> frozenset[str]:
    """Return a phrase with its last word in plural and singular, by simple rules for English, German and Spanish."""
    start, _, last = phrase.rpartition(" ")
    cut = [last[: -len(end)] for end in _ENDINGS if last.endswith(end) and len(last) > len(end) + 2]
    forms = {last, *cut, *(_UMLAUT.sub(r"\1\2\3", word) for word in cut)}
    return frozenset(f"{start} {word}".strip() for word in forms)


class QuestionWords:
    """The words of a question. ``text`` has them folded, with one space around each."""

    def __init__(self, text: str) -> None:
        self.tokens: list[Token] = []
        place, end = 1, -1
        for match in _TOKEN.finditer(text):
            word = fold_word(match[0])
            between = text[max(end, 0) : match.start()]
            is_negative = match[0][:1].isdigit() and between[-1:] in ("-", "−") and between[-2:-1].isspace()
            self.tokens.append(Token(word, match[0], place, end > 0 and between in ("", "-", "_"), is_negative))
            end = match.end()
            place += len(word) + 1
            if len(self.tokens) == MAX_WORDS:
                break
        self.text = " " + " ".join(token.word for token in self.tokens) + " "

    def __len__(self) -> int:
        return len(self.tokens)

    def is_free(self, first: int, end: int) -> bool:
        """Return whether no word from ``first`` to before ``end`` is used."""
        return all(token.use is None for token in self.tokens[first:end])

    def mark(self, first: int, end: int, use: str) -> None:
        for token in self.tokens[first:end]:
            token.use = use

    def written(self, first: int, end: int) -> str:
        text = " ".join(token.written for token in self.tokens[first:end])
        return text.replace("° C", "°C").replace("° F", "°F")

    def word(self, place: int) -> str:
        """Return the folded word at an index, an empty text outside the question."""
        return self.tokens[place].word if 0 <= place < len(self.tokens) else ""

    def phrases(self, longest: int) -> Iterator[tuple[int, int, str]]:
        """Yield the runs of unused words, the longest first: start, end and text."""
        for length in range(min(longest, len(self.tokens)), 0, -1):
            for first in range(len(self.tokens) - length + 1):
                if self.is_free(first, first + length):
                    yield first, first + length, " ".join(t.word for t in self.tokens[first : first + length])

    def search(self, pattern: re.Pattern[str]) -> tuple[re.Match[str], int, int] | None:
        """Return the first match of a pattern whose words are all unused, with the indices of its words."""
        for match in pattern.finditer(self.text):
            places = [at for at, token in enumerate(self.tokens) if match.start() <= token.start < match.end()]
            if places and self.is_free(places[0], places[-1] + 1):
                return match, places[0], places[-1] + 1
        return None

    def leftover(self) -> list[str]:
        """Return the words that are not used, neighbours together, as they were written."""
        found: list[list[str]] = []
        previous = -2
        for place, token in enumerate(self.tokens):
            if token.use is None:
                if place == previous + 1:
                    found[-1].append(token.written)
                else:
                    found.append([token.written])
                previous = place
        return [" ".join(group) for group in found]
