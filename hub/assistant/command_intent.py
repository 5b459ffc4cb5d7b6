"""A wish that something be done, read as a command of one device: what a person may then send. Nothing is sent here."""

from __future__ import annotations

import re
from typing import Any

from hub.control import descriptor, validate_value
from hub.errors import Conflict, Invalid
from hub.model import CommandDescriptor, Device, Proposal
from hub.tools.lookup import folded

_TO = re.compile(r"(?:\bto\b|=|:|\bat\b)\s*(-?\d+(?:\.\d+)?)", re.I)
_VERBS = frozenset(("set", "get", "do", "turn", "to", "on", "off", "the"))
"""Of a command's name: they say nothing of which it is."""
_ON = re.compile(r"\b(on|open|start|enable|unlock|yes|true)\b", re.I)
_OFF = re.compile(r"\b(off|close|shut|stop|disable|lock|no|false)\b", re.I)


def proposed(device: Device, command: str, value: Any) -> Proposal:
    """``command`` with ``value``, checked against the device's own description. Raises Invalid and Conflict."""
    wants = descriptor(device.info.commands, command)
    value = validate_value(wants, value)
    return Proposal(device.id, device.display_name, command, wants.title, value, wants.unit)


def parse_command_intent(text: str, device: Device) -> Proposal:
    """The command that ``text`` asks of the device. Raises Invalid that says what it takes instead."""
    name = _command(text, device)
    wants = descriptor(device.info.commands, name)
    return proposed(device, name, _value(text, wants, device))


def _command(text: str, device: Device) -> str:
    words = f" {folded(text)} "
    takes = sorted(device.info.commands)
    named = [name for name in takes if any(f" {form} " in words for form in _forms(device, name))]
    if named:
        return max(named, key=lambda name: len(folded(name)))
    partly = [
        name for name in takes if any(f" {word} " in words for word in folded(name).split() if word not in _VERBS)
    ]
    if len(partly) == 1:
        return partly[0]
    switches = [name for name in takes if device.info.commands[name].get("type") == "boolean"]
    if not partly and len(switches) == 1 and (_ON.search(text) or _OFF.search(text)):
        return switches[0]
    known = ", ".join(takes[:20])
    raise Invalid(
        f"Which command of {device.display_name} is meant is not clear.",
        f"It takes: {known}." if known else "It has not said that it takes any.",
    )


def _telling(name: str) -> list[str]:
    return [word for word in folded(name).split() if word not in _VERBS]


def _forms(device: Device, name: str) -> list[str]:
    title = device.info.commands[name].get("title")
    forms = {folded(name), folded(name).removeprefix("set "), folded(title) if isinstance(title, str) else ""}
    return [form for form in forms if form]


def _value(text: str, wants: CommandDescriptor, device: Device) -> Any:
    if wants.type == "none":
        return None
    if wants.type == "boolean":
        on, off = _ON.search(text), _OFF.search(text)
        if bool(on) == bool(off):
            raise Invalid("Say whether it is to be on or off.")
        return bool(on)
    if wants.type == "number":
        found = _TO.search(text)
        if found is None:
            raise Invalid("Say to what number, such as: to 40.")
        return float(found[1]) if "." in found[1] else int(found[1])
    if wants.type == "enum":
        words = f" {folded(text)} "
        meant = [value for value in wants.values if f" {folded(value)} " in words]
        if len(meant) != 1:
            raise Conflict(f"Say which: {', '.join(wants.values[:20])}.")
        return meant[0]
    raise Invalid(f"Its value is typed on the page of {device.display_name}.")
