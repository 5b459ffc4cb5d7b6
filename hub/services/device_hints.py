"""Find mistakes in the messages of a device, such as numbers sent as texts or an id that never changes.

Hints depend only on the device's state.
"""

from __future__ import annotations

import re
from typing import Any, Literal, get_args

import msgspec

from hub.dialects.units import is_unit
from hub.model import MANY_IDS, Device

MAX_HINTS = 16
_NUMBER = re.compile(
    r"(?P<number>[+-]?(?:0|[1-9]\d{0,14})(?:[.,]\d{1,15})?(?:[eE][+-]?\d{1,3})?)(?:\s*(?P<unit>[°º℃℉%].*)|\s+(?P<word>\D+))?",
    re.ASCII,
)
"""Matches a number as text, with an optional unit. It does not match codes ("007") or names of rooms ("3A")."""
_NAMES_A_TEXT = re.compile(
    r"version|firmware|serial|code|model|ssid|name|uid|(?:^|[_.])(?:id|sw|hw|fw|mac|ip)$", re.IGNORECASE
)
"""Matches metrics whose values are codes or names, even if they consist of digits."""
_REMEDIES = {
    "native": 'Send {number} as a number: {{"{metric}": {number}}}, or {number} alone on its topic telemetry/{metric}.',
    "mapping": 'Add kinds = {{ "{metric}" = "number" }} to its mapping.',
    "homeassistant": "Add unit_of_measurement or state_class to its discovery message, then it is read as a number.",
    "homie": "Describe it with the datatype float or integer.",
    "sparkplug": "Declare it with a numeric datatype in the birth certificate.",
}
_WITHDRAWN = (
    "Its announcement was removed, so it raises no no-data alert until it reports again. If it is gone, delete it."
)


HintKey = Literal["number_as_text", "constant_id", "withdrawn"]
HINT_KEYS: tuple[HintKey, ...] = get_args(HintKey)


class DeviceHint(msgspec.Struct, frozen=True):
    """A hint for the user, as English text, and as the key and parameters of a translated text.

    ``metric`` is None if the hint is about the device as a whole.
    """

    metric: str | None
    text: str
    message_key: HintKey
    message_params: dict[str, Any] = {}


def hints_of(device: Device) -> list[DeviceHint]:
    """Return the hints for a device, at most :data:`MAX_HINTS`."""
    found = [_of_id(device.constant_id)] if device.constant_id is not None else []
    if device.withdrawn:
        found.append(DeviceHint(None, _WITHDRAWN, "withdrawn"))
    for metric, latest in device.metrics.items():
        if isinstance(latest.value, str) and (hint := _of_text(device, metric, latest.value.strip())) is not None:
            found.append(hint)
    return found[:MAX_HINTS]


def _of_text(device: Device, metric: str, text: str) -> DeviceHint | None:
    found = _NUMBER.fullmatch(text) if len(text) <= 32 else None
    if found is None or _NAMES_A_TEXT.search(metric):
        return None
    unit = found["unit"] or found["word"]
    if unit and not is_unit(unit):
        return None
    number = found["number"].replace(",", ".").removeprefix("+")
    remedy = _REMEDIES.get(device.dialect, "").format(number=number, metric=metric)
    if device.dialect == "mapping" and (unit or "," in text):
        remedy = f"Send the number {'without its unit' if unit else 'with a decimal point'}."
    has_comma = not unit and "," in text
    kind = "a text with a unit" if unit else "a text with a decimal comma" if has_comma else "a text"
    return DeviceHint(
        metric,
        f'{metric} arrives as {kind} ("{text}"). Rules compare numbers. {remedy}'.strip(),
        "number_as_text",
        {"value": text, "number": number, "unit": unit, "has_comma": has_comma, "dialect": device.dialect},
    )


def _of_id(stem: int) -> DeviceHint:
    name, several = "seq" if stem >= 0 else "id", stem == MANY_IDS
    article = "a" if name == "seq" else "an"
    what = "Some ids are" if several else f"Its {name} is"
    text = (
        f"{what} the same in different messages, so messages that are delivered twice cannot be recognised. "
        f"Send {article} {name} that is new in each message, or leave it out."
    )
    return DeviceHint(None, text, "constant_id", {"key": name, "several": several})
