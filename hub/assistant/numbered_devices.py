"""Find devices that a question names by kind and number ("fridge 2"), and numbers that do not exist ("fridge 9")."""

from __future__ import annotations

from collections.abc import Sequence

from hub.assistant.language import Language
from hub.assistant.scope import group_of
from hub.assistant.words import QuestionWords, split_words
from hub.model import Device

_SHORTEST_KIND = 3


def find_numbered(
    words: QuestionWords, language: Language, devices: Sequence[Device]
) -> tuple[list[Device], list[str], str | None]:
    """Find the devices that a question names by a kind and a number, such as "fridge 2". Mark these words as used.

    Returns:
        The devices; the names such as "fridge 9" that no device has; and the question's word for the kind if the names
            of the devices have a synonym of it instead, otherwise None.
    """
    found: list[Device] = []
    missing: list[str] = []
    synonym = None
    for place in range(len(words) - 1):
        word, number = words.tokens[place], words.tokens[place + 1]
        is_group = word.used_as == "group"
        if (word.used_as and not is_group) or number.used_as or not number.word.isdigit() or word.word.isdigit():
            continue
        if len(word.word) < _SHORTEST_KIND:
            continue
        group = group_of(word.word, place, place + 1, devices)
        if place and words.tokens[place - 1].used_as == word.used_as:
            group = group_of(f"{words.word(place - 1)} {word.word}", place - 1, place + 1, devices) or group
        matching = [d for d in group.devices if split_words(d.display_name)[-1:] == [number.word]] if group else []
        matching = matching or ([d for d in group.devices if split_words(d.id)[-1:] == [number.word]] if group else [])
        if matching and group:
            words.mark(group.first, place + 2, "device")
            found += matching
            synonym = group.words if group.synonym else synonym
        elif number.joined or (group and word.word not in language.concepts):
            first = group.first if group else place
            missing.append(f"{words.written(first, place + 1)}{'-' if number.joined else ' '}{number.written}")
            words.mark(first, place + 2, "missing")
    return found, missing, synonym
