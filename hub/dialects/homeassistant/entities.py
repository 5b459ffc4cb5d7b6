"""Convert a component to an entity with topics, templates, payloads and units. One table has all supported components.

Source: the Home Assistant documentation, the pages of the MQTT components ("Configuration variables").
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from hub.dialects.homeassistant.commands import commands_of
from hub.dialects.homeassistant.discovery import Component, filter_of, payload_text, text
from hub.dialects.homeassistant.names import EntityNames, names_of
from hub.dialects.homeassistant.options import MODES, faults, number
from hub.dialects.homeassistant.readings import EntityReading
from hub.dialects.homeassistant.reporting import EntityReporting, entity_reporting
from hub.dialects.homeassistant.template import template
from hub.dialects.payload import metric_name
from hub.dialects.repair import UNREADABLE
from hub.dialects.units import spell
from hub.errors import Rejected
from hub.model import Value

MAX_WATCHED = 16
_NOT_NUMBERS = frozenset(("timestamp", "date", "enum", "uptime"))
_NUMERIC = ("unit_of_measurement", "state_class")
Words = tuple[tuple[tuple[str, ...], str, Value | None], ...]
"""Which value each payload stands for, as tuples (configuration keys, default payload, value).

The payload is that of the first key which the announcement has; without any of them, the default payload.
"""


class Slot(NamedTuple):
    """One metric of an entity: the configuration keys of its state topic, and how to read its payloads."""

    part: str  # suffix of the metric's name, as in ``lamp.brightness``; empty for the main metric
    topic: str  # configuration key of the topic
    template: str  # configuration key of the template
    kind: str = "text"  # key of readings.KINDS
    unit: str = ""  # ``T``: the announced temperature unit, ``U``: the announced unit of measurement
    words: Words = ()
    optional: bool = False  # left out if the announcement has no template for it


_ON_OFF: Words = ((("payload_on",), "ON", True), (("payload_off",), "OFF", False))
_SWITCHED: Words = ((("state_on", "payload_on"), "ON", True), (("state_off", "payload_off"), "OFF", False))
_OSCILLATING: Words = (
    (("payload_oscillation_on",), "oscillate_on", True),
    (("payload_oscillation_off",), "oscillate_off", False),
)
_HOME: Words = (
    (("payload_home",), "home", "home"),
    (("payload_not_home",), "not_home", "not_home"),
    (("payload_reset",), "None", None),
)


def _states(**defaults: str) -> Words:
    return tuple(((f"state_{name}",), default, name) for name, default in defaults.items())


_OPENING = _states(open="open", opening="opening", closed="closed", closing="closing")
_LOCK = _states(
    locked="LOCKED", unlocked="UNLOCKED", locking="LOCKING", unlocking="UNLOCKING", jammed="JAMMED", open="OPEN"
)
_CLIMATE = (
    Slot("", "mode_state_topic", "mode_state_template"),
    Slot("current_temperature", "current_temperature_topic", "current_temperature_template", "number", "T"),
    Slot("temperature", "temperature_state_topic", "temperature_state_template", "number", "T"),
)
_HUMIDITY = (
    Slot("current_humidity", "current_humidity_topic", "current_humidity_template", "number", "%"),
    Slot("target_humidity", "target_humidity_state_topic", "target_humidity_state_template", "number", "%"),
    Slot("action", "action_topic", "action_template"),
)
_LIGHTS = {
    "json": (Slot("", "state_topic", "", "light", words=_ON_OFF),),
    "template": (
        Slot(
            "",
            "state_topic",
            "state_template",
            "words",
            words=((("",), "on", True), (("",), "off", False)),
            optional=True,
        ),
        Slot("brightness", "state_topic", "brightness_template", "number", optional=True),
        Slot("color_temp", "state_topic", "color_temp_template", "number", optional=True),
        Slot("color.r", "state_topic", "red_template", "number", optional=True),
        Slot("color.g", "state_topic", "green_template", "number", optional=True),
        Slot("color.b", "state_topic", "blue_template", "number", optional=True),
        Slot("effect", "state_topic", "effect_template", optional=True),
    ),
    "basic": (
        Slot("", "state_topic", "state_value_template", "words", words=_ON_OFF),
        Slot("brightness", "brightness_state_topic", "brightness_value_template", "number"),
        Slot("color_temp", "color_temp_state_topic", "color_temp_value_template", "number"),
        Slot("color_mode", "color_mode_state_topic", "color_mode_value_template"),
        Slot("effect", "effect_state_topic", "effect_value_template"),
        *(Slot(each, f"{each}_state_topic", f"{each}_value_template") for each in ("rgb", "rgbw", "rgbww", "hs", "xy")),
    ),
}
SLOTS: dict[str, tuple[Slot, ...]] = {
    "sensor": (Slot("", "state_topic", "value_template", "number", "U"),),
    "binary_sensor": (Slot("", "state_topic", "value_template", "words", words=_ON_OFF),),
    "switch": (Slot("", "state_topic", "value_template", "words", words=_SWITCHED),),
    "number": (Slot("", "state_topic", "value_template", "number", "U", words=((("payload_reset",), "None", None),)),),
    "select": (Slot("", "state_topic", "value_template"),),
    "text": (Slot("", "state_topic", "value_template"),),
    "button": (),
    "scene": (),
    "notify": (),
    "climate": (
        *_CLIMATE,
        Slot("temperature_low", "temperature_low_state_topic", "temperature_low_state_template", "number", "T"),
        Slot("temperature_high", "temperature_high_state_topic", "temperature_high_state_template", "number", "T"),
        Slot("fan_mode", "fan_mode_state_topic", "fan_mode_state_template"),
        Slot("swing_mode", "swing_mode_state_topic", "swing_mode_state_template"),
        Slot("swing_horizontal_mode", "swing_horizontal_mode_state_topic", "swing_horizontal_mode_state_template"),
        Slot("preset_mode", "preset_mode_state_topic", "preset_mode_value_template"),
        *_HUMIDITY,
    ),
    "water_heater": _CLIMATE,
    "humidifier": (
        Slot("", "state_topic", "state_value_template", "words", words=_ON_OFF),
        Slot("mode", "mode_state_topic", "mode_state_template"),
        *_HUMIDITY,
    ),
    "cover": (
        Slot("", "state_topic", "value_template", "words", words=(*_OPENING, *_states(stopped="stopped"))),
        Slot("position", "position_topic", "position_template", "number"),
        Slot("tilt", "tilt_status_topic", "tilt_status_template", "number"),
    ),
    "valve": (Slot("", "state_topic", "value_template", "valve", words=(*_OPENING, *_states(stopped="stopped"))),),
    "fan": (
        Slot("", "state_topic", "state_value_template", "words", words=_ON_OFF),
        Slot("percentage", "percentage_state_topic", "percentage_value_template", "number"),
        Slot("preset_mode", "preset_mode_state_topic", "preset_mode_value_template"),
        Slot("oscillating", "oscillation_state_topic", "oscillation_value_template", "words", words=_OSCILLATING),
        Slot("direction", "direction_state_topic", "direction_value_template"),
    ),
    "lock": (Slot("", "state_topic", "value_template", "words", words=_LOCK),),
    "event": (Slot("", "state_topic", "value_template", "event"),),
    "device_tracker": (
        Slot("", "state_topic", "value_template", "zone", words=_HOME),
        Slot("", "json_attributes_topic", "json_attributes_template", "attributes"),
    ),
    "update": (
        Slot("", "state_topic", "value_template", "update"),
        Slot("latest_version", "latest_version_topic", "latest_version_template"),
    ),
    "siren": (Slot("", "state_topic", "state_value_template", "siren", words=_SWITCHED),),
    "vacuum": (Slot("", "state_topic", "", "vacuum"),),
    "lawn_mower": (Slot("", "activity_state_topic", "activity_value_template"),),
    "alarm_control_panel": (Slot("", "state_topic", "value_template"),),
    "device_automation": (Slot("", "topic", "value_template", "trigger"),),
}
"""The state topics of each kind of component. Other kinds of components (camera, image, tag, …) are ignored."""


class Watched(msgspec.Struct, frozen=True):
    """An availability topic of an entity, with the payloads for available and not available."""

    topic: str
    available: str
    not_available: str
    template: str | None = None


class Entity(msgspec.Struct, frozen=True):
    """One entity with its readings and commands."""

    metric: str
    readings: tuple[EntityReading, ...]
    names: EntityNames
    units: dict[str, str]
    commands: dict[str, dict[str, Any]]
    watched: tuple[Watched, ...]
    mode: str  # how several availability topics are combined, see options.MODES
    reporting: EntityReporting


def entity(component: Component) -> Entity | None:
    """Return the entity that a component describes; None if its kind is not supported.

    Raises:
        Rejected: The reason is ``bad_topic`` (also for a component without any topic), ``bad_template`` or
            ``bad_name``.
    """
    config = component.config
    slots = SLOTS.get(component.kind)
    if component.kind == "light":
        slots = _LIGHTS.get(str(config.get("schema", "basic")), _LIGHTS["basic"])
    if slots is None:
        return None
    metric = metric_name(component.metric)
    readings, commands = tuple(_readings(component, metric, slots)), commands_of(component, metric)
    if config and not readings and not commands:  # an empty configuration removes the entity
        problem = f"This {component.kind} has no topic that can be used, so it has no value and no command."
        raise Rejected("bad_topic", " ".join((problem, *(each.message for each in faults(component.kind, config)))))
    mode = text(config.get("availability_mode"))
    return Entity(
        metric=metric,
        readings=readings,
        names=names_of(component, metric, readings),
        units=dict(_units(component, metric, slots)),
        commands=commands,
        watched=tuple(_watched(config)),
        mode=mode if mode in MODES else "latest",
        reporting=entity_reporting(component),
    )


def _readings(component: Component, metric: str, slots: tuple[Slot, ...]) -> Iterator[EntityReading]:
    config = component.config
    for slot in slots:
        topic = filter_of(config, slot.topic)
        source = _template(config, slot.template) or (None if slot.optional else _template(config, "value_template"))
        if topic is None or (slot.optional and source is None):
            continue
        kind, words = slot.kind, _payloads(config, slot.words)
        if component.kind == "sensor" and not _numeric(config):
            kind = "text"
        if kind == "trigger" and (payload := payload_text(config.get("payload"))) is not None:
            words = {payload: payload}
        name = metric_name(f"{metric}.{slot.part}" if slot.part else metric)
        expires, off_delay = _ms(config, "expire_after"), _ms(config, "off_delay")
        yield EntityReading(name, topic, kind, source, words, expires, off_delay if kind == "words" else 0)


def _numeric(config: dict[str, Any]) -> bool:
    """Return True if a sensor is numeric: it has a unit, a state class, a numeric device class or a precision.

    Home Assistant uses the same rule.
    """
    kind = text(config.get("device_class"))
    declared = kind is not None or any(config.get(key) is not None for key in _NUMERIC)
    return kind not in _NOT_NUMBERS and (declared or number(config, "suggested_display_precision") is not None)


def _units(component: Component, metric: str, slots: tuple[Slot, ...]) -> Iterator[tuple[str, str]]:
    for slot in slots:
        unit: str | None = slot.unit
        if slot.unit == "U":
            unit = text(component.config.get("unit_of_measurement"))
        elif slot.unit == "T":
            unit = text(component.config.get("temperature_unit"))
        if unit and filter_of(component.config, slot.topic):
            yield f"{metric}.{slot.part}" if slot.part else metric, spell(unit[:32])


def _watched(config: dict[str, Any]) -> Iterator[Watched]:
    listed = config.get("availability")
    several = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    single = {
        "topic": config.get("availability_topic"),
        "value_template": config.get("availability_template"),
        "payload_available": config.get("payload_available"),
        "payload_not_available": config.get("payload_not_available"),
    }
    for each in (several or [single])[:MAX_WATCHED]:
        topic = filter_of(each, "topic")
        if topic is not None:
            online, offline = (
                payload_text(each.get("payload_available")),
                payload_text(each.get("payload_not_available")),
            )
            yield Watched(topic, online or "online", offline or "offline", _template(each, "value_template"))


def _payloads(config: dict[str, Any], words: Words) -> dict[str, Value | None]:
    """Return the value that each payload stands for, such as ``{"ON": True}``. ``words`` has the defaults."""
    found: dict[str, Value | None] = {}
    for keys, default, value in words:
        payload = next((each for key in keys if (each := payload_text(config.get(key))) is not None), default)
        found.setdefault(payload, value)
    return found


def _template(config: dict[str, Any], key: str) -> str | None:
    source = config.get(key)
    if not isinstance(source, str) or not source.strip() or source == UNREADABLE:
        return None
    template(source)
    return source


def _ms(config: dict[str, Any], key: str) -> int:
    return int((number(config, key) or 0) * 1000)
