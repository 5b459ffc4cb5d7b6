"""Hide the names of other devices in rules and in their texts, if an account may not see these devices.

A ``compare`` rule with ``with_device``, and a joined condition with ``device``, names another device. The name also
appears in every text that is made of the condition: messages of alerts, titles of incidents, entries of the log.
Instead of the name, texts then say "another device", and parameters have an empty id.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from hub.model import Activity, Alert, AlertEntry, Condition, Incident, Rule
from hub.rules.kinds.compare import Compare
from hub.rules.kinds.joined import Joined, Part

Sees = Callable[[str], bool]
"""Takes the id of a device, and returns whether the device may be seen."""
T = TypeVar("T", Rule, Alert, AlertEntry, Activity, Incident)

_OTHER = re.compile(r"( minus .+? of )(?!its area )(.+?)(?= (?:above|below) )")
"""Matches the other device in a text of :meth:`Compare.describe`."""
_IN_PART = re.compile(r"\(device ([^\s()]+)\)")
"""Matches the other device in a text of :meth:`Part.describe`."""


def hide_in_text(text: str, sees: Sees) -> str:
    """Return the text of a rule or an alert with "another device" in place of a device that may not be seen."""
    text = _IN_PART.sub(lambda found: found[0] if sees(found[1]) else "(another device)", text)
    return _OTHER.sub(lambda found: found[0] if sees(found[2]) else f"{found[1]}another device", text)


def hide(thing: T, sees: Sees) -> T:
    """Return ``thing`` without the names of other devices that the requesting person may not see.

    ``thing`` is a rule, an alert, an entry of an alert's history, an activity or an incident. ``sees`` takes the id of
    a device and returns whether the person may see it.
    """
    match thing:
        case Rule():
            return msgspec.structs.replace(thing, condition=_hide_in_condition(thing.condition, sees))
        case Alert():
            return msgspec.structs.replace(
                thing,
                message=hide_in_text(thing.message, sees),
                message_params=_hide_in_params(thing.message_params, sees),
            )
        case AlertEntry(text=str(text)):
            return msgspec.structs.replace(thing, text=hide_in_text(text, sees))
        case Activity():
            return msgspec.structs.replace(
                thing,
                text=hide_in_text(thing.text, sees),
                message_params=_hide_in_params(thing.message_params, sees),
            )
        case Incident():
            return msgspec.structs.replace(
                thing,
                title=hide_in_text(thing.title, sees),
                title_params=_hide_in_params(thing.title_params, sees),
            )
    return thing


def _hide_in_condition(condition: Condition, sees: Sees) -> Condition:
    match condition:
        case Compare(device=str(device)) if not sees(device):
            return msgspec.structs.replace(condition, device="")
        case Joined():
            parts = tuple(_hide_in_part(part, sees) for part in condition.conditions)
            return msgspec.structs.replace(condition, conditions=parts)
    return condition


def _hide_in_part(part: Part, sees: Sees) -> Part:
    device = "" if part.device is not None and not sees(part.device) else part.device
    return msgspec.structs.replace(part, condition=_hide_in_condition(part.condition, sees), device=device)


def _hide_in_params(params: dict[str, Any], sees: Sees) -> dict[str, Any]:
    """Return the parameters of a message text without the names of other devices that the person must not see.

    ``params`` are the values that a client inserts into the text. They may contain a complete message (``message``) and
    the parameters of another text (``message_params``), which are treated in the same way. ``sees`` returns whether the
    person may see the device with an id.
    """
    changed: dict[str, Any] = {}
    match params:
        case {"device": str(device), "condition": {}} if not sees(device):  # a joined condition
            changed["device"] = ""
    match params:
        case {"condition": {} as condition}:
            changed["condition"] = _hide_in_fields(condition, sees)
    match params:
        case {"message_params": {} as inner}:
            changed["message_params"] = _hide_in_params(inner, sees)
    match params:
        case {"message": str(message)}:
            changed["message"] = hide_in_text(message, sees)
    return params | changed


def _hide_in_fields(condition: dict[str, Any], sees: Sees) -> dict[str, Any]:
    """Return a rule's condition, as stored with the text of an alert, without the devices that ``sees`` refuses.

    The id of each such device is replaced by an empty text.
    """
    match condition:
        case {"conditions": [*parts]}:
            return {**condition, "conditions": [_hide_in_params(part, sees) for part in parts]}
        case {"device": str(device)} if not sees(device):
            return {**condition, "device": ""}
    return condition
