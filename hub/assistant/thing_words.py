"""Match words for things and places across languages: "Haustür" means the device "Front door"."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from hub.assistant.language import Language
from hub.assistant.scope import group_words
from hub.assistant.words import split_places, split_words, stems
from hub.model import Device

_LONGEST = 5


@cache
def _things() -> dict[str, frozenset[str]]:
    """Load ``things.toml``: for each word or phrase, the set of all words in all languages for the same thing."""
    text = (files("hub.assistant") / "languages" / "things.toml").read_text("utf-8")
    found: dict[str, frozenset[str]] = {}
    for row in tomllib.loads(text)["things"]:
        same = frozenset(" ".join(split_words(each)) for each in row.split("|"))
        for phrase in same:
            found.setdefault(phrase, same)
    return found


def with_known_words(text: str, devices: Sequence[Device], language: Language) -> str:
    """Replace words for things in a question by the words that the names and areas of devices have for the same things.

    "Haustür", for example, becomes "front door". A word stays if a name or area contains it, or if it has another
    meaning in the language of the question: "bad" is a bathroom only in German.
    """
    places = split_places(text)
    wanted: dict[tuple[int, int], frozenset[str]] = {}
    for length in range(min(_LONGEST, len(places)), 0, -1):
        for first in range(len(places) - length + 1):
            span = (first, first + length)
            phrase = " ".join(word for word, _, _ in places[first : first + length])
            same = frozenset[str]() if phrase in language.vocabulary else same_things(phrase)
            if same and not any(start < span[1] and span[0] < end for start, end in wanted):
                wanted[span] = same
    if not wanted:
        return text
    measured = {name.lower() for device in devices for name in device.metrics}
    wanted = {span: same for span, same in wanted.items() if _phrase(places, span) not in measured}
    asked = {f"{phrase}{ending}" for same in wanted.values() for phrase in same for ending in ("", "s", "es")}
    known: set[str] = set()
    for device in devices:
        known |= asked & group_words(device)
    for (first, end), same in sorted(wanted.items(), reverse=True):
        phrase = _phrase(places, (first, end))
        others = sorted(form for form in known if not same.isdisjoint(stems(form)))
        if others and not stems(phrase) & known:
            text = text[: places[first][1]] + others[0] + text[places[end - 1][2] :]
    return text


def _phrase(places: Sequence[tuple[str, int, int]], span: tuple[int, int]) -> str:
    return " ".join(word for word, _, _ in places[span[0] : span[1]])


def same_things(phrase: str) -> frozenset[str]:
    """Return the words for the thing that ``phrase`` names, in all languages; an empty set for an unknown phrase."""
    things = _things()
    singular = " ".join(word.removesuffix("s") for word in phrase.split())  # "cámaras frías"
    if singular in things:
        return things[singular]
    return next((things[stem] for stem in sorted(stems(phrase), key=len, reverse=True) if stem in things), frozenset())
