"""What a birth certificate declares of an edge node or a device: its metrics, their aliases, units and commands.

Source: the Sparkplug 3.0 specification, 6.4.16 "NBIRTH" and 6.4.17 "DBIRTH". Which metrics can be written and which
unit they have is a convention of its users (``engUnit``, ``readOnly``), not the specification's. Knows no state.
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
"""The specification's own examples name so what a host may write."""
_UNITS = ("engunit", "engunits", "engineering units", "unit", "units")
_GOOD = 192
NO_READING = -1
MAX_TEXT = 200
MAX_COMMANDS = 256


class Birth(msgspec.Struct, frozen=True, omit_defaults=True):
    """``types`` are the metrics with their datatypes (-1 for what is no reading), ``aliases`` the names by alias."""

    types: dict[str, int]
    aliases: dict[int, str] = {}
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
            titles=distinct({name: _called(name) for name, datatype in self.types.items() if datatype != NO_READING}),
        )


def _called(name: str) -> tuple[str, str]:
    """The last level of a metric's name, and all of them."""
    last = title_of(name.rpartition("/")[2])
    return last if not last.isdigit() else title_of(name), title_of(name)


def declared(metrics: Sequence[Fields], topic: str) -> Birth:
    """Read the metrics of a birth; ``topic`` is where commands to whoever was born go."""
    birth = Birth({}, {}, {}, {})
    for name, metric in _named(metrics):
        datatype, alias = metric.get(wire.DATATYPE, 0), metric.get(wire.ALIAS)
        birth.types[name] = datatype if is_reading(name, datatype) else NO_READING
        if alias is not None:
            birth.aliases[alias] = name
        said = _properties(metric)
        unit = next((said[key] for key in _UNITS if isinstance(said.get(key), str)), None)
        if unit and name not in birth.units:
            birth.units[name] = spell(str(unit)[:32])
        if _writable(name, said) and len(birth.commands) < MAX_COMMANDS:
            command = _command(name, alias, datatype, said, birth.units.get(name))
            if command:
                birth.commands[name] = {"topic": topic, **command}
    return msgspec.structs.replace(birth, **_made(metrics))


def is_reading(name: str, datatype: int) -> bool:
    """False for the session's number and for the buttons that only hosts press."""
    return name != SESSION and not (datatype == wire.BOOLEAN and name.startswith(_CONTROLS))


def is_good(metric: Fields) -> bool:
    """False where the metric's ``Quality`` says that its value is bad or stale: then it was not measured."""
    quality = _properties(metric).get("quality", _GOOD)
    return quality == _GOOD or not isinstance(quality, float)


def _named(metrics: Sequence[Fields]) -> Iterator[tuple[str, Fields]]:
    """Those with a name that can be kept; the others are seen when their values are read."""
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
        return {}  # whoever writes its properties wrongly still has its value read


def _writable(name: str, said: dict[str, Value]) -> bool:
    told = said.get("readonly")
    return not told if isinstance(told, bool) else name.startswith(_WRITABLE)


def _command(name: str, alias: int | None, datatype: int, said: dict[str, Value], unit: str | None) -> dict[str, Any]:
    """How ``name`` is set, as data; empty where its datatype is none that can be written."""
    if datatype == wire.BOOLEAN:
        schema: dict[str, Any] = {"type": "boolean"}
    elif datatype in wire.TEXTS:
        schema = {"type": "text"}
    elif datatype in wire.NUMBERS:
        least, most = wire.LIMITS.get(datatype, (None, None))
        bounds = {"minimum": said.get("englow", least), "maximum": said.get("enghigh", most)}
        schema = {"type": "number", **{key: bound for key, bound in bounds.items() if isinstance(bound, float)}}
        if datatype not in wire.FRACTIONS:
            schema["step"] = 1.0
        if unit:
            schema["unit"] = unit
    else:
        return {}
    options = {"datatype": datatype} | ({} if alias is None else {"alias": alias})
    shown = name if is_reading(name, datatype) else None
    return {"encoding": "sparkplug", "property": name, "confirm_by": shown, "options": options, **schema}


def _made(metrics: Sequence[Fields]) -> dict[str, str]:
    """Who made it and what it runs, as the specification's examples say it."""
    told: dict[str, str] = {}
    for metric in metrics:
        what = _MADE.get(metric.get(wire.NAME, b""))
        if what is not None and what not in told:
            try:
                said = wire.value(metric, metric.get(wire.DATATYPE, 0))
            except Rejected:
                continue
            if isinstance(said, str) and said:
                told[what] = said[:MAX_TEXT]
    return told


_MADE = {
    b"Properties/Hardware Make": "manufacturer",
    b"Properties/Hardware Model": "model",
    b"Properties/FW": "firmware",
    b"Properties/Firmware": "firmware",
    b"Properties/Firmware Version": "firmware",
}
