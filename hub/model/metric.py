"""How a metric is shown: title, device class, category and rank, announced or derived from the metric's name and unit.

Device classes are Home Assistant's. Four are added: ``contact`` and ``locked`` for booleans that mean the opposite of
``door`` and ``lock``, ``charge`` for the state of charge of a battery system, and ``switch`` for what is on or off.
The dashboard has the same table of words (``web/src/lib/stateWords.ts``); ``tests/vectors/state_words.json`` tests it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from hub.model.reading import Value

Category = Literal["primary", "further", "diagnostic", "config"]

MAX_TITLE = 128
MAX_CLASS = 64


class MetricOverride(msgspec.Struct, frozen=True, omit_defaults=True):
    """A person's settings for one metric of one device. They override the device's own description."""

    title: str | None = None
    unit: str | None = None  # a label: values are not converted
    hidden: bool = False
    quantity: str | None = None  # what it measures, as quantity, places and role of hub/insight/metric_semantics.py
    places: tuple[str, ...] | None = None
    role: str | None = None

    @property
    def corrects_semantics(self) -> bool:
        """Return whether the settings correct what the metric measures."""
        return self.quantity is not None or self.places is not None or self.role is not None


class MetricDescription(msgspec.Struct, frozen=True):
    """How a metric is shown. The metric with the lowest ``rank`` is the one that represents its device."""

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
"""Texts for true and false, by device class."""
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
"""The text that people read for each state (in lower case) that a device reports as text."""


def state_word(value: Value, device_class: str | None) -> str | None:
    """Return the word that people read for a boolean or a state text, None for a number or another text.

    An open ``door`` is "Open" both for True and for ``on``.
    """
    words = STATE_WORDS.get(device_class or "")
    if isinstance(value, bool):
        return (words or ON_OFF)[0 if value else 1]
    if isinstance(value, str):
        text = value.strip().lower()
        if (truth := truth_of(text)) is not None:
            if words is not None:
                return words[0 if truth else 1]
            return None if text in ("0", "1") else text.capitalize()
        return _ENUMERATED.get(text)
    return None


def truth_of(text: str) -> bool | None:
    """Return what a text such as ``on`` or ``no`` means as a boolean, None for any other text."""
    word = text.strip().lower()
    return True if word in _TRUE else False if word in _FALSE else None
