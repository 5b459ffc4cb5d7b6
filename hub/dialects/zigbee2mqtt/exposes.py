"""Parse the description of a device in ``bridge/devices``: how to decode its state and how to command it.

Source: the Zigbee2MQTT documentation, "Exposes" and "MQTT topics and messages".
"""

from __future__ import annotations

from typing import Any

import msgspec

from hub.dialects.titles import CATEGORIES, distinct
from hub.dialects.units import spell
from hub.model import Category, Info, Reporting
from hub.model.metric_names import title_of

SETTABLE = 2
"""The flag in ``access`` of a property that can be set. The other flags: 1 is published, 4 can be requested."""
MAX_PROPERTIES = 256
MAX_PROPERTY = 64
MAX_DEPTH = 4
MAX_NAME = 200


_CLASSES = {"presence": "occupancy", "occupancy": "occupancy", "state": "switch"}
"""Device classes of binary properties by name. The class of other names is derived in hub.model.metric_names."""
_EVENTS = frozenset(
    ("action", "contact", "occupancy", "presence", "motion", "vibration", "moving", "water_leak", "smoke", "gas")
) | {"carbon_monoxide", "sos", "rain"}
"""Properties that mark a battery device as one that reports only when something happens."""
_LOCKS = {"LOCK": "locked", "UNLOCK": "lock", "OPEN": "opening"}


class Zigbee2MqttDevice(msgspec.Struct, frozen=True, omit_defaults=True):
    """Description of one device."""

    ieee: str
    name: str
    vendor: str | None = None
    model: str | None = None
    firmware: str | None = None
    units: dict[str, str] = {}
    binary: dict[str, tuple[Any, Any]] = {}  # the values that mean true and false, by property
    sets: dict[str, dict[str, Any]] = {}  # settable properties with their allowed values
    titles: dict[str, str] = {}
    classes: dict[str, str] = {}
    categories: dict[str, Category] = {}
    reports: Reporting = "changes"

    def info(self, base: str, bridge: str) -> Info:
        """Return the hub's description of the device. Each command sets one property on the topic ``BASE/NAME/set``."""
        commands = {
            name: {
                "topic": f"{base}/{self.name}/set",
                "encoding": "json",
                "property": name,
                "confirm_by": name,
                **schema,
            }
            for name, schema in self.sets.items()
        }
        return Info(
            name=self.name[:MAX_NAME],
            manufacturer=self.vendor,
            model=self.model,
            firmware=self.firmware,
            via=bridge,
            units=self.units,
            commands=commands,
            titles=self.titles,
            classes=self.classes,
            categories=self.categories,
            reports=self.reports,
        )


def read_device(device: Any) -> Zigbee2MqttDevice | None:
    """Parse one element of ``bridge/devices``. Return None for the coordinator and for an invalid element."""
    if not isinstance(device, dict) or device.get("type") == "Coordinator":
        return None
    ieee, name = device.get("ieee_address"), device.get("friendly_name")
    if not isinstance(ieee, str) or not isinstance(name, str) or not 0 < len(ieee) <= 64 or not 0 < len(name) <= 200:
        return None
    if name.startswith("bridge/"):
        return None  # its topic would be one of the bridge's own
    definition = device.get("definition")
    definition = definition if isinstance(definition, dict) else {}
    exposed = _Exposed()
    _read(exposed, definition.get("exposes"), "", 0)
    return Zigbee2MqttDevice(
        ieee=ieee,
        name=name,
        vendor=_text(definition.get("vendor")) or _text(device.get("manufacturer")),
        model=_text(definition.get("model")) or _text(device.get("model_id")),
        firmware=_text(device.get("software_build_id")),
        units=exposed.units,
        binary=exposed.binary,
        sets=exposed.sets,
        titles=distinct({prop: (label, f"{label} ({prop})") for prop, label in exposed.labels.items()}),
        classes=exposed.classes,
        categories=exposed.categories,
        reports=_reports(device, exposed),
    )


def _reports(device: dict[str, Any], exposed: _Exposed) -> Reporting:
    """Return the pattern of a device's reports.

    A device with mains power reports ``changes``. A device on batteries reports ``events`` if it has a property of
    :data:`_EVENTS`, else ``rarely``. An end device with an unknown power source is assumed to be on batteries, as in
    Zigbee2MQTT's own availability check.
    """
    power = str(device.get("power_source", ""))
    if power != "Battery" and (device.get("type") != "EndDevice" or power.startswith(("Mains", "DC", "Emergency"))):
        return "changes"
    return "rarely" if _EVENTS.isdisjoint(exposed.labels.keys() | exposed.binary.keys()) else "events"


class _Exposed(msgspec.Struct):
    """What a device announces about its properties, by the name of the property.

    A property that consists of several parts has an entry for each part, named ``property.part``.
    """

    units: dict[str, str] = {}
    binary: dict[str, tuple[Any, Any]] = {}
    sets: dict[str, dict[str, Any]] = {}
    labels: dict[str, str] = {}
    classes: dict[str, str] = {}
    categories: dict[str, Category] = {}


