"""Is what a model says borne out by what it was given? Every number and every time of its answer is looked up there.

Strict: a difference or a mean that it worked out itself is not found, even where it is right, and is marked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from hub.insight import quantities, words
from hub.insight.check import sentences
from hub.insight.quantities import Quantity

_CLOCK = re.compile(r"\b(\d{1,2}):(\d{2})(?::(\d{2}))?(?!\d)")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_EPOCH = range(1_000_000_000_000, 10_000_000_000_000)
_MARKUP = re.compile(r"[*_`#>|]+|^\s*\d+[.)]\s", re.M)


def unsupported(text: str, given: Iterable[Any], names: Sequence[str]) -> list[str]:
    """The sentences that say a number or a time that none of ``given`` (texts, and what tools answered) holds.
    ``names`` may hold digits that are no numbers."""
    known: list[Quantity] = []
    clocks: set[tuple[int, int]] = set()
    dates: set[str] = set()
    for each in given:
        for value, unit in _leaves(each, None):
            _learn(value, unit, known, clocks, dates)
    plain = _MARKUP.sub(" ", text)
    return [sentence for sentence in sentences(plain) if not _holds(_without(sentence, names), known, clocks, dates)]


def _learn(value: Any, unit: str | None, known: list[Quantity], clocks: set[tuple[int, int]], dates: set[str]) -> None:
    if isinstance(value, str):
        clocks |= {(int(hour), int(minute)) for hour, minute, _ in _CLOCK.findall(value)}
        dates |= set(_DATE.findall(value))
        known += quantities.read(_bare(value))
    elif isinstance(value, int) and value in _EPOCH:
        hour, minute = words.clock(value).split(":")[:2]
        clocks.add((int(hour), int(minute)))
        dates.add(words.date(value)[:10])
    else:
        known.append(Quantity(float(value), 6, quantities.unit(unit)))
        known.append(Quantity(abs(float(value)), 6, quantities.unit(unit)))


def _leaves(value: Any, unit: str | None) -> Iterator[tuple[Any, str | None]]:
    """Every text and number, with the unit that stands beside it; of a list, its length too."""
    if isinstance(value, dict):
        own = value.get("unit")
        inner = own if isinstance(own, str) else unit
        for each in value.values():
            yield from _leaves(each, inner)
    elif isinstance(value, list | tuple):
        yield len(value), None
        for each in value:
            yield from _leaves(each, unit)
    elif isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
        yield value, unit


def _holds(sentence: str, known: Sequence[Quantity], clocks: set[tuple[int, int]], dates: set[str]) -> bool:
    told = {(int(hour), int(minute)) for hour, minute, _ in _CLOCK.findall(sentence)}
    if not told <= clocks or not set(_DATE.findall(sentence)) <= dates:
        return False
    return all(
        quantities.supported(wanted, known) or (wanted.unit is None and wanted.word)
        for wanted in quantities.read(_bare(sentence))
    )


def _bare(text: str) -> str:
    return _CLOCK.sub(" ", _DATE.sub(" ", text))


def _without(sentence: str, names: Sequence[str]) -> str:
    for name in names:
        sentence = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", " ", sentence, flags=re.I)
    return sentence
