"""Parse a question in several passes. Each pass marks the words that it understands, and later passes skip them.

So the first pass that understands an ambiguous word decides what it means. The passes look for names of devices,
metrics of several words, groups of several words, times, numbers, phrases, single words for metrics, and single words
for groups, in this order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hub.assistant.amount_parser import parse_amounts
from hub.assistant.group_selection import combine
from hub.assistant.kinds import PAGES, kind_of
from hub.assistant.language import LONGEST_PHRASE, Hint, Language, language_of, languages
from hub.assistant.metric_words import (
    MetricMention,
    find_quantities,
    find_titles,
    joined_places,
    metric_titles,
    with_places,
)
from hub.assistant.numbered_devices import find_numbered
from hub.assistant.person_words import find_person
from hub.assistant.question import ParsedQuestion
from hub.assistant.scope import Group, QuestionScope, find_groups, find_named, groupable
from hub.assistant.spelling import correct_spelling
from hub.assistant.thing_words import with_known_words
from hub.assistant.time_parser import parse_time_ranges
from hub.assistant.time_range import TimeRange
from hub.assistant.words import QuestionWords, split_places, split_words
from hub.insight.lexicon import read_words
from hub.model import Device

_ONLY_BESIDE_NUMBERS = frozenset(("above", "below", "equal", "between"))


def parse_question(text: str, devices: Sequence[Device], now: int, language: str = "en") -> ParsedQuestion:
    """Parse a question. ``now`` is in epoch ms.

    ``language`` is used if the language of the question cannot be recognized. Words that no parser understands are
    replaced by similar known words if the parsers then understand more of the question.
    """
    written = language_of(QuestionWords(text), language)
    known = with_known_words(text, devices, written)
    is_translated = known != text
    spoken, text = (None if known == text else written), known
    question = _parse_with_exclusion(text, devices, now, language, spoken)
    question.is_translated = is_translated
    is_own_text = question.kind in ("act", "notify", "manual") and not question.scope.is_all
    if is_own_text or not (question.unknown or question.scope.missing):
        return question
    titles = {word for pair in metric_titles(devices) for name in pair for word in split_words(name.replace("_", " "))}
    doubtful = [*question.unknown, *question.limiting]
    better, corrections = correct_spelling(text, doubtful, question.language, devices, titles)
    if not corrections:
        return question
    again = _parse_with_exclusion(better, devices, now, language, question.language)
    if len(again.unknown) >= len(question.unknown):
        return question
    again.corrections, again.is_translated = corrections, is_translated
    return again


def _parse_with_exclusion(
    text: str, devices: Sequence[Device], now: int, language: str, spoken: Language | None
) -> ParsedQuestion:
    """Parse a question that may exclude devices, such as "humidity everywhere except in the greenhouses".

    ``spoken`` is the language of the question; None if it is not known yet.
    """
    places = split_places(text)
    for at, length in ((at, length) for at in range(1, len(places)) for length in (2, 1)):
        phrase = " ".join(word for word, _, _ in places[at : at + length])
        if not any(phrase in each.excluding for each in languages().values()):
            continue
        kept = _parse(text[: places[at][1]], devices, now, language, spoken)
        rest = text[places[min(at + length, len(places)) - 1][2] :]
        left_out = _parse(rest, devices, now, language, kept.language)
        if left_out.scope.is_all or left_out.scope.missing or left_out.unknown:
            break
        gone = {device.id: device for device in left_out.scope.devices}
        kept.scope.devices = [device for device in kept.scope.devices if device.id not in gone]
        kept.scope.excluded = list(gone.values())
        kept.times, kept.metrics = kept.times or left_out.times, kept.metrics or left_out.metrics
        kept.text, kept.kind = text, kind_of(kept)
        return kept
    return _parse(text, devices, now, language, spoken)


def _parse(
    text: str, devices: Sequence[Device], now: int, language: str, known_language: Language | None
) -> ParsedQuestion:
    words = QuestionWords(text)
    named = find_named(words, languages()[language], devices)
    spoken = known_language or language_of(words, language)
    known = metric_titles(devices)
    titles = find_titles(words, known, shortest=2)
    possible = groupable(words, devices)
    groups = find_groups(words, possible, shortest=2)
    times = parse_time_ranges(words, spoken, now)
    amounts = parse_amounts(words, spoken, devices)
    numbered, missing, synonym = find_numbered(words, spoken, devices)
    titles += _titles_like_pages(words, spoken, known)
    concepts, hint, comparative, quantity = _phrases(words, spoken)
    _mark_adjectives(words, spoken)
    titles += find_titles(words, known, shortest=1, longest=1)
    titles += find_quantities(words, spoken)
    groups += find_groups(words, possible, longest=1)
    if not titles and quantity is None and any(amount.unit in ("°C", "°F") for amount in amounts):
        quantity = "temperature"
    asked = quantity or next((each.quantity for each in (hint, comparative) if each and each.quantity), None)
    titles = with_places(words, spoken, titles, asked, devices)
    titles += joined_places(words, spoken, titles)
    person = find_person(words, spoken, spoken.person)
    assignee = find_person(words, spoken, spoken.assignee)
    top = _top(words, spoken) if hint or "last" in concepts else None
    named += [each for each in numbered if each not in named]
    common = named if "act" in concepts else _beside_names(named, groups)
    chosen = common if named else combine(groups, words, spoken.joining) if groups else list(devices)
    scope = QuestionScope(chosen, bool(named), groups, missing, synonym)
    if synonym is None and not named:
        scope.synonym = next((group.words for group in groups if group.synonym), None)
    if comparative and len(times) == 1 and "now" in concepts:
        times.append(TimeRange(now, now, spoken.say("now"), "point"))
    unknown, limiting = _unused(words, spoken)
    question = ParsedQuestion(
        text, spoken, words, frozenset(concepts), scope, sorted(titles, key=lambda each: each.first), times, amounts,
        hint, comparative, quantity, top, unknown, limiting, person=person, assignee=assignee,
    )  # fmt: skip
    question.kind = kind_of(question)
    question.starts_again = any(
        "again" in spoken.concepts.get(" ".join(split_words(text)[:length]), ()) for length in (1, 2, 3)
    )
    return question


def _titles_like_pages(
    words: QuestionWords, language: Language, known: Iterable[tuple[str, str]]
) -> list[MetricMention]:
    """Return the metrics in the question that are called like a page of the hub, such as the "users" of a router."""
    pages = {phrase for phrase, meant in language.concepts.items() if meant & set(PAGES)}
    alike = [pair for pair in known if not pages.isdisjoint(split_words(" ".join(pair)))]
    return find_titles(words, alike, shortest=1, longest=1)


def _mark_adjectives(words: QuestionWords, language: Language) -> None:
    """Mark words beside a metric that add nothing to its meaning, so that later passes do not take them for metrics.

    Examples are "level" in "CO2 level", and "current" in the sense of "now", before another metric or before a word
    such as "value".
    """
    for place, token in enumerate(words.tokens):
        if token.used_as is None and place and token.word in language.after_metric:
            before = words.tokens[place - 1]
            if before.used_as == "metric" or (before.used_as is None and read_words(before.word).quantities):
                words.mark(place, place + 1, "filler")
        if token.used_as is None and token.word in language.adjectives_of_time and place + 1 < len(words):
            following = words.tokens[place + 1]
            is_joint = following.word in language.joining
            is_metric = (following.used_as in ("metric", "concept") and not is_joint) or bool(
                read_words(following.word).quantities
            )
            is_noun = following.word in language.filler and not is_joint
            if is_metric or (is_noun and following.word not in language.prepositions):
                words.mark(place, place + 1, "filler")


def _beside_names(named: Sequence[Device], groups: Sequence[Group]) -> list[Device]:
    """Return the named devices, and the devices of groups that the question names as well: "the boiler and the tanks".

    A group that contains a named device only describes that device ("feed pump 3 in the pump hall") and adds no
    devices. If a group is an area that contains none of the named devices, the result is empty.
    """
    found = {device.id: device for device in named}
    for group in groups:
        members = {device.id: device for device in group.devices}
        if members.keys() & found.keys():
            continue
        if group.category == "area":
            return []
        found |= members
    return list(found.values())


def _phrases(words: QuestionWords, language: Language) -> tuple[set[str], Hint | None, Hint | None, str | None]:
    """Find the phrases in a question that have a fixed meaning, and mark their words as used.

    Returns:
        Four things: the concepts that the phrases stand for; the meaning of a superlative ("hottest") or None; the
            meaning of a comparative ("warmer") or None; the quantity that another adjective stands for, or None.
    """
    concepts: set[str] = set()
    hint = comparative = quantity = None
    for first, end, phrase in list(words.phrases(LONGEST_PHRASE)):
        if not words.is_free(first, end):
            continue
        meant = language.concepts.get(phrase, frozenset())
        if phrase in language.final and any(token.used_as != "time" for token in words.tokens[end:]):
            continue
        if meant and meant <= _ONLY_BESIDE_NUMBERS and phrase.split()[0] in language.comparatives:
            continue  # "warmer than": the comparative alone says it
        if phrase in language.superlatives:
            hint = _better(hint, language.superlatives[phrase])
        elif phrase in language.comparatives:
            comparative = _better(comparative, language.comparatives[phrase])
        elif phrase in language.adjectives:
            quantity = language.adjectives[phrase]
        elif not meant:
            continue
        concepts |= meant
        words.mark(first, end, "concept")
    if words.tokens and (verb := _imperative(words, language)):
        concepts.add("act")
        concepts.add(f"act:{verb}")
    return concepts, hint, comparative, quantity


def _better(known: Hint | None, new: Hint) -> Hint:
    """Choose between the meanings of two adjectives: ``known`` if it includes a quantity, otherwise ``new``.

    In "the most humid", "humid" includes a quantity and "most" does not.
    """
    return known if known is not None and known.quantity is not None else new


def _imperative(words: QuestionWords, language: Language) -> str | None:
    """Return the verb of a request and mark it as used; None if the question is not a request.

    The verb is the first word after any polite phrases ("please stop the pump"). After a polite phrase, it may also be
    the last word ("Kannst du die Pumpe einschalten").
    """
    place = 0
    while place < len(words):
        for length in (5, 4, 3, 2, 1):
            if " ".join(words.word(place + k) for k in range(length)).strip() in language.polite:
                place += length
                break
        else:
            break
    if place and words.word(place) not in language.act and words.word(len(words) - 1) in language.act:
        place = len(words) - 1  # "Kannst du die Pumpe einschalten"
    word = words.word(place)
    if word in language.act and words.tokens[place].used_as in (None, "concept"):
        words.mark(place, place + 1, "act")
        return word
    return None


def _top(words: QuestionWords, language: Language) -> int | None:
    """Return the number in "top 3", "the three hottest" or "the last 5 alerts", or None. Mark it as used."""
    for place, token in enumerate(words.tokens):
        if token.used_as is not None:
            continue
        number = language.time.numbers.get(token.word) if token.word not in language.filler else None
        if token.word.isdigit():
            number = float(token.word)
        beside = {words.tokens[k].used_as for k in (place - 1, place + 1) if 0 <= k < len(words)}
        if number and 1 <= number <= 100 and number == int(number) and "concept" in beside:
            words.mark(place, place + 1, "amount")
            return int(number)
    return None


def _unused(words: QuestionWords, language: Language) -> tuple[list[str], list[str]]:
    """Return the phrases that no parser understood, and the limiting words among all unused words.

    The phrases contain no filler words. A limiting word, such as "without", restricts the answer, so an answer that
    ignores it may be wrong.
    """
    limiting = [token.written for token in words.tokens if token.used_as is None and token.word in language.limiting]
    for place, token in enumerate(words.tokens):
        if token.used_as is None and (
            token.word in language.filler or token.word in language.joining or not any(map(str.isalnum, token.word))
        ):
            words.mark(place, place + 1, "filler")
    return words.leftover(), limiting
