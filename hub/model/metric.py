"""How a metric is presented: title, device class, category and place, announced or derived from its name and unit.

Device classes are Home Assistant's, with ``contact`` and ``locked`` beside them for booleans that say the opposite of
``door`` and ``lock``, ``charge`` for the store of a battery system and ``switch`` for what is on or off. The page has
the words of each class too (``web/src/lib/stateWords.ts``); ``tests/vectors/state_words.json`` holds both to the same.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from hub.model.reading import Value

Category = Literal["primary", "further", "diagnostic", "config"]

MAX_TITLE = 128
MAX_CLASS = 64


class MetricOverride(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a person set for one metric of one device; it wins over what the device says. ``unit`` is a label only."""

    title: str | None = None
    unit: str | None = None
    hidden: bool = False


class MetricDescription(msgspec.Struct, frozen=True):
    """How one metric is shown. The smallest ``rank`` of a device's metrics is the one that stands for the device."""

    title: str
    device_class: str | None
    category: Category
    rank: int
    hidden: bool = False


STATE_WORDS: dict[str, tuple[str, str]] = {
    "battery": ("Low", "Normal"),
    "battery_charging": ("Charging", "Not charging"),
    "carbon_monoxide": ("Detected", "Clear"),
    "cold": ("Cold", "Normal"),
    "connectivity": ("Connected", "Disconnected"),
    "contact": ("Closed", "Open"),
    "door": ("Open", "Closed"),
    "garage_door": ("Open", "Closed"),
    "gas": ("Detected", "Clear"),
    "heat": ("Hot", "Normal"),
    "light": ("Light", "No light"),
    "lock": ("Unlocked", "Locked"),
    "locked": ("Locked", "Unlocked"),
    "moisture": ("Wet", "Dry"),
    "motion": ("Detected", "Clear"),
    "moving": ("Moving", "Not moving"),
    "occupancy": ("Detected", "Clear"),
    "ok": ("OK", "Problem"),
    "opening": ("Open", "Closed"),
    "plug": ("Plugged in", "Unplugged"),
    "power": ("Powered", "No power"),
    "presence": ("Home", "Away"),
    "problem": ("Problem", "OK"),
    "running": ("Running", "Not running"),
    "safety": ("Unsafe", "Safe"),
    "smoke": ("Detected", "Clear"),
    "sound": ("Detected", "Clear"),
    "tamper": ("Tampering", "Clear"),
    "update": ("Update available", "Up to date"),
    "vibration": ("Detected", "Clear"),
    "window": ("Open", "Closed"),
}
"""What true and false mean, by device class."""
ON_OFF = ("On", "Off")
_TRUE = frozenset(("on", "true", "yes", "1"))
_FALSE = frozenset(("off", "false", "no", "0"))
_ENUMERATED = {
    "home": "Home",
    "not_home": "Away",
    "lock": "Locked",
    "locked": "Locked",
    "unlock": "Unlocked",
    "unlocked": "Unlocked",
    "locking": "Locking",
    "unlocking": "Unlocking",
    "jammed": "Jammed",
    "open": "Open",
    "opening": "Opening",
    "opened": "Open",
    "close": "Closed",
    "closed": "Closed",
    "closing": "Closing",
    "stopped": "Stopped",
    "on": "On",
    "off": "Off",
}
"""States that dialects give as texts."""


def state_word(value: Value, device_class: str | None) -> str | None:
    """Return a boolean, or a text that says on or off, as the state it stands for ("Open", "Dry"); None for others."""
    words = STATE_WORDS.get(device_class or "")
    if isinstance(value, bool):
        return (words or ON_OFF)[0 if value else 1]
    if isinstance(value, str):
        text = value.strip().lower()
        if text in _TRUE or text in _FALSE:
            if words is not None:
                return words[0 if text in _TRUE else 1]
            return None if text in ("0", "1") else text.capitalize()
        return _ENUMERATED.get(text)
    return None
