"""Which devices the groups of a question select together, and whether a group was meant as one thing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

from hub.assistant.language import Language
from hub.assistant.scope import Category, Group, QuestionScope
from hub.assistant.words import QuestionWords, split_words
from hub.model import Device


def combine(groups: Sequence[Group], words: QuestionWords | None = None, joining: Collection[str] = ()) -> list[Device]:
    """Return the devices that several groups of a question select together.

    Groups of the same category (area or kind) are added up. If two of them are adjacent in the question and have
    devices in common, only these count. A device has to be selected in each category that the question uses. If no
    device is, and "and" or "or" joins the groups ("the boiler and the greenhouse"), they are added up as well.
    For this, the ``words`` of the question are needed, and the words that join (``joining``) in its language.
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
    """Return whether a word such as "and", with at most an article, stands between every two of ``groups``."""
    between = [words.tokens[one.end : other.first] for one, other in pairwise(groups)]
    return bool(between) and all(len(each) in (1, 2) and each[0].word in joining for each in between)


def uncertain_group(
    scope: QuestionScope, words: QuestionWords, language: Language, *, is_translated: bool
) -> Group | None:
    """Return the group of a question such as "how is the pump?" if it has several devices; None for other questions.

    A group is named as one thing if an article says so ("dem", "la"), or if its words are, in this form, in the name or
    labels of a device: "pump", but not "pumps". ``is_translated`` says that the words are not in this form in the
    question.
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
    # German nouns may have an "e" more than the English names of devices: "Pumpe".
    return group if last in named or (last.endswith("e") and last[:-1] in named) else None


def _own_words(device: Device) -> list[str]:
    return split_words(" ".join((device.id, device.display_name, *device.display_labels, device.info.model or "")))
