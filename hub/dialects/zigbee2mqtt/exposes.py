"""What Zigbee2MQTT says of a device (``bridge/devices``), boiled down to what it takes to read and command it.

Source: the Zigbee2MQTT documentation, "Exposes" and "MQTT topics and messages". Knows no topic and no state.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from hub.dialects.units import spell
from hub.model import Info

PUBLISHED, SETTABLE = 1, 2
"""Bits of ``access``."""
MAX_PROPERTIES = 256
MAX_NAME = 200


class Known(msgspec.Struct, frozen=True, omit_defaults=True):
    """One device. ``binary`` gives the values that mean true and false, by property; ``sets`` what can be set."""

    ieee: str
    name: str
    vendor: str | None = None
    model: str | None = None
    firmware: str | None = None
    units: dict[str, str] = {}
    binary: dict[str, tuple[Any, Any]] = {}
    sets: dict[str, dict[str, Any]] = {}

    def info(self, base: str, bridge: str) -> Info:
        """As the hub describes it. A command's topic and payload follow from the property that it sets."""
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
        )


def known(device: Any) -> Known | None:
    """Read one element of ``bridge/devices``; None for the coordinator and for what is no device."""
    if not isinstance(device, dict) or device.get("type") == "Coordinator":
        return None
    ieee, name = device.get("ieee_address"), device.get("friendly_name")
    if not isinstance(ieee, str) or not isinstance(name, str) or not 0 < len(ieee) <= 64 or not 0 < len(name) <= 200:
        return None
    definition = device.get("definition")
    definition = definition if isinstance(definition, dict) else {}
    units: dict[str, str] = {}
    binary: dict[str, tuple[Any, Any]] = {}
    sets: dict[str, dict[str, Any]] = {}
    for feature in _features(definition.get("exposes"), 0):
        prop = feature.get("property")
        if not isinstance(prop, str) or not prop.isprintable() or len(prop) > 64 or len(units) >= MAX_PROPERTIES:
            continue
        if isinstance(feature.get("unit"), str):
            units[prop] = spell(feature["unit"][:32])
        if feature.get("type") == "binary" and "value_on" in feature:
            binary[prop] = (_plain(feature["value_on"]), _plain(feature.get("value_off")))
        access = feature.get("access")
        if isinstance(access, int) and access & SETTABLE and len(sets) < MAX_PROPERTIES:
            sets[prop] = _schema(feature)
    return Known(
        ieee=ieee,
        name=name,
        vendor=_text(definition.get("vendor")) or _text(device.get("manufacturer")),
        model=_text(definition.get("model")) or _text(device.get("model_id")),
        firmware=_text(device.get("software_build_id")),
        units=units,
        binary=binary,
        sets=sets,
    )


def _features(exposes: Any, depth: int) -> Iterator[dict[str, Any]]:
    """Every feature that has a value of its own: specific types (light, climate, …) only group others."""
    if not isinstance(exposes, list) or depth > 4:
        return
    for feature in exposes[:MAX_PROPERTIES]:
        if not isinstance(feature, dict):
            continue
        # The parts of a composite belong to its own object, not to the device's properties.
        if feature.get("type") in ("composite", "list"):
            continue
        if isinstance(feature.get("features"), list):
            yield from _features(feature["features"], depth + 1)
        else:
            yield feature


def _schema(feature: dict[str, Any]) -> dict[str, Any]:
    """The values that a property takes."""
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
    return {"type": "text"}


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | bool | int | float) else None


def _text(value: Any) -> str | None:
    return value.strip("\x00 ")[:MAX_NAME] or None if isinstance(value, str) else None
