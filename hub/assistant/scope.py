"""Find the devices that a question is about: by name, else by kind, model, label or area, else all devices.

Names take precedence over groups, and longer names over shorter ones. A group consists of the devices that have a word
in common, such as their area or kind. Groups by area and by kind are intersected ("pumps in the loading dock"). A
numbered device that does not exist is reported as missing, and not replaced by another device.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal

import msgspec

from hub.assistant.language import Language
from hub.assistant.words import QuestionWords, split_words, stems
from hub.insight.machine_kinds import kinds
from hub.model import Device

Category = Literal["area", "kind"]
_CACHED = 200_000
_PLACES = frozenset(("room", "weather"))
"""Kinds of devices whose words mean places. If no device is in the place, devices in other places do not match."""
_LONGEST_NAME, _LONGEST_GROUP = 10, 4
_THROUGH, _LONGEST_RANGE = ("to", "through", "bis", "a", "hasta"), 20
"""Words that join a range of numbers ("sensors 1 to 3"), and the maximum number of devices in one range."""


class Group(msgspec.Struct, frozen=True):
    """The devices that some words of the question (``first`` up to ``end``) name by their area, kind, model or label.

    ``synonym`` is True if the words are a synonym for a kind, and no device has them in its own name or labels.
    """

    words: str
    category: Category
    devices: tuple[Device, ...]
    first: int
    end: int
    synonym: bool = False


class QuestionScope(msgspec.Struct):
    """The devices that a question is about.

    Attributes:
        devices: the devices themselves.
        named: True if the question contains their own names.
        groups: the groups of devices that the question names.
        missing: names in the question of devices that do not exist.
        synonym: a word of the question that was understood as a synonym for a kind of machine; None if there is none.
        inherited: True if the devices come from an earlier question of the conversation.
        excluded: devices that the question excludes: "except the greenhouses".
        presence: ``online`` or ``offline`` if the question limits the devices to these.
        total: the number of devices before the limit to ``presence``.
    """

    devices: list[Device] = []
    named: bool = False
    groups: list[Group] = []
    missing: list[str] = []
    synonym: str | None = None
    inherited: bool = False
    excluded: list[Device] = []
    presence: Literal["online", "offline"] | None = None
    total: int = 0

    @property
    def is_all(self) -> bool:
        is_limited = self.named or self.groups or self.inherited or self.excluded or self.presence
        return not is_limited

    @property
    def is_single(self) -> bool:
        return len(self.devices) == 1 and not self.is_all

    @property
    def label(self) -> str:
        """Return the words of the question for its groups; an empty text if it names no group."""
        return " ".join(group.words for group in self.groups)


def find_named(words: QuestionWords, language: Language, devices: Iterable[Device]) -> list[Device]:
    """Return the devices that a question names, in the order of the question, and mark their words as used."""
    at: dict[str, tuple[int, int]] = {}
    for first, end, phrase in words.phrases(_LONGEST_NAME):
        start, _, number = phrase.rpartition(" ")
        for form in (phrase, *(f"{stem} {number}" for stem in (stems(start) if start and number.isdigit() else ()))):
            at.setdefault(form, (first, end))
    found: list[tuple[int, int, int, Device]] = []
    for device in devices:
        for rank, form in _names(device.id, device.display_name):
            if form in at and not _is_common(form, language):
                first, end = at[form]
                if form != _own_name(device) and _is_part_of_another(words, first, form, device, devices):
                    continue
                found.append((end - first, rank, first, device))
                break
    taken: dict[tuple[int, int], tuple[int, list[Device]]] = {}
    for length, rank, first, device in sorted(found, key=lambda entry: (-entry[0], entry[1], entry[2])):
        span = (first, first + length)
        if span in taken:
            if taken[span][0] == rank:
                taken[span][1].append(device)
        elif words.is_free(*span):
            words.mark(*span, "device")
            taken[span] = (rank, [device])
    named = {span: list(same) for span, (_, same) in sorted(taken.items())}
    _add_numbers(words, language, named, devices)
    return list({device.id: device for same in dict(sorted(named.items())).values() for device in same}.values())


def _own_name(device: Device) -> str:
    return " ".join(split_words(device.display_name))


def _is_part_of_another(words: QuestionWords, first: int, form: str, device: Device, devices: Iterable[Device]) -> bool:
    """Return whether ``form``, a name of ``device``, belongs to the longer name of another device here.

    ``first`` is the index of the first word of ``form``. In "feed pump 2", for example, "pump 2" is a short name of
    "Cooling pump 2". It does not mean this device if there are feed pumps.
    """
    if first == 0 or not words.is_free(first - 1, first):
        return False
    stem = f"{words.word(first - 1)} {form.rpartition(' ')[0]}"
    return stem not in _groups_of(device)[1] and any(stem in _groups_of(each)[1] for each in devices)


def _add_numbers(
    words: QuestionWords, language: Language, named: dict[tuple[int, int], list[Device]], devices: Iterable[Device]
) -> None:
    """Add devices that are named only by a number, such as pump 1 in "pump 3 and 1", to ``named``.

    The keys of ``named`` are the index of the first word of a name, and the index after its last word.
    """
    for (_, end), same in list(named.items()):
        place = end
        if words.word(place) in _THROUGH and words.word(place + 1).isdigit() and words.word(end - 1).isdigit():
            last, numbers = (
                int(words.word(place + 1)),
                range(int(words.word(end - 1)) + 1, int(words.word(place + 1)) + 1),
            )
            between = [
                each for number in numbers[:_LONGEST_RANGE] for each in with_number(same[0], str(number), devices)
            ]
            if between and with_number(same[0], str(last), devices):
                words.mark(place, place + 2, "device")
                named[place + 1, place + 2] = between
                continue
        while words.word(place + 1).isdigit() and words.word(place) in language.joining:
            found = with_number(same[0], words.word(place + 1), devices)
            if not found or not words.is_free(place, place + 2):
                break
            words.mark(place, place + 2, "device")
            named[place + 1, place + 2] = found
            place += 2
        if words.word(place).isdigit() and words.is_free(place, place + 1):
            found = with_number(same[0], words.word(place), devices)  # "pumps 3, 1"
            if found and not words.tokens[place].joined:
                words.mark(place, place + 1, "device")
                named[place, place + 1] = found


def with_number(device: Device, number: str, devices: Iterable[Device]) -> list[Device]:
    """Return the devices that are called like ``device``, but with another number.

    For the device "pump 3" and the number 4, this is "pump 4". Names take precedence over ids.
    """
    wanted = {f"{_stem(form)} {number}" for form in (device.display_name, device.id) if _stem(form)}
    exact = [each for each in devices if " ".join(split_words(each.display_name)) in wanted]
    return exact or [each for each in devices if " ".join(split_words(each.id)) in wanted]


def _stem(name: str) -> str:
    words = split_words(name)
    return " ".join(words[:-1]) if len(words) > 1 and words[-1].isdigit() else ""


def _is_common(form: str, language: Language) -> bool:
    return form.isdigit() or (" " not in form and (form in language.filler or form in language.concepts))


@lru_cache(maxsize=_CACHED)
def _names(device_id: str, name: str) -> tuple[tuple[int, str], ...]:
    """Return the names by which a question may refer to a device, as pairs of rank and name, lowest rank first.

    The id and the full name have rank 0. If they end with a number, shortened names ("pump 2" for "Cooling pump 2")
    have rank 1.
    """
    forms = {" ".join(split_words(device_id)): 0, " ".join(split_words(name)): 0}
    for form in list(forms):
        parts = form.split()
        for first in range(1, len(parts) - 1):
            if parts[-1].isdigit():
                forms.setdefault(" ".join(parts[first:]), 1)
    return tuple(
        sorted(((rank, form) for form, rank in forms.items() if form), key=lambda each: (each[0], -len(each[1])))
    )


def find_groups(
    words: QuestionWords, devices: Sequence[Device], longest: int = _LONGEST_GROUP, shortest: int = 1
) -> list[Group]:
    """Return the groups that phrases of ``shortest`` to ``longest`` unused words name. Mark these words as used."""
    spans = [span for span in words.phrases(longest) if span[1] - span[0] >= shortest and not span[2].isdigit()]
    found: list[Group] = []
    for first, end, phrase in spans if devices else ():
        if words.is_free(first, end):
            group = group_of(phrase, first, end, devices)
            if group is not None:
                words.mark(first, end, "group")
                found.append(msgspec.structs.replace(group, words=words.written(first, end)))
    return found


def groupable(words: QuestionWords, devices: Sequence[Device]) -> list[Device]:
    """Return the devices that may belong to a group named in the question.

    Later searches for groups visit only these devices.
    """
    wanted = {stem for _, _, phrase in words.phrases(_LONGEST_GROUP) for stem in stems(phrase)}
    meant = {kind.id for kind in kinds() if kind.words & wanted}
    wanted |= {word for kind in kinds() if kind.id in meant for word in kind.words}
    return [device for device in devices if _may_be_in(device, wanted)]


def _may_be_in(device: Device, wanted: set[str]) -> bool:
    area, forms = _groups_of(device)
    return area in wanted or not wanted.isdisjoint(forms)


def group_words(device: Device) -> frozenset[str]:
    """Return the words and phrases of a device's name, model, labels and area that may name a group."""
    area, forms = _groups_of(device)
    return forms | {area} if area else forms


