"""Split a sentence into clauses, and find the metrics that each of them names.

In a *coded* sentence, each metric is replaced by one character of Unicode's private use area. So the name "pressure
drop" is not mistaken for a movement, nor "level 2" for a number.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from hub import text_format as fmt
from hub.insight import quantities

_FIRST_CODE = 0xE000
CODED = "[\ue000-\uf8ff]"
_MAX_METRICS = 0xF8FF - _FIRST_CODE
_ID = re.compile(r"[\[(]?\be\d{1,3}\b[\])]?(?:\s*[,;]\s*[\[(]?\be\d{1,3}\b[\])]?)*")
_BASELINE = re.compile(
    r"\b(?:its|their|the)\s+(?:(?:usual|normal|earlier|previous)\s+)?levels?\s+(?:before|earlier)\b"
    r"|\b(?:usual|normal|earlier|previous)\s+levels?\b",
    re.I,
)
"""Phrases in which "level" is not the name of a metric, such as "its usual level"."""
_CLAUSE = re.compile(
    r"[;:.]\s|,?\s(?:and(?!\sa\shalf)|but|while|whereas|although|though|because|so|since(?!\s\d))\s|,\s", re.I
)
_PART = re.compile(
    rf"\s(?:before|after|when|until|together with|along with|with|as(?=\s(?:the\s|its\s)?{CODED}))\s", re.I
)
_FILLER = re.compile(r"\b(?:the|its|both|also|neither|nor|either|then|first)\b|[\s,]", re.I)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names that sentences about a device may use.

    Attributes:
        metrics: the ids of the device's metrics.
        names: names of the device, its model and its area. Their digits are not read as numbers: "pump 7" has none.
        titles: the title of each metric, by metric.
    """

    metrics: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)

    def forms(self, metric: str) -> list[str]:
        """Return the forms in which a sentence may name the metric: its title, its id, and its id as words."""
        title = fmt.in_sentence(self.titles.get(metric, ""))
        called = [title] if any(letter.isalpha() for letter in title) else []
        return [*called, metric, fmt.spoken(metric), metric.replace("_", " ")]

    def short_forms(self) -> dict[str, str]:
        """Return metrics by the last word of their name, such as ``current`` for ``motor_current``.

        A word that also occurs in another metric's name is left out.
        """
        words = {metric: fmt.spoken(metric).lower().split() for metric in self.metrics}
        used = Counter(word for each in words.values() for word in set(each))
        last = {each[-1]: metric for metric, each in words.items() if len(each) > 1}
        return {word: of for word, of in last.items() if used[word] == 1 and word.isalpha() and len(word) > 3}


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a coded sentence (see :meth:`Coder.code`).

    ``mentions`` are pairs of a position in the clause and the metric there. ``inherited`` are the metrics that an
    earlier clause of the sentence named.
    """

    text: str
    mentions: tuple[tuple[int, str], ...]
    inherited: tuple[str, ...]

    @property
    def named(self) -> tuple[str, ...]:
        """Return the metrics that the clause names."""
        return tuple(dict.fromkeys(metric for _, metric in self.mentions))


class Coder:
    """Replaces the names of metrics in sentences on one device by single characters, see :meth:`code`."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._metrics = vocabulary.metrics[:_MAX_METRICS]
        self._names = [
            re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.I)
            for name in sorted(filter(None, vocabulary.names), key=len, reverse=True)
            if any(char.isdigit() for char in name)
        ]
        codes = {metric: chr(_FIRST_CODE + number) for number, metric in enumerate(self._metrics)}
        forms = {form: codes[metric] for metric in self._metrics for form in vocabulary.forms(metric)}
        short = {form: codes[metric] for form, metric in vocabulary.short_forms().items() if metric in codes}
        self._forms = [
            (re.compile(rf"(?<!\w){re.escape(form)}(?!\w)", re.I), code)
            for group in (forms, short)
            for form, code in sorted(group.items(), key=lambda entry: -len(entry[0]))
        ]
        self._full = len(forms)

    def code(self, text: str) -> str:
        """Return the sentence in coded form: each metric is replaced by the one character that stands for it.

        Ids of evidence (``e12``) and names with digits are removed, and quantities are rewritten to a standard form
        (:func:`quantities.normalized`).
        """
        text = _BASELINE.sub("its baseline", _ID.sub(" ", text))
        for name in self._names:
            text = name.sub(" ", text)
        for form, code in self._forms:
            text = form.sub(code, text)
        return quantities.normalized(text)

    def mentions(self, coded: str) -> tuple[tuple[int, str], ...]:
        """Return the metrics that a coded sentence names, as pairs of a position and a metric."""
        return tuple(
            (place, self._metrics[ord(char) - _FIRST_CODE])
            for place, char in enumerate(coded)
            if _FIRST_CODE <= ord(char) < _FIRST_CODE + len(self._metrics)
        )

    def named(self, text: str) -> list[str]:
        """Return the metrics that ``text`` names by one of their full forms (:meth:`Vocabulary.forms`).

        ``text`` is an original sentence, not one that :meth:`code` returned. Short forms, such as ``current`` for
        ``motor_current``, are not recognized.
        """
        found = []
        for form, code in self._forms[: self._full]:
            if form.search(text):
                found.append(self._metrics[ord(code) - _FIRST_CODE])
                text = form.sub(" ", text)
        return list(dict.fromkeys(found))

    def clauses(self, coded: str) -> list[Clause]:
        """Split a coded sentence into its clauses.

        A list of metrics is not split: "flow and pressure fell" is one clause with two metrics.
        """
        found: list[Clause] = []
        inherited: tuple[str, ...] = ()
        for part in _joined(_pieces(coded)):
            mentions = self.mentions(part)
            found.append(Clause(part, mentions, inherited))
            inherited = tuple(dict.fromkeys(metric for _, metric in mentions)) or inherited
        return found


def sentences(text: str) -> list[str]:
    """Split a text into sentences. A full stop within a number or a time does not end a sentence."""
    return [part.strip() for part in re.split(r"(?<=[.!?])\s+(?=[A-Z“\"(])|\n+", text) if part.strip()]


def _pieces(coded: str) -> Iterator[str]:
    for clause in _CLAUSE.split(coded):
        yield from _PART.split(clause)


def _joined(pieces: Iterable[str]) -> Iterator[str]:
    listed = ""
    for piece in pieces:
        rest = _FILLER.sub("", re.sub(CODED, "", piece))
        if not rest and re.search(CODED, piece):
            listed += f"{piece} "
            continue
        yield listed + piece
        listed = ""
    if listed:
        yield listed
