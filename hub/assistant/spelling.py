"""Correct misspelt words in the parts of a question that no parser understood. The answer names the corrections."""

from __future__ import annotations

from collections.abc import Iterable

from hub.assistant.language import Language
from hub.assistant.scope import group_words
from hub.assistant.words import split_places
from hub.insight.lexicon import lexicons
from hub.model import Device

_SHORTEST, _LONG = 4, 7
"""Minimum length of a word that is corrected, and of a word in which two letters instead of one may be wrong."""


def correct_spelling(
    text: str, unknown: Iterable[str], language: Language, devices: Iterable[Device], titles: Iterable[str]
) -> tuple[str, list[tuple[str, str]]]:
    """Return the question with corrected words, and the corrections as (written word, corrected word).

    Only the words in ``unknown``, the phrases that no parser understood, are corrected. They are replaced by words of
    the language, of the devices, or of the metrics' ``titles``.
    """
    wanted = {word for phrase in unknown for word, _, _ in split_places(phrase) if _may_be_misspelt(word)}
    if not wanted:
        return text, []
    known = {word for word in language.vocabulary if len(word) >= _SHORTEST}
    known |= {word for lexicon in lexicons() for word in lexicon.single}
    for phrase in (*titles, *(form for device in devices for form in group_words(device))):
        known.update(phrase.split())
    by_letter: dict[str, list[str]] = {}
    for word in known:
        by_letter.setdefault(word[:1], []).append(word)
    corrected: list[tuple[str, str]] = []
    for word, start, end in reversed(split_places(text)):
        if word in wanted - known and (best := _closest(word, by_letter.get(word[:1], ()))) is not None:
            corrected.append((text[start:end], best))
            text = text[:start] + best + text[end:]
    return text, corrected[::-1]


def _may_be_misspelt(word: str) -> bool:
    return len(word) >= _SHORTEST and word.isalpha() and word.isascii()


def _closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word with the fewest wrong letters.

    Return None if every word has too many wrong letters, or if two words are equally close.
    """
    allowed = 2 if len(word) >= _LONG else 1
    near = [(distance, each) for each in known if (distance := _distance(word, each, allowed)) <= allowed]
    near.sort()
    return near[0][1] if near and (len(near) == 1 or near[0][0] < near[1][0]) else None


def _distance(one: str, other: str, most: int) -> int:
    """Return the edit distance of two words: the number of letters to insert, delete, replace or swap.

    If it exceeds ``most``, return ``most`` + 1.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, against in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]