def _read(exposed: _Exposed, features: Any, within: str, depth: int) -> None:
    """Add the properties in ``features`` to ``exposed``, recursively.

    A feature of a specific type (light, climate, …) only groups other features, which are added in its place. A
    composite is a property whose value is an object: its features are added as parts of this object.

    Args:
        exposed: Collects the properties.
        features: The list of features as the device announces it.
        within: A prefix for names: the name of the composite and a dot, or empty outside a composite.
        depth: How deeply the features are nested.
    """
    if not isinstance(features, list) or depth > MAX_DEPTH:
        return
    for feature in features[:MAX_PROPERTIES]:
        if not isinstance(feature, dict):
            continue
        kind, inner, prop = feature.get("type"), feature.get("features"), feature.get("property")
        if isinstance(inner, list) and kind not in ("composite", "list"):
            _read(exposed, inner, within, depth + 1)
        elif isinstance(prop, str) and prop.isprintable() and 0 < len(prop) <= MAX_PROPERTY:
            _take(exposed, feature, within + prop)
            if kind == "composite" and not within:
                _read(exposed, inner, prop + ".", depth + 1)


def _take(exposed: _Exposed, feature: dict[str, Any], prop: str) -> None:
    unit, access = feature.get("unit"), feature.get("access")
    if isinstance(unit, str) and len(exposed.units) < MAX_PROPERTIES:
        exposed.units[prop] = spell(unit[:32])
    if feature.get("type") == "binary" and "value_on" in feature and len(exposed.binary) < MAX_PROPERTIES:
        exposed.binary[prop] = (_plain(feature["value_on"]), _plain(feature.get("value_off")))
    if len(exposed.labels) < MAX_PROPERTIES:
        _describe(exposed, feature, prop)
    if isinstance(access, int) and access & SETTABLE and "." not in prop and len(exposed.sets) < MAX_PROPERTIES:
        schema = _schema(feature, 0)
        known = exposed.sets.get(prop)
        if known is not None and known["type"] == schema["type"] == "object":
            # A light's colour is exposed twice under one property: as x and y, and as hue and saturation.
            schema["properties"] = {**known["properties"], **schema["properties"]}
        exposed.sets[prop] = schema


def _describe(exposed: _Exposed, feature: dict[str, Any], prop: str) -> None:
    """Add the title, category and device class of a property to ``exposed``."""
    label, on = _text(feature.get("label")), feature.get("value_on")
    exposed.labels[prop] = label if label and label != "Linkquality" else title_of(prop)
    category = CATEGORIES.get(str(feature.get("category")))
    if category and prop != "action":  # announced as diagnostic, but it is the main value of a remote control
        exposed.categories[prop] = category
    if feature.get("type") == "binary":
        word = str(feature.get("name") or prop)
        # If a contact's "on" is false, the hub's True means open, as it does for the class "door".
        found = _LOCKS.get(on) if isinstance(on, str) else "door" if word == "contact" and on is False else None
        if found := found or _CLASSES.get(word):
            exposed.classes[prop] = found


def _schema(feature: dict[str, Any], depth: int) -> dict[str, Any]:
    """Return the schema of the values that a command may set for the property."""
    kind = feature.get("type")
    if kind == "binary":
        return {"type": "boolean", "on": _plain(feature.get("value_on")), "off": _plain(feature.get("value_off"))}
    if kind == "numeric":
        bounds = {
            "minimum": feature.get("value_min"),
            "maximum": feature.get("value_max"),
            "step": feature.get("value_step"),
        }
        return {"type": "number", **{key: value for key, value in bounds.items() if isinstance(value, int | float)}}
    if kind == "enum":
        values = feature.get("values")
        return {"type": "enum", "values": [str(v)[:64] for v in values[:64]] if isinstance(values, list) else []}
    if kind == "composite":
        return {"type": "object", "properties": _parts(feature.get("features"), depth)}
    if kind == "list":
        item = feature.get("item_type")
        items = _schema(item, depth + 1) if isinstance(item, dict) and depth < MAX_DEPTH else {"type": "text"}
        return {"type": "list", "items": items}
    return {"type": "text"}


def _parts(features: Any, depth: int) -> dict[str, Any]:
    if not isinstance(features, list) or depth >= MAX_DEPTH:
        return {}
    named = ((part.get("property"), part) for part in features[:64] if isinstance(part, dict))
    return {
        name: _schema(part, depth + 1) for name, part in named if isinstance(name, str) and len(name) <= MAX_PROPERTY
    }


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | bool | int | float) else None


def _text(value: Any) -> str | None:
    return value.strip("\x00 ")[:MAX_NAME] or None if isinstance(value, str) else None
