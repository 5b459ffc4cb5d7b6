"""Parse the person's reply to "which one?", which the analyst asks if "the pump" could be several devices."""

from __future__ import annotations

from collections.abc import Sequence

from hub.assistant.question import Kind, ParsedQuestion
from hub.model import Device

_ANSWERS: frozenset[Kind] = frozenset(("status", "unknown", "list", "first", "last"))
"""Kinds that a reply to "which one?" has when it is parsed as a question."""
_ORDINALS = {
    **dict.fromkeys(("first", "erste", "ersten", "primera", "primero"), 0),
    **dict.fromkeys(("second", "zweite", "zweiten", "segunda", "segundo"), 1),
    **dict.fromkeys(("third", "dritte", "dritten", "tercera", "tercero"), 2),
}


def chosen_devices(question: ParsedQuestion, offered: Sequence[Device]) -> list[Device]:
    """Return the devices that a person chooses from ``offered`` in reply to "which one?".

    A reply is a name, a position in the list ("the second one"), or "all". If ``question`` is not a reply but a new
    question, return an empty list.
    """
    if question.metrics or question.times or question.amounts or question.unknown or question.kind not in _ANSWERS:
        return []
    known = {device.id for device in offered}
    if question.scope.named:
        return [device for device in question.scope.devices if device.id in known]
    if not question.scope.is_all:
        return []
    words = {token.word for token in question.words.tokens}
    if words & question.language.all_of:
        return list(offered)
    place = next((_ORDINALS[word] for word in words if word in _ORDINALS), len(offered))
    return list(offered[place : place + 1])
