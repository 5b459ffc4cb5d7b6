"""The words of a sentence about a rule. Symbols replace the words that are already understood."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from hub.assistant.words import QuestionWords


class SentencePart(msgspec.Struct, eq=False):
    """A word of a sentence, or a symbol that replaces words; ``value`` is the meaning of these words.

    ``first`` is the index of the first word, and ``end`` is the index after the last word.
    """

    symbol: str
    first: int
    end: int
    value: Any = None
    used: bool = False


class RuleSentence:
    """The words of a sentence, and the symbols that replace the words that were understood."""

    def __init__(self, text: str) -> None:
        self.words = QuestionWords(text)
        self._marks: dict[int, SentencePart] = {}  # by the place of the first word

    def mark(self, first: int, end: int, symbol: str, value: Any = None) -> None:
        """Replace the words from ``first`` up to, but not including, ``end`` by ``symbol``, which means ``value``."""
        self.words.mark(first, end, "rule")
        self._marks[first] = SentencePart(symbol, first, end, value)

    def items(self, first: int = 0, end: int | None = None) -> list[SentencePart]:
        """Return the unused words and symbols from ``first`` up to, but not including, ``end``, in order."""
        found = []
        for place in range(first, len(self.words) if end is None else end):
            mark = self._marks.get(place)
            if mark is not None and not mark.used:
                found.append(mark)
            elif self.words.tokens[place].used_as is None:
                found.append(SentencePart(self.words.word(place), place, place + 1))
        return found

    def find(self, patterns: Sequence[re.Pattern[str]], first: int = 0, end: int | None = None) -> list[SentencePart]:
        """Return the words and symbols of the first match of the first pattern that matches; [] without a match.

        Only the words from ``first`` up to, but not including, ``end`` are searched (None: the end of the sentence).
        """
        found = self.matches(patterns, first, end)
        return found[0][1] if found else []

    def matches(
        self, patterns: Sequence[re.Pattern[str]], first: int = 0, end: int | None = None
    ) -> list[tuple[re.Match[str], list[SentencePart]]]:
        """Return all matches of the first pattern that matches, each with its words and symbols; [] without a match.

        Only the words from ``first`` up to, but not including, ``end`` are searched (None: the end of the sentence).
        """
        items = self.items(first, end)
        text, starts = " ", []
        for item in items:
            starts.append(len(text))
            text += item.symbol + " "
        for pattern in patterns:
            found = []
            for match in pattern.finditer(text):
                matched = [
                    item for item, start in zip(items, starts, strict=True) if match.start() <= start < match.end()
                ]
                if matched:
                    found.append((match, matched))
            if found:
                return found
        return []

    def take(self, patterns: Sequence[re.Pattern[str]]) -> list[SentencePart]:
        """Return the words and symbols of the first match in the sentence, and mark them as used."""
        found = self.find(patterns)
        self.use(found)
        return found

    def use(self, items: Sequence[SentencePart]) -> None:
        for item in items:
            item.used = True
            self.words.mark(item.first, item.end, "rule")

    def symbols(self, symbol: str, first: int = 0, end: int | None = None) -> list[SentencePart]:
        """Return the unused parts of the sentence that were replaced by ``symbol``.

        Only the parts from index ``first`` up to, but not including, ``end`` are searched.
        """
        return [item for item in self.items(first, end) if item.symbol == symbol]

    def written(self, item: SentencePart) -> str:
        return self.words.written(item.first, item.end)

    def leftover(self, filler: frozenset[str]) -> list[str]:
        """Return the unused words without those in ``filler``. Adjacent words form one text."""
        groups: list[list[SentencePart]] = []
        for item in self.items():
            if item.symbol in filler or not any(map(str.isalnum, item.symbol)):
                continue
            if groups and groups[-1][-1].end == item.first:
                groups[-1].append(item)
            else:
                groups.append([item])
        return [self.words.written(group[0].first, group[-1].end) for group in groups]
