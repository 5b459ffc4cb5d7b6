"""Determine when the entities of a device send their states: at intervals, or only when something changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from hub.dialects.homeassistant.discovery import Component, text
from hub.model import Reporting

EntityReporting = Literal["regularly", "changes", "unknown"]
"""When an entity sends its state. ``unknown`` means that its kind does not show this."""
_REGULAR = frozenset(("sensor", "device_tracker"))
_UNKNOWN = frozenset(("binary_sensor", "switch", "button", "scene", "notify"))
"""Kinds of entities that do not show when their device sends messages.

They have no value, or a value that the registry recognizes as a state.
"""
_UNKNOWN_CLASSES = frozenset(("battery", "signal_strength"))


def entity_reporting(component: Component) -> EntityReporting:
    """Return when an entity sends its state, derived from its kind, device class and category."""
    config = component.config
    if component.kind in _UNKNOWN or text(config.get("device_class")) in _UNKNOWN_CLASSES:
        return "unknown"
    if component.kind in _REGULAR:
        return "unknown" if config.get("entity_category") == "diagnostic" else "regularly"
    return "changes"


def device_reporting(entities: Iterable[EntityReporting]) -> Reporting | None:
    """Return "events" if a device sends states only when they change, such as a dimmer or a cover; else None.

    A device that reports "changes" counts as reporting regularly after a burst of messages. A cover sends such bursts
    while it moves, so it gets "events" instead.
    """
    found = set(entities)
    return "events" if "changes" in found and "regularly" not in found else None
