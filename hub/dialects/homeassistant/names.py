"""Derive titles, device classes and categories of an entity's metrics, by Home Assistant's rules for entity names.

If an entity's name begins with the device's name, that part is removed. An entity without a name gets the name of its
device class or kind. (Home Assistant uses the device's name instead, which the dashboard shows above anyway.)

Source: the Home Assistant documentation, "Entity naming" and "MQTT", "Naming of MQTT Entities".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from hub.dialects.homeassistant.discovery import Component, text
from hub.dialects.homeassistant.readings import EntityReading
from hub.dialects.titles import CATEGORIES, class_name, distinct
from hub.dialects.units import spell
from hub.model import Category
from hub.model.metric_names import capitalized, class_of, spoken_words

_PART_CLASSES = {
    "current_temperature": "temperature",
    "temperature": "temperature",
    "temperature_low": "temperature",
    "temperature_high": "temperature",
    "current_humidity": "humidity",
    "target_humidity": "humidity",
    "battery_level": "battery",
}
_PART_TITLES = {
    "temperature": "target temperature",
    "temperature_low": "lowest target",
    "temperature_high": "highest target",
}
_ON_OFF = frozenset(("switch", "light", "fan", "siren", "humidifier"))
_SETTINGS = frozenset(("number", "select", "text", "update"))
_KIND_TITLES = {"climate": "Mode", "water_heater": "Mode", "device_tracker": "Location", "alarm_control_panel": "Alarm"}
_WORD = re.compile(r"[^\W_]+")


class EntityNames(msgspec.Struct, frozen=True):
    """The names of one entity, from which the titles, device classes and categories of its metrics follow."""

    main: str  # empty for the main entity of its device
    kind: str  # title if ``main`` is empty
    key: str  # distinguishes entities with the same name
    parts: tuple[tuple[str, str], ...]  # (metric, suffix after the main metric's name or empty)
    classes: dict[str, str]
    categories: dict[str, Category]


def names_of(component: Component, metric: str, readings: Iterable[EntityReading]) -> EntityNames:
    """Return the names of an entity and its metrics. ``metric`` is the entity's main metric."""
    config = component.config
    found = class_name(config.get("device_class")) or (
        "switch" if component.kind in _ON_OFF else "lock" if component.kind == "lock" else None
    )
    category = CATEGORIES.get(str(config.get("entity_category"))) or (
        "further" if component.kind in _SETTINGS else None
    )
    parts = {reading.metric: reading.metric[len(metric) + 1 :] for reading in readings}
    classes = {name: kind for name, part in parts.items() if (kind := _PART_CLASSES.get(part) if part else found)}
    measured = class_name(config.get("device_class")) or class_of(
        "", spell(text(config.get("unit_of_measurement")) or "")
    )
    kind = capitalized(spoken_words(measured or ""))
    return EntityNames(
        main=_main(component),
        kind=kind or _KIND_TITLES.get(component.kind) or capitalized(spoken_words(component.kind)),
        key=component.key,
        parts=tuple(parts.items()),
        classes=classes,
        categories=dict.fromkeys(parts, category) if category else {},
    )


def _main(component: Component) -> str:
    """Return the announced name of an entity.

    If no name is announced, return the object id as words; an empty text if there is none or the entity has a device
    class.
    """
    config: dict[str, Any] = component.config
    if "name" in config:
        return text(config["name"]) or ""
    if class_name(config.get("device_class")):
        return ""
    named = text(config.get("default_entity_id")) or text(config.get("object_id"))
    return spoken_words(named.partition(".")[2] or named) if named else ""


def titles(devices: Sequence[str], entities: Sequence[EntityNames]) -> dict[str, str]:
    """Return the titles of all metrics of one device. ``devices`` are the device's name and its native ids."""
    common = set.intersection(*(set(_words(each.key)) for each in entities)) if len(entities) > 1 else set[str]()
    names: dict[str, tuple[str, str]] = {}
    for each in entities:
        main = _without(devices, each.main)
        for metric, part in each.parts:
            part_title = _PART_TITLES.get(part) or spoken_words(part)
            long = " ".join(word for word in (main or each.kind, part_title) if word)
            own = " ".join(word for word in _words(each.key) if word not in common)
            names[metric] = (
                capitalized(part_title if part_title and not main else long),
                capitalized(f"{long} ({own or each.key})"),
            )
    return distinct(names)


def _without(devices: Sequence[str], name: str) -> str:
    """Return ``name`` without the device's name at its beginning. ``devices`` are the names and ids of the device."""
    for device in devices:
        device_words, words = _words(device), list[str]()
        for found in _WORD.finditer(name.casefold()) if device_words else ():
            words.append(found[0])
            if words == device_words:
                name = name[found.end() :].strip(" _-:.,/")
                break
            if words != device_words[: len(words)]:
                break
    return name if " " in name else spoken_words(name) if "_" in name else name


def _words(name: str) -> list[str]:
    return _WORD.findall(name.casefold())
