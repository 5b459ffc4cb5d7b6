"""Determine what kind of machine a device is, because a diagnosis considers only causes that this machine can have.

The kind follows from words in the device's name, model and labels, or else from what the device measures. The kinds are
data (``machine_kinds.toml``). A device may be of several kinds. If its kind is unknown, only signatures that name no
kind are considered.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from hub.insight.lexicon import words_of
from hub.insight.metric_semantics import MetricSemantics
from hub.insight.symptom_matching import MetricPattern, parse_patterns


class MachineKind(msgspec.Struct, frozen=True, eq=False):
    """One kind of machine, and how to recognize it.

    Attributes:
        words: The names of the kind.
        needs: What a machine of this kind must measure. Each item is a list of alternatives, of which one suffices.
        without: A device that measures any of these is of this kind only if its name says so.
    """

    id: str
    title: str
    words: frozenset[str]
    needs: tuple[tuple[MetricPattern, ...], ...]
    without: tuple[MetricPattern, ...]

    def phrases(self, texts: Iterable[str]) -> set[str]:
        """Return the names of this kind (words and phrases) that occur in any of the texts."""
        return {phrase for words in map(words_of, texts) for phrase in _found(words, self.words)}

    def has_needs(self, metrics: Collection[tuple[str, MetricSemantics]]) -> bool:
        """Return whether the metrics measure everything in ``needs``."""
        return all(_measures(patterns, metrics) for patterns in self.needs)

    def may_have(self, metrics: Collection[tuple[str, MetricSemantics]]) -> bool:
        """Return whether the metrics measure at least one of the quantities in ``needs``.

        The place of the measurement does not matter.
        """
        wanted = {pattern.quantity for patterns in self.needs for pattern in patterns}
        return any(meaning.quantity in wanted for _, meaning in metrics if meaning.quantity)


KindSource = Literal["words", "metrics", "person", "model", "unknown"]
"""What the kind of machine was determined from.

``words``: words in the name, model or labels. ``metrics``: what the device measures. ``person``: a person set it.
``model``: a person set it for another device of the same model. ``unknown``: it could not be determined.
"""


def machine_kinds(texts: Iterable[str], semantics: Iterable[tuple[str, MetricSemantics]]) -> frozenset[str]:
    """Return the kinds of machine that a device may be; see :func:`find_kinds`."""
    return find_kinds(texts, semantics)[0]


def find_kinds(
    texts: Iterable[str], semantics: Iterable[tuple[str, MetricSemantics]]
) -> tuple[frozenset[str], KindSource]:
    """Return the kinds of machine that a device may be, and what they were determined from.

    Args:
        texts: The device's name, model and labels.
        semantics: The device's metrics: the name of each, and what it measures.
    """
    metrics, given = list(semantics), list(texts)
    possible = [kind for kind in kinds() if kind.may_have(metrics)]
    # The words after "with" or a comma name parts: a conveyor with an electric motor is not a motor.
    for read in ([_PARTS.split(text, maxsplit=1)[0] for text in given], given):
        named = {kind.id: kind.phrases(read) for kind in possible}
        everything = {phrase for phrases in named.values() for phrase in phrases}
        if not everything:
            continue
        own = {kind: {each for each in phrases if not _is_part(each, everything)} for kind, phrases in named.items()}
        return frozenset(kind for kind, phrases in own.items() if phrases), "words"
    found = frozenset(kind.id for kind in kinds() if kind.has_needs(metrics) and not _measures(kind.without, metrics))
    return found, "metrics" if found else "unknown"


_PARTS = re.compile(r",|;|\s(?:with|mit|con|avec)\s", re.IGNORECASE)


def _is_part(phrase: str, phrases: Iterable[str]) -> bool:
    """Return whether ``phrase`` is only a part of a longer one of the ``phrases``.

    "pump" is a part of "heat pump". The caller then ignores "pump", because the name means a heat pump.
    """
    return any(phrase != longer and phrase in longer for longer in phrases)


@cache
def kinds() -> tuple[MachineKind, ...]:
    """Return all kinds of machine."""
    text = (files("hub.insight") / "machine_kinds.toml").read_text("utf-8")
    return tuple(
        MachineKind(
            each["id"],
            each["title"],
            frozenset(" ".join(words_of(word)) for word in each["words"].split()),
            tuple(map(parse_patterns, each["needs"])),
            tuple(pattern for text in each["without"] for pattern in parse_patterns(text)),
        )
        for each in tomllib.loads(text)["kind"]
    )


def _measures(patterns: Iterable[MetricPattern], metrics: Collection[tuple[str, MetricSemantics]]) -> bool:
    return any(pattern.fits(name, meaning) for pattern in patterns for name, meaning in metrics)


def _found(words: list[str], wanted: frozenset[str]) -> set[str]:
    """Return the words and phrases of ``wanted`` that occur in ``words``.

    A word also counts if it is the end of a compound word, as "pumpe" in German "Kühlwasserpumpe".
    """
    phrases = {" ".join(words[at : at + length]) for at in range(len(words)) for length in (1, 2, 3)}
    ends = [each for each in wanted if len(each) >= 5 or not each.isascii()]
    compounds = {end for end in ends for word in words if word.endswith(end) or (not end.isascii() and end in word)}
    return phrases & wanted | compounds
