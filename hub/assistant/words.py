"""Split a question into words, and record which of them a parser has understood.

The parsers of devices, times, metrics and phrases share one :class:`QuestionWords`. The answer names the words that no
parser marked, so no part of a question is silently ignored.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from hub.insight.lexicon import unaccented

MAX_WORDS = 200
"""Maximum number of words of a question; further words are ignored.

A conversation limits a question to 500 characters, but ``/ask`` accepts long texts.
"""
_TOKEN = re.compile(
    r"\d{4}-\d{2}-\d{2}|\d{1,2}:\d{2}(?::\d{2})?|\d+(?:[.,]\d+)+|\d+(?=(?:am|pm|min|h|s|d|st|nd|rd|th)\b)"
    r"|[^\W_]+|[%°<>=≥≤]",
    re.I,
)


_ENDINGS = ("s", "es", "n", "en", "e", "er", "ern")
_UMLAUT = re.compile(r"(?:(a)e(u)|([aou])e)(?=[^aeou]+$)")


class Token(msgspec.Struct):
    """One word of a question, folded for comparison (``word``) and in its original spelling (``written``).

    ``used_as`` says what a parser has understood the word as, such as ``device`` or ``time``; None while it is unused.
    """

    word: str
    written: str
    start: int  # in QuestionWords.text
    joined: bool  # written without a space to the word before, as in pump-03
    negative: bool  # a number with a minus before it
    used_as: str | None = None


@lru_cache(maxsize=100_000)
def fold_word(word: str) -> str:
    """Return a word in lower case without accents, and a whole number without leading zeros."""
    if word.isascii() and word.isdigit() and len(word) < 10:
        return str(int(word))
    return unaccented(unicodedata.normalize("NFKC", word).casefold())


def split_words(text: str) -> list[str]:
    """Return the words of a text, each folded by :func:`fold_word`."""
    return [fold_word(match[0]) for match in _TOKEN.finditer(text)]


def split_places(text: str) -> list[tuple[str, int, int]]:
    """Return the words of a text, at most :data:`MAX_WORDS`, with their positions.

    Each entry is ``(word, start, end)``: the word, folded by :func:`fold_word`, the index of its first character, and
    the index after its last character.
    """
    return [(fold_word(match[0]), match.start(), match.end()) for match in _TOKEN.finditer(text)][:MAX_WORDS]


def stems(phrase: str) -> frozenset[str]:
    """Return a phrase and its variants with the last word in the singular.

    The simple rules for English, German and Spanish may also produce forms that are not words.
    """
    start, _, last = phrase.rpartition(" ")
    cut = [last[: -len(end)] for end in _ENDINGS if last.endswith(end) and len(last) > len(end) + 2]
    forms = {last, *cut, *(_UMLAUT.sub(r"\1\2\3", word) for word in cut)}
    return frozenset(f"{start} {word}".strip() for word in forms)


class QuestionWords:
    """The words of a question as tokens. Each token records which parser has used its word.

    ``text`` contains all words in lower case and without accents, with one space before and after each.
    """

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
        """Return whether all words from index ``first`` up to, but not including, ``end`` are unused."""
        return all(token.used_as is None for token in self.tokens[first:end])

    def mark(self, first: int, end: int, used_as: str) -> None:
        for token in self.tokens[first:end]:
            token.used_as = used_as

    def written(self, first: int, end: int) -> str:
        text = " ".join(token.written for token in self.tokens[first:end])
        return text.replace("° C", "°C").replace("° F", "°F")

    def word(self, place: int) -> str:
        """Return the folded word at an index; an empty text if the index is outside the question."""
        return self.tokens[place].word if 0 <= place < len(self.tokens) else ""

    def phrases(self, longest: int) -> Iterator[tuple[int, int, str]]:
        """Yield each sequence of at most ``longest`` unused words as (first index, end index, text), longest first."""
        for length in range(min(longest, len(self.tokens)), 0, -1):
            for first in range(len(self.tokens) - length + 1):
                if self.is_free(first, first + length):
                    yield first, first + length, " ".join(t.word for t in self.tokens[first : first + length])

    def search(self, pattern: re.Pattern[str]) -> tuple[re.Match[str], int, int] | None:
        """Find the first match of ``pattern`` in which no word is used yet; None if there is none.

        The result is the match, the index of its first word, and the index after its last word.
        """
        for match in pattern.finditer(self.text):
            places = [at for at, token in enumerate(self.tokens) if match.start() <= token.start < match.end()]
            if places and self.is_free(places[0], places[-1] + 1):
                return match, places[0], places[-1] + 1
        return None

    def leftover(self) -> list[str]:
        """Return the unused words as they were written. Adjacent words form one text."""
        found: list[list[str]] = []
        previous = -2
        for place, token in enumerate(self.tokens):
            if token.used_as is None:
                if place == previous + 1:
                    found[-1].append(token.written)
                else:
                    found.append([token.written])
                previous = place
        return [" ".join(group) for group in found]
