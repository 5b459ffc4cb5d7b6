"""Combine the groups of devices that a question names, and detect a group ("the pump") that was meant as one device."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

from hub.assistant.language import Language
from hub.assistant.scope import Category, Group, QuestionScope
from hub.assistant.words import QuestionWords, split_words
from hub.model import Device


def combine(groups: Sequence[Group], words: QuestionWords | None = None, joining: Collection[str] = ()) -> list[Device]:
    """Return the devices that the groups in a question select together.

    - Groups of different categories (area and kind) are intersected: "pumps in the cellar".
    - Groups of the same category are united: "pumps and fans". If two of them are adjacent words and have devices in
      common, they are intersected.
    - If the result is empty and the groups are joined by one of the words ``joining`` ("the boiler and the
      greenhouse"), the devices of all groups are returned.
    """
    result: dict[Category, dict[str, Device]] = {}
    previous: Group | None = None
    for group in sorted(groups, key=lambda each: each.first):
        mine = {device.id: device for device in group.devices}
        earlier = result.get(group.category)
        common = {key: each for key, each in (earlier or {}).items() if key in mine}
        is_adjacent = previous is not None and previous.end == group.first and previous.category == group.category
        result[group.category] = common if is_adjacent and common else {**(earlier or {}), **mine}
        previous = group
    sets = list(result.values())
    found = [each for key, each in sets[0].items() if all(key in other for other in sets[1:])] if sets else []
    if not found and words is not None and _are_joined(sorted(groups, key=lambda each: each.first), words, joining):
        return list({device.id: device for group in groups for device in group.devices}.values())
    return found


def _are_joined(groups: Sequence[Group], words: QuestionWords, joining: Collection[str]) -> bool:
    """Return whether only a word such as "and", with or without an article, separates each group from the next one."""
    between = [words.tokens[one.end : other.first] for one, other in pairwise(groups)]
    return bool(between) and all(len(each) in (1, 2) and each[0].word in joining for each in between)


def uncertain_group(
    scope: QuestionScope, words: QuestionWords, language: Language, *, is_translated: bool
) -> Group | None:
    """Return the group of several devices that a question names like a single device, such as "how is the pump?".

    Return None if there is no such group. A group counts as named like a single device if its article is singular
    ("dem", "la"), or if its words occur in this form in the name or labels of a device: "pump", but not "pumps".
    ``is_translated`` is True if the words were replaced by a translation, so that their form means nothing.
    """
    if scope.named or scope.inherited or len(scope.groups) != 1 or len(scope.devices) < 2:
        return None
    (group,) = scope.groups
    article = words.word(group.first - 1)
    if group.category != "kind" or group.first == 0:
        return None
    if article in language.definite_singular:
        return group
    if article not in language.definite or is_translated:
        return None
    named = {part for device in group.devices for part in _own_words(device)}
    last = words.word(group.end - 1)
    # A German noun may be an English name with an additional "e": "Pumpe".
    return group if last in named or (last.endswith("e") and last[:-1] in named) else None


def _own_words(device: Device) -> list[str]:
    return split_words(" ".join((device.id, device.display_name, *device.display_labels, device.info.model or "")))
