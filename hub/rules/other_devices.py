"""Hide the names of other devices in rules and in their texts, if an account may not see these devices.

A ``compare`` rule with ``with_device``, and a joined condition with ``device``, contains the id of another device. So
do all texts about the condition: messages of alerts, titles of incidents and entries of the event log. In the texts,
the id is replaced by "another device"; in parameters, by an empty string.
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
"""Takes the id of a device, and returns whether the account may see the device."""
T = TypeVar("T", Rule, Alert, AlertEntry, Activity, Incident)

_OTHER = re.compile(r"( minus .+? of )(?!its area )(.+?)(?= (?:above|below) )")
"""Matches the other device in a text of :meth:`Compare.describe`."""
_IN_PART = re.compile(r"\(device ([^\s()]+)\)")
"""Matches the other device in a text of :meth:`Part.describe`."""


def hide_in_text(text: str, sees: Sees) -> str:
    """Return the text of a rule or an alert, with "another device" in place of the ids that ``sees`` refuses."""
    text = _IN_PART.sub(lambda found: found[0] if sees(found[1]) else "(another device)", text)
    return _OTHER.sub(lambda found: found[0] if sees(found[2]) else f"{found[1]}another device", text)


def hide(thing: T, sees: Sees) -> T:
    """Return ``thing`` without the ids of other devices that ``sees`` refuses.

    ``thing`` is a rule, an alert, an entry of an alert's history, an activity or an incident. All other objects are
    returned unchanged.
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
    """Return the parameters of a message text without the ids of other devices that ``sees`` refuses.

    ``params`` are the values that a client inserts into the text. Ids are also removed from a complete text in them
    (``message``), and from the parameters of another text (``message_params``).
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
    """Return the fields of a rule's condition, in which the ids that ``sees`` refuses are replaced by empty strings."""
    match condition:
        case {"conditions": [*parts]}:
            return {**condition, "conditions": [_hide_in_params(part, sees) for part in parts]}
        case {"device": str(device)} if not sees(device):
            return {**condition, "device": ""}
    return condition
