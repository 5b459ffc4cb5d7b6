"""Parse a request, such as "stop the pump", as a command to one device. The command is not sent here."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hub.assistant.language import Language
from hub.assistant.words import split_words
from hub.control import descriptor, validate_value
from hub.errors import Conflict, Invalid
from hub.model import CommandDescriptor, Device, Proposal

_VERBS = frozenset(("set", "get", "do", "turn", "to", "on", "off", "the", "state", "cmd", "command"))
"""Words in the names of many commands, which therefore do not tell which command is meant."""
_SWITCHES = ("power", "run", "switch", "state", "on", "output", "relay", "enabled", "turn")
"""Words in the name of a command that may switch a whole device on and off, the likeliest first."""


def parse_command_intent(text: str, device: Device, language: Language) -> Proposal:
    """Return the command to ``device`` that ``text`` requests.

    Raises Invalid or Conflict if it is not clear which command is meant, or if the value is not valid. The error says
    what the device accepts.
    """
    words = split_words(text)
    name = _command(words, device, language)
    wanted = descriptor(device.info.commands, name)
    value = validate_value(wanted, _value(words, wanted, device, language))
    return Proposal(device.id, device.display_name, name, wanted.title, value, wanted.unit)


def _command(words: list[str], device: Device, language: Language) -> str:
    text, commands = f" {' '.join(words)} ", sorted(device.info.commands)
    named = [name for name in commands if any(f" {form} " in text for form in _forms(device, name))]
    if named:
        return max(named, key=len)
    own = {word for text in (device.id, device.display_name) for word in split_words(text)}
    partly = [
        name
        for name in commands
        if any(word in words for word in split_words(_spaced(name)) if word not in _VERBS | own)
    ]
    if len(partly) == 1:
        return partly[0]
    numeric = [name for name in commands if device.info.commands[name].get("type") == "number"]
    if not partly and len(numeric) == 1 and _numbers(words, language) and not _other_words(words, own, language):
        return numeric[0]  # "set the radiator to 23"
    switches = [name for name in commands if _is_switch(device, name)]
    if not partly and switches and _direction(words, language) is not None:
        main = [name for wanted in _SWITCHES for name in switches if wanted in split_words(_spaced(name))]
        if len(switches) == 1 or main:
            return switches[0] if len(switches) == 1 else main[0]
    known = ", ".join(commands[:20])
    raise Invalid(
        f"It is not clear which command of {device.display_name} is meant.",
        f"It accepts: {known}." if known else "It has not announced any.",
    )


def _other_words(words: list[str], own: set[str], language: Language) -> list[str]:
    """Return the words of a request that may name a setting of the device.

    These are all words except those of the device's name (``own``), numbers, units, and words such as "please", "set"
    and "to". If there are any, the request may mean something other than the only setting that the device has.
    """
    units = {word for phrase in language.units for word in phrase.split()}
    plain = own | units | language.filler | language.act | language.polite | language.to
    return [word for word in words if word not in plain and not word[:1].isdigit()]


def _numbers(words: list[str], language: Language) -> list[str]:
    """Return the numbers that follow a word such as "to", as in "set the radiator to 23"."""
    return [
        word
        for place, word in enumerate(words)
        if place and word[:1].isdigit() and ":" not in word and words[place - 1] in language.to
    ]


def _spaced(name: str) -> str:
    return name.replace("_", " ").replace(".", " ").replace(":", " ")


def _is_switch(device: Device, name: str) -> bool:
    command = device.info.commands[name]
    values = {str(value).lower() for value in command.get("values") or ()}
    return command.get("type") == "boolean" or {"on", "off"} <= values


def _direction(words: list[str], language: Language) -> bool | None:
    """Return True if the words include "on", False if they include "off", and None if they include neither or both."""
    words = [
        "off" if word == "of" and before in ("turn", "switch") else word for before, word in pairwise(["", *words])
    ]
    on, off = (any(word in side for word in words) for side in (language.on, language.off))
    return on if on != off else None


def _forms(device: Device, name: str) -> list[str]:
    title = device.info.commands[name].get("title")
    own = " ".join(split_words(_spaced(name)))
    forms = {own, own.removeprefix("set "), " ".join(split_words(title)) if isinstance(title, str) else ""}
    return [form for form in forms if form and form not in _VERBS]


def _value(words: list[str], wanted: CommandDescriptor, device: Device, language: Language) -> Any:
    if wanted.type == "none":
        return None
    if wanted.type == "boolean":
        direction = _direction(words, language)
        if direction is None:
            raise Invalid("Say whether to turn it on or off.")
        return direction
    if wanted.type == "number":
        after = _numbers(words, language)
        if not after:
            raise Invalid("Name the number, for example: to 40.")
        number = float(after[-1].replace(",", "."))
        return int(number) if number.is_integer() and "." not in after[-1] else number
    if wanted.type == "enum":
        text = f" {' '.join(words)} "
        meant = [value for value in wanted.values if f" {' '.join(split_words(value))} " in text]
        direction = _direction(words, language)
        if not meant and direction is not None:
            meant = [value for value in wanted.values if value.lower() == ("on" if direction else "off")]
        if len(meant) != 1:
            raise Conflict(f"Say which: {', '.join(wanted.values[:20])}.")
        return meant[0]
    raise Invalid(f"Enter its value on the page of {device.display_name}.")
