"""Find the metrics that a question names, and the matching metrics of each device.

A question names a metric by its name or title, or by its quantity and place in any language of
:mod:`hub.insight.lexicon`: "bearing temperature", "Vorlauftemperatur", "humedad".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import msgspec

from hub.assistant.language import Language
from hub.assistant.words import QuestionWords, split_words, stems
from hub.insight.device_semantics import device_semantics
from hub.insight.lexicon import Words as NameWords
from hub.insight.lexicon import lexicons, read_words
from hub.insight.metric_semantics import MetricSemantics, metric_semantics
from hub.model import Device

_LONGEST = 4
_VAGUE = frozenset(("time", "alarm", "count", "mode", "running", "uptime", "run_time"))
"""Quantities whose words often mean something else in a question. Their metrics are found only by name or title."""
_LONGEST_CACHE = 50_000


class MetricMention(msgspec.Struct, frozen=True):
    """A metric as a question names it.

    ``names`` are the names of all metrics whose name or title, on any device, consists of exactly these words.
    """

    words: str
    names: frozenset[str] = frozenset()
    quantity: str | None = None
    places: frozenset[str] = frozenset()
    first: int = -1

    def on(self, device: Device) -> list[str]:
        """Return the metrics of ``device`` to which the words of the question may refer, best match first."""
        own = [name for name in device.metrics if name in self.names]
        if own:
            return own
        wanted = set(split_words(self.words))
        titled = [name for name in device.metrics if wanted <= _words_of(name, device.describe(name).title)]
        if titled and self.words:
            return titled
        if self.quantity is None:
            return []
        meanings = {name: semantics(device, name) for name in device.metrics}
        found = [
            name
            for name, meaning in meanings.items()
            if meaning.quantity == self.quantity and self.places <= meaning.places
        ]
        measured = [name for name in found if meanings[name].role == "measured"] or found
        main = [name for name in measured if device.describe(name).category in ("primary", "further")]
        return main or measured


def semantics(device: Device, metric: str) -> MetricSemantics:
    """Return what a metric of ``device`` measures. Corrections that people made are taken into account."""
    if metric in device.metric_edits:
        return device_semantics(device).metrics[metric]
    shown = device.describe(metric)
    found = metric_semantics(metric, device.unit(metric), shown.device_class)
    return found if found.quantity else metric_semantics(shown.title, device.unit(metric), shown.device_class)


def metric_titles(devices: Iterable[Device]) -> set[tuple[str, str]]:
    """Return pairs of metric name and title for all devices. If a metric has no title, its name stands for it.

    A metric has several pairs if devices or people give it different titles.
    """
    plain: set[str] = set()
    titled: set[tuple[str, str]] = set()
    for device in devices:
        if device.metric_edits or device.info.titles:
            titled.update(_titles(device))
        else:
            plain.update(device.metrics)
    return titled.union((name, name) for name in plain)


def find_titles(
    words: QuestionWords, known: Iterable[tuple[str, str]], shortest: int, longest: int = _LONGEST
) -> list[MetricMention]:
    """Return the metrics that a question names by name or title, and mark the words of these names as used.

    Only phrases of ``shortest`` to ``longest`` words are searched for. ``known`` are the (name, title) pairs of all
    metrics, from :func:`metric_titles`.
    """
    spans = {phrase: (first, end) for first, end, phrase in reversed(list(words.phrases(longest)))}
    wanted = {
        stem: phrase for phrase, (first, end) in spans.items() if end - first >= shortest for stem in stems(phrase)
    }
    named: dict[str, set[str]] = {}
    for name, title in known if wanted else ():
        for form in _forms(name, title) & wanted.keys():
            named.setdefault(wanted[form], set()).add(name)
    found = []
    for phrase in sorted(named, key=lambda each: -len(each.split())):
        first, end = spans[phrase]
        if words.is_free(first, end):
            words.mark(first, end, "metric")
            names = frozenset(named[phrase])
            meant = read_words(phrase)
            found.append(MetricMention(phrase, names, _quantity(meant), frozenset(meant.places), first))
    return found


def _titles(device: Device) -> Iterator[tuple[str, str]]:
    """Yield the name and the title of each metric of a device.

    The title that a person entered takes precedence over the title that the device reports. A metric without a title
    has its name as title.
    """
    edits, titles = device.metric_edits, device.info.titles
    for name in device.metrics:
        edit = edits.get(name)
        yield name, (edit.title if edit is not None else None) or titles.get(name) or name


def find_quantities(words: QuestionWords, language: Language) -> list[MetricMention]:
    """Return the metrics that a question names by quantity and place, such as "bearing temperature".

    Mark the words as used.
    """
    found = []
    for first, end, phrase in list(words.phrases(_LONGEST)):
        if not words.is_free(first, end) or (
            not _is_entry(phrase) and any(word in language.filler for word in phrase.split())
        ):
            continue
        if first + 1 == end and phrase in language.filler:
            continue
        meant = next(
            (read for stem in sorted(stems(phrase), key=len) if _quantity(read := read_words(stem))), read_words(phrase)
        )
        if not _quantity(meant) or not (_is_entry(phrase) or all(map(_tells, phrase.split()))):
            continue
        words.mark(first, end, "metric")
        places = set(meant.places)
        for place in (first - 1, end):  # a place directly beside the quantity, unlike "temperature at the bearing"
            word = words.word(place)
            if not word or not words.is_free(place, place + 1) or word in language.filler:
                continue
            near = read_words(word)
            if near.places and not _quantity(near):
                places |= near.places
                words.mark(place, place + 1, "metric")
        found.append(
            MetricMention(words.written(first, end).lower(), frozenset(), _quantity(meant), frozenset(places), first)
        )
    return found


def with_places(
    words: QuestionWords,
    language: Language,
    mentions: list[MetricMention],
    adjective: str | None,
    devices: Sequence[Device],
) -> list[MetricMention]:
    """Return ``mentions``, completed with the places that the question names separately.

    An example is the bearing in "how hot is the bearing". A place is added to the first mention of a metric. If the
    question mentions no metric, one is created from the quantity ``adjective``, such as the temperature for "hot". A
    place is ignored if no device measures the quantity there.
    """
    for place, token in enumerate(words.tokens):
        if token.used_as is not None or token.word in language.filler or len(token.word) < 3:
            continue
        meant = read_words(token.word)
        quantity = mentions[0].quantity if mentions else adjective
        if not meant.places or _quantity(meant) or quantity is None:
            continue
        places = frozenset(meant.places) | (mentions[0].places if mentions else frozenset())
        said = f"{token.written} {mentions[0].words if mentions else quantity}"
        mention = MetricMention(said, quantity=quantity, places=places)
        if any(mention.on(device) for device in devices):
            words.mark(place, place + 1, "metric")
            mentions = [mention, *mentions[1:]]
    return mentions


def joined_places(words: QuestionWords, language: Language, mentions: Sequence[MetricMention]) -> list[MetricMention]:
    """Return metrics that share the quantity of the metric after "and": the motor in "motor and bearing temperature".

    ``mentions`` are the metrics that were found already, such as "bearing temperature". The words for the places
    ("motor") are marked as used.
    """
    found = []
    for mention in mentions:
        place = mention.first - 2
        if (
            place < 0
            or words.word(mention.first - 1) not in language.joining
            or words.tokens[place].used_as is not None
        ):
            continue
        meant = read_words(words.word(place))
        if meant.places and not _quantity(meant) and mention.quantity is not None:
            words.mark(place, place + 1, "metric")
            said = f"{words.written(place, place + 1)} {mention.words.split()[-1]}"
            found.append(MetricMention(said, quantity=mention.quantity, places=frozenset(meant.places), first=place))
    return found


def _is_entry(phrase: str) -> bool:
    return any(stem in lexicon.quantity for lexicon in lexicons() for stem in stems(phrase))


def _tells(word: str) -> bool:
    found = map(read_words, stems(word))
    return any(meant.quantities or meant.places for meant in found)


def _quantity(meant: NameWords) -> str | None:
    quantities = [each for each in meant.quantities if each not in _VAGUE]
    return quantities[0] if quantities else None


@lru_cache(maxsize=_LONGEST_CACHE)
def _forms(name: str, title: str) -> frozenset[str]:
    return frozenset(" ".join(split_words(text.replace("_", " "))) for text in (name, title))


@lru_cache(maxsize=_LONGEST_CACHE)
def _words_of(name: str, title: str) -> frozenset[str]:
    return frozenset(word for form in _forms(name, title) for word in form.split())


def numeric(device: Device, metrics: Sequence[str]) -> list[str]:
    """Return those of ``metrics`` whose latest value is a number."""
    return [metric for metric in metrics if type(device.metrics[metric].value) is float]
