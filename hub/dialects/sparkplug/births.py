"""Parse the birth certificate of an edge node or a device: metrics, aliases, units and commands.

Source: the Sparkplug 3.0 specification, 6.4.16 "NBIRTH" and 6.4.17 "DBIRTH". The specification does not define units or
which metrics can be written; these are read by common conventions (``engUnit``, ``readOnly``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from hub.dialects.payload import metric_name
from hub.dialects.sparkplug import wire
from hub.dialects.sparkplug.wire import Fields
from hub.dialects.titles import distinct
from hub.dialects.units import spell
from hub.errors import Rejected
from hub.model import Info, Value
from hub.model.metric_names import title_of

SESSION = "bdSeq"
REBIRTH = "Node Control/Rebirth"
_CONTROLS = ("Node Control/", "Device Control/")
_WRITABLE = ("Outputs/", *_CONTROLS)
"""Beginnings of the names of metrics that can be written, by the specification's examples."""
_UNITS = ("engunit", "engunits", "engineering units", "unit", "units")
_GOOD = 192
NO_READING = -1
MAX_TEXT = 200
MAX_COMMANDS = 256


class Birth(msgspec.Struct, frozen=True, omit_defaults=True):
    """The contents of a birth certificate."""

    types: dict[str, int]  # datatype by metric, -1 (NO_READING) if it is not a reading
    aliases: dict[int, str] = {}  # metric by alias
    units: dict[str, str] = {}
    commands: dict[str, dict[str, Any]] = {}
    manufacturer: str | None = None
    model: str | None = None
    firmware: str | None = None

    def info(self, name: str, via: str | None) -> Info:
        return Info(
            name=name[:MAX_TEXT],
            manufacturer=self.manufacturer,
            model=self.model,
            firmware=self.firmware,
            via=via,
            units=self.units,
            commands=self.commands,
            titles=distinct({name: _names(name) for name, datatype in self.types.items() if datatype != NO_READING}),
        )


def _names(name: str) -> tuple[str, str]:
    """Return a short title of a metric (the last level of its name) and a long one (all levels)."""
    last = title_of(name.rpartition("/")[2])
    return last if not last.isdigit() else title_of(name), title_of(name)


def parse_birth(metrics: Sequence[Fields], topic: str) -> Birth:
    """Return the contents of a birth certificate. ``topic`` is where commands for these metrics are published."""
    birth = Birth({}, {}, {}, {})
    for name, metric in _valid_names(metrics):
        datatype, alias = metric.get(wire.DATATYPE, 0), metric.get(wire.ALIAS)
        birth.types[name] = datatype if is_reading(name, datatype) else NO_READING
        if alias is not None:
            birth.aliases[alias] = name
        properties = _properties(metric)
        unit = next((properties[key] for key in _UNITS if isinstance(properties.get(key), str)), None)
        if unit and name not in birth.units:
            birth.units[name] = spell(str(unit)[:32])
        if _writable(name, properties) and len(birth.commands) < MAX_COMMANDS:
            command = _command(name, alias, datatype, properties, birth.units.get(name))
            if command:
                birth.commands[name] = {"topic": topic, **command}
    return msgspec.structs.replace(birth, **_manufacturer(metrics))


def is_reading(name: str, datatype: int) -> bool:
    """Return whether a metric is a reading. ``bdSeq`` and boolean controls, which are only commands, are not."""
    return name != SESSION and not (datatype == wire.BOOLEAN and name.startswith(_CONTROLS))


def is_good(metric: Fields) -> bool:
    """Return False if the metric's ``Quality`` says that its value is bad or stale, and so was not measured now."""
    quality = _properties(metric).get("quality", _GOOD)
    return quality == _GOOD or not isinstance(quality, float)


def _valid_names(metrics: Sequence[Fields]) -> Iterator[tuple[str, Fields]]:
    """Yield (name, metric) for each metric with a valid name.

    Other metrics are rejected when their values are decoded.
    """
    for metric in metrics:
        try:
            yield metric_name(wire.text(metric.get(wire.NAME, b""))), metric
        except Rejected:
            continue


def _properties(metric: Fields) -> dict[str, Value]:
    raw = metric.get(wire.PROPERTIES)
    if not raw:
        return {}
    try:
        return wire.properties(raw)
    except Rejected:
        return {}  # the metric's value is used all the same


def _writable(name: str, properties: dict[str, Value]) -> bool:
    read_only = properties.get("readonly")
    return not read_only if isinstance(read_only, bool) else name.startswith(_WRITABLE)


def _command(
    name: str, alias: int | None, datatype: int, properties: dict[str, Value], unit: str | None
) -> dict[str, Any]:
    """Return the description of the command that sets a metric; empty if its datatype cannot be written."""
    if datatype == wire.BOOLEAN:
        schema: dict[str, Any] = {"type": "boolean"}
    elif datatype in wire.TEXTS:
        schema = {"type": "text"}
    elif datatype in wire.NUMBERS:
        minimum, maximum = wire.LIMITS.get(datatype, (None, None))
        bounds = {"minimum": properties.get("englow", minimum), "maximum": properties.get("enghigh", maximum)}
        schema = {"type": "number", **{key: bound for key, bound in bounds.items() if isinstance(bound, float)}}
        if datatype not in wire.FRACTIONS:
            schema["step"] = 1.0
        if unit:
            schema["unit"] = unit
    else:
        return {}
    options = {"datatype": datatype} | ({} if alias is None else {"alias": alias})
    confirm_by = name if is_reading(name, datatype) else None
    return {"encoding": "sparkplug", "property": name, "confirm_by": confirm_by, "options": options, **schema}


def _manufacturer(metrics: Sequence[Fields]) -> dict[str, str]:
    """Return the manufacturer, model and firmware, as far as the metrics have them.

    They are read from the metric names that the specification's examples use.
    """
    found: dict[str, str] = {}
    for metric in metrics:
        field = _MANUFACTURER.get(metric.get(wire.NAME, b""))
        if field is not None and field not in found:
            try:
                value = wire.value(metric, metric.get(wire.DATATYPE, 0))
            except Rejected:
                continue
            if isinstance(value, str) and value:
                found[field] = value[:MAX_TEXT]
    return found


_MANUFACTURER = {
    b"Properties/Hardware Make": "manufacturer",
    b"Properties/Hardware Model": "model",
    b"Properties/FW": "firmware",
    b"Properties/Firmware": "firmware",
    b"Properties/Firmware Version": "firmware",
}