def group_of(phrase: str, first: int, end: int, devices: Iterable[Device]) -> Group | None:
    """Return the group of devices that a phrase names by area, name, model, label or kind; None without such devices.

    ``first`` and ``end`` are the indices of the phrase's words in the question.
    """
    variants = stems(phrase)
    areas, same, alike = [], [], []
    meant = {kind.id for kind in kinds() if kind.words & variants} - _PLACES
    kind_words = frozenset(word for kind in kinds() if kind.id in meant for word in kind.words)
    for device in devices:
        area, forms = _groups_of(device)
        if area in variants:
            areas.append(device)
        if variants & forms:
            same.append(device)
        elif kind_words & forms and meant & _kinds_by_words(
            device.display_name, device.info.model or "", device.display_labels
        ):
            alike.append(device)
    if areas:
        return Group(phrase, "area", tuple(areas), first, end)
    if same:  # "freezer" is no other cold room where devices are called freezers
        return Group(phrase, "kind", tuple(same), first, end)
    return Group(phrase, "kind", tuple(alike), first, end, synonym=True) if alike else None


@lru_cache(maxsize=_CACHED)
def _kinds_by_words(name: str, model: str, labels: tuple[str, ...]) -> frozenset[str]:
    """Return the kinds of machine that a device's texts name. The longest match counts: a heat pump is not a pump."""
    lengths = {kind.id: max(map(len, kind.phrases((name, model, *labels))), default=0) for kind in kinds()}
    longest = max(lengths.values())
    return frozenset(kind for kind, length in lengths.items() if length == longest and longest)


def _groups_of(device: Device) -> tuple[str, frozenset[str]]:
    info, labels = device.info, (*device.display_labels, *(device.kinds or ()))
    area, model, manufacturer = device.display_area or "", info.model or "", info.manufacturer or ""
    return _groups(device.id, device.display_name, area, model, manufacturer, labels)


@lru_cache(maxsize=_CACHED)
def _groups(
    device_id: str, name: str, area: str, model: str, manufacturer: str, labels: tuple[str, ...]
) -> tuple[str, frozenset[str]]:
    """Return a device's area, and the phrases of its id, name, model, manufacturer and labels that may name a group."""
    forms = {" ".join(split_words(text)) for text in (model, manufacturer, *labels)}
    for own in (device_id, name):
        parts = [part for part in split_words(own) if not part.isdigit()]
        forms |= {" ".join(parts[i:j]) for i in range(len(parts)) for j in range(i + 1, len(parts) + 1)}
    return " ".join(split_words(area)), frozenset(
        form for each in forms if each for form in stems(each) if len(form) > 2
    )
