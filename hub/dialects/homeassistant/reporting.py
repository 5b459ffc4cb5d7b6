"""When the entities of a device send their states: at intervals, or only when something changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from hub.dialects.homeassistant.discovery import Component, text
from hub.model import Reporting

EntityReporting = Literal["regularly", "changes", "aside"]
"""``aside``: the entity says nothing about how its device reports."""
_REGULAR = frozenset(("sensor", "device_tracker"))
_ASIDE = frozenset(("binary_sensor", "switch", "button", "scene", "notify"))
"""Kinds of entities without a value, or with one that the registry recognizes as a state."""
_ASIDE_CLASSES = frozenset(("battery", "signal_strength"))


def entity_reporting(component: Component) -> EntityReporting:
    """Return when an entity sends its state, from its component, class and category."""
    config = component.config
    if component.kind in _ASIDE or text(config.get("device_class")) in _ASIDE_CLASSES:
        return "aside"
    if component.kind in _REGULAR:
        return "aside" if config.get("entity_category") == "diagnostic" else "regularly"
    return "changes"


def device_reporting(entities: Iterable[EntityReporting]) -> Reporting | None:
    """Return "events" for a device that sends states only when they change, such as a dimmer or a cover.

    Not "changes": a burst, as of the positions of a moving cover, would make the device count as regular.
    """
    found = set(entities)
    return "events" if "changes" in found and "regularly" not in found else None
