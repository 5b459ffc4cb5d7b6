"""Look up the words of metric names in lexicons of several languages: which quantity, place or role they mean.

The data are ``lexicons/*.toml``, one file per language. Whole words are compared: ``charge`` is not found in
``discharge``, nor ``door`` in ``outdoor``. Only German compounds, and Chinese text, which has no spaces, are split into
words of the lexicon.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files

import msgspec

_KEPT_TOGETHER = re.compile(r"\b(?:co2|h2s|no2|so2|nh3|ch4|o2|pm1|pm25|pm10|l[123]|[pt]0|accelerometer[12]rms)\b")
_FINE_DUST = re.compile(r"pm2[._ ]5", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_TOKEN = re.compile(r"[a-z]+\d+|[^\W\d_]+|\d+", re.UNICODE)
_HAN = re.compile(r"[\u4e00-\u9fff]")
_LINKS = ("s", "n", "en", "es", "er")
"""Letters that join the parts of a German compound."""
_LONGEST_PHRASE = 4
_LONGEST_NAME = 256


class Lexicon(msgspec.Struct, frozen=True, eq=False):
    """The words of one language. Each table maps a word, or a phrase of several words, to its meaning."""

    quantity: dict[str, str]
    short: dict[str, str]
    place: dict[str, str]
    role: dict[str, str]
    ignored: frozenset[str]
    compounds: bool
    single: frozenset[str]
    """All single words of the language, except those in the table of short words."""


class Words(msgspec.Struct):
    """What the words in one name mean.

    ``quantities`` are the quantities that they mean, in the order of the words. Quantities of very short words are in
    ``short`` instead, because such a word may have another meaning.
    """

    quantities: list[str]
    short: list[str]
    places: set[str]
    roles: list[str]


def read_words(name: str) -> Words:
    """Return the quantities, places and roles that the words of a metric's name mean.

    The language that has most of the words is tried first, then the other languages for the remaining words.
    """
    tokens = words_of(name[:_LONGEST_NAME])
    found, taken = Words([], [], set(), []), [False] * len(tokens)
    for lexicon in sorted(lexicons(), key=lambda each: -sum(token in each.single for token in tokens)):
        _phrases(lexicon, tokens, taken, found)
    for lexicon in lexicons():
        if lexicon.compounds:
            _compounds(lexicon, tokens, taken, found)
    return found


def _phrases(lexicon: Lexicon, tokens: Sequence[str], taken: list[bool], found: Words) -> None:
    """Look up those words and phrases in ``tokens`` that are not recognized yet, longest phrases first.

    Their meanings are added to ``found``. ``taken`` says for each token whether it is recognized; it is updated.
    """
    for length in range(min(_LONGEST_PHRASE, len(tokens)), 0, -1):
        for first in range(len(tokens) - length + 1):
            span = range(first, first + length)
            if any(taken[at] for at in span):
                continue
            words = " ".join(tokens[at] for at in span)
            if words in lexicon.ignored or _note(lexicon, words, found):
                for at in span:
                    taken[at] = True


def _note(lexicon: Lexicon, words: str, found: Words) -> bool:
    """Add the meanings of the word or phrase ``words`` to ``found``. Return False if the lexicon does not have it."""
    bare = words.rstrip("0123456789 ") or words
    known = False
    for word in dict.fromkeys((words, bare)):
        for table, add in (
            (lexicon.quantity, _once(found.quantities)),
            (lexicon.short, _once(found.short)),
            (lexicon.place, found.places.add),
            (lexicon.role, _once(found.roles)),
        ):
            if (meaning := table.get(word)) is not None:
                add(meaning)
                known = True
        if known:
            break
    return known


def _once(collected: list[str]) -> Callable[[str], None]:
    def add(meaning: str) -> None:
        if meaning not in collected:
            collected.append(meaning)

    return add


def _compounds(lexicon: Lexicon, tokens: Sequence[str], taken: Sequence[bool], found: Words) -> None:
    """Split tokens whose meaning is still unknown into words of the lexicon, and add their meanings to ``found``.

    ``taken`` says for each token whether its meaning is already known.
    """
    for token, known in zip(tokens, taken, strict=True):
        if not known:
            for part in _parts(token, lexicon):
                _note(lexicon, part, found)


def _parts(token: str, lexicon: Lexicon) -> list[str]:
    """Split a compound into words of the lexicon, from left to right, taking the longest word that fits each time.

    Return an empty list if the words cover less than 60 % of the compound. This does not apply to Chinese.
    """
    words = lexicon.quantity.keys() | lexicon.place.keys() | lexicon.role.keys()
    han, found, at, fitted = bool(_HAN.search(token)), list[str](), 0, 0
    while at < len(token):
        longest = next((n for n in range(len(token) - at, 0 if han else 1, -1) if token[at : at + n] in words), 0)
        if longest:
            found.append(token[at : at + longest])
            fitted += longest
            at += longest
            if not han:
                link = next((each for each in _LINKS if token.startswith(each, at)), "")
                rest = token[at + len(link) :]
                at += len(link) if link and any(rest.startswith(word) for word in words if len(word) > 2) else 0
        elif han:
            at += 1
        else:
            following = [token.find(word, at) for word in words if len(word) > 3 and token.find(word, at) > 0]
            if not following:
                break
            at = min(following)
    return found if han or fitted >= 0.6 * len(token) else []


def words_of(name: str) -> list[str]:
    """Return the words of a name in lower case without accents: ``VibRMS_DE`` gives ``vib``, ``rms``, ``de``."""
    plain = unicodedata.normalize(
        "NFKC", _FINE_DUST.sub("pm25", name).replace("pH", "ph").replace("dP", "dp").replace("rF", "rf")
    )
    spaced = _CAMEL.sub(" ", plain).casefold().replace("_", " ")
    tokens: list[str] = []
    for token in _TOKEN.findall(spaced):
        bare = unaccented(token)
        if _KEPT_TOGETHER.fullmatch(bare) or not bare[-1].isdigit() or bare.isdigit():
            tokens.append(bare)
        else:
            tokens += [bare.rstrip("0123456789"), bare[len(bare.rstrip("0123456789")) :]]
    return [token for token in tokens if not token.isdigit()]


def unaccented(text: str) -> str:
    """Return the text without accents, and with German umlauts as two letters (``ä`` as ``ae``)."""
    for umlaut, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        text = text.replace(umlaut, letters)
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


# -- data ----------------------------------------------------------------------------------------------------------


@cache
def lexicons() -> tuple[Lexicon, ...]:
    """Return the lexicons of all languages, English first."""
    folder = files("hub.insight") / "lexicons"
    names = sorted(
        (entry.name for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda n: (n != "en.toml", n)
    )
    return tuple(_lexicon((folder / name).read_text("utf-8")) for name in names if name != "units.toml")


def _lexicon(text: str) -> Lexicon:
    table = tomllib.loads(text)
    ignored = frozenset(table["ignored"].split())
    tables = [dict(_words(table[name])) for name in ("quantity", "place", "role")]
    phrases = (*tables[0], *tables[1], *tables[2], *ignored)
    return Lexicon(
        quantity=tables[0],
        short=dict(_words(table["short"])),
        place=tables[1],
        role=tables[2],
        ignored=ignored,
        compounds=table["compounds"],
        single=frozenset(word for phrase in phrases for word in phrase.split()),
    )


def _words(table: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for meaning, words in table.items():
        for word in words.split():
            yield unaccented(word.casefold().replace("_", " ")), meaning


@cache
def meanings() -> tuple[frozenset[str], frozenset[str]]:
    """Return two sets: the quantities that a word or a unit can mean, and the places that a word can mean."""
    units = tomllib.loads((files("hub.insight") / "lexicons" / "units.toml").read_text("utf-8"))
    quantities = {meaning for each in lexicons() for meaning in (*each.quantity.values(), *each.short.values())}
    return frozenset(quantities | units.keys()), frozenset(
        place for each in lexicons() for place in each.place.values()
    )
