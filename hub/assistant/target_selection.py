"""Whom a question is about. Pure over the fleet."""

from __future__ import annotations

import re

import msgspec

from hub import text_format as fmt
from hub.assistant.phrases import named, one_or_many
from hub.model import Device
from hub.tools.lookup import Lookup, folded, replace_synonyms, singular

_NUMBERED = re.compile(r"\b([a-z]{3,})([ _-]?)\d{1,4}\b", re.I)

_WHICH = re.compile(r"\bwhich (?:of the )?([a-z]{3,})(?= (?:is|are|was|were|has|have|had|runs?)\b)", re.I)
_ANY = frozenset(("device", "machine", "sensor", "one", "unit", "room", "area", "thing", "place", "site", "metric"))


class TargetSelection(msgspec.Struct, frozen=True):
    """The devices meant. ``named``: by their own names; ``group``: the word for their kind or place; neither: all.
    ``note`` says what was taken for what; ``missing`` is what was named and is not there."""

    devices: list[Device]
    named: bool = False
    group: str | None = None
    note: str = ""
    missing: str | None = None

    @property
    def whole(self) -> bool:
        return not self.named and self.group is None

    @property
    def mentioned(self) -> bool:
        return not self.whole

    def counted(self) -> str:
        count = len(self.devices)
        if self.group:
            return f"{count} {one_or_many(count, 'device', 'devices')} under “{self.group}”"
        return f"{count} {one_or_many(count, 'device', 'devices')}"

    def the(self) -> str:
        if self.named:
            return fmt.join([d.display_name for d in self.devices[:5]])
        return f"the {len(self.devices)} under “{self.group}”" if self.group else f"the {len(self.devices)} devices"

    def The(self) -> str:  # noqa: N802 (the capital is the point)
        text = self.the()
        return text[0].upper() + text[1:]


def select_targets(lookup: Lookup, text: str) -> TargetSelection:
    """Named devices first, else a group, else what another word for the same kind of machine gives, else all."""
    own = _meant(lookup, text)
    if own is not None and not own.missing:
        return own
    found = _meant(lookup, replace_synonyms(text))
    if found is not None and not found.missing and (found.named or own is None):
        said = fmt.join([f"“{word}”" for word in folded(text).split() if replace_synonyms(word) != word])
        devices = f"the {len(found.devices)} under “{found.group}”" if found.group else named(found.devices)
        return msgspec.structs.replace(found, note=f"Nothing here is called {said}; I take it for {devices}. ")
    return own or TargetSelection(lookup.matching(""))


def unheard(lookup: Lookup, text: str) -> str:
    """Of a question about all: the kind of thing that it asks for, where nothing here is of that kind."""
    match = _WHICH.search(text)
    if match is None or singular(match[1].casefold()) in _ANY or lookup.metric(singular(match[1])):
        return ""
    return f"Nothing here is called “{match[1]}”; this is of all devices. "


def _meant(lookup: Lookup, text: str) -> TargetSelection | None:
    devices = lookup.named_in(text)
    if devices:
        return TargetSelection(devices, named=True)
    missing, group = _missing(lookup, text), lookup.group_in(text)
    if missing:
        return TargetSelection(group[1] if group else [], missing=missing)
    return TargetSelection(group[1], group=group[0]) if group else None


def _missing(lookup: Lookup, text: str) -> str | None:
    """A device that is asked about by its number and that is not there: it is said, not guessed."""
    for match in _NUMBERED.finditer(text):
        kind = replace_synonyms(match[1]) != match[1].casefold() or lookup.group_in(match[1]) is not None
        if (match[2] != " " or kind) and not lookup.metric(match[0]):
            return match[0]
    return None
