"""A Homie device as it describes itself: one attribute a topic (3 and 4), or one JSON document (5).

Source: the Homie conventions 3.0.1, 4.0.0 and 5.0, "Devices", "Nodes", "Properties" and "Payloads"; the legacy
extensions for firmware and stats. Knows no topic and no message.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice
from typing import Any

import msgspec
from msgspec.structs import replace

from hub.dialects.payload import is_unknown, metric_name, plain, scalar
from hub.dialects.titles import distinct
from hub.dialects.units import spell
from hub.errors import Rejected
from hub.model import Info, Value
from hub.model.metric_names import title_of

MAX_TEXT = 200
MAX_PROPERTIES = 1_000
MAX_VALUES = 64
STATS = {
    "uptime": "s",
    "signal": "%",
    "cputemp": "°C",
    "cpuload": "%",
    "battery": "%",
    "freeheap": "B",
    "supply": "V",
}
"""What devices of the older conventions say of themselves."""


class Property(msgspec.Struct, frozen=True, omit_defaults=True):
    """``datatype`` is empty while it is not known. One that is not ``retained`` is a moment: a doorbell. ``name`` is
    what it calls itself."""

    datatype: str = ""
    unit: str = ""
    format: str = ""
    settable: bool = False
    retained: bool = True
    name: str = ""


class HomieDevice(msgspec.Struct, frozen=True, omit_defaults=True):
    """One device. ``properties`` are kept by NODE/PROPERTY, ``nodes`` the names of nodes; ``parent`` is the device that
    it hangs on; ``sleeps`` says that it has been seen to sleep."""

    native_id: str
    name: str | None = None
    model: str | None = None
    firmware: str | None = None
    state: str = ""
    parent: str = ""
    sleeps: bool = False
    properties: dict[str, Property] = {}
    nodes: dict[str, str] = {}

    def info(self, base: str, via: str | None) -> Info:
        """``base`` is where the device's own topics begin, with its closing slash."""
        units = {metric_of(key): spelt for key, p in self.properties.items() if (spelt := spell(p.unit))}
        commands = {metric_of(key): _command(base, key, p) for key, p in self.properties.items() if p.settable}
        return Info(
            name=self.name,
            model=self.model,
            firmware=self.firmware,
            via=via,
            units=units
            | {f"stats.{name}": unit for name, unit in STATS.items() if f"$stats/{name}" in self.properties},
            commands=commands,
            titles=distinct({metric_of(key): self._called(key, p) for key, p in self.properties.items()}),
            reports="rarely" if self.sleeps else None,
        )

    def _called(self, key: str, known: Property) -> tuple[str, str]:
        """A property's name, and the same after that of its node."""
        node, _, name = key.partition("/")
        short = known.name or title_of(name)
        within = self.nodes.get(node) or title_of(node.removeprefix("$"))
        return short, f"{within} {short[:1].lower() + short[1:] if short[1:2].islower() else short}"


def metric_of(key: str) -> str:
    """The metric of NODE/PROPERTY. Raises Rejected (``bad_name``)."""
    return metric_name(key.replace("/", ".").removeprefix("$"))


# -- Homie 3 and 4: an attribute at a time ----------------------------------------------------------------------

_DEVICE = {"$name": "name", "$fw/name": "model", "$fw/version": "firmware"}
_PROPERTY: dict[str, tuple[str, Callable[[str], Any]]] = {
    "$datatype": ("datatype", str.strip),
    "$unit": ("unit", str.strip),
    "$format": ("format", str.strip),
    "$settable": ("settable", lambda word: word == "true"),
    "$retained": ("retained", lambda word: word != "false"),
    "$name": ("name", str.strip),
}


def with_attribute(known: HomieDevice, path: str, text: str) -> HomieDevice:
    """Take in what stands at ``path`` below the device; other attributes are left alone."""
    text = text[:MAX_TEXT] if path.rpartition("/")[2] != "$format" else text[: MAX_TEXT * 10]
    if path in _DEVICE:
        return replace(known, **{_DEVICE[path]: text or None})
    above, _, attribute = path.rpartition("/")
    if attribute in _PROPERTY and above.count("/") == 1:
        before = known.properties.get(above)
        if before is None and len(known.properties) >= MAX_PROPERTIES:
            return known
        field, read = _PROPERTY[attribute]
        told = replace(before or Property(), **{field: read(text)})
        return replace(known, properties={**known.properties, above: told})
    if attribute == "$name" and above and "/" not in above and (above in known.nodes or len(known.nodes) < MAX_VALUES):
        return replace(known, nodes={**known.nodes, above: text})
    if path == "$nodes":
        return _kept(known, "", _listed(text))
    if attribute == "$properties" and above and "/" not in above:
        return _kept(known, above, _listed(text))
    return known


def _listed(text: str) -> set[str]:
    return {item.strip().removesuffix("[]") for item in text.split(",")}


def _kept(known: HomieDevice, node: str, listed: Collection[str]) -> HomieDevice:
    """Without the nodes, or the properties of one node, that are no longer listed."""
    gone = {
        key
        for key in known.properties
        if not key.startswith("$")
        and ((key.partition("/")[2] not in listed and key.startswith(node + "/")) if node else _node(key) not in listed)
    }
    return replace(known, properties={k: p for k, p in known.properties.items() if k not in gone}) if gone else known


def _node(key: str) -> str:
    return key.partition("/")[0]


# -- Homie 5: all at once ---------------------------------------------------------------------------------------


def with_document(known: HomieDevice, body: Mapping[str, Any]) -> HomieDevice:
    """Take in ``$description``: all that it does not name is gone."""
    version = body.get("homie")
    if not isinstance(version, str) or not version.startswith("5"):
        raise Rejected("bad_value", 'A $description of Homie 5 says {"homie": "5.0", …}.')
    properties = dict(islice(_properties(body.get("nodes")), MAX_PROPERTIES))
    parent = body.get("parent") or body.get("root")
    return replace(
        known,
        name=_text(body.get("name")) or None,
        model=_text(body.get("type")) or None,
        parent=parent[:MAX_TEXT] if isinstance(parent, str) and parent != known.native_id else "",
        properties=properties,
        nodes={
            node: name
            for node, said in islice(_named(body.get("nodes")), MAX_VALUES)
            if (name := _text(said.get("name")))
        },
    )


def _properties(nodes: Any) -> Iterator[tuple[str, Property]]:
    for node, body in _named(nodes):
        for name, said in _named(body.get("properties")):
            yield (
                f"{node}/{name}",
                Property(
                    datatype=_text(said.get("datatype")),
                    unit=_text(said.get("unit")),
                    format=_text(said.get("format"), MAX_TEXT * 10),
                    settable=said.get("settable") is True,
                    retained=said.get("retained") is not False,
                    name=_text(said.get("name")),
                ),
            )


def _named(held: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Objects by their ids; those whose id could be no level of a topic are left out."""
    for name, body in held.items() if isinstance(held, dict) else ():
        if isinstance(body, dict) and 0 < len(name) <= 60 and name.isprintable() and not set(name) & set("/+#$"):
            yield name, body


def _text(said: Any, most: int = MAX_TEXT) -> str:
    return said[:most] if isinstance(said, str) else ""


# -- values and commands ----------------------------------------------------------------------------------------


def value_of(metric: str, known: Property, payload: bytes) -> Value | None:
    """A property's value by its datatype; guessed while that is not known. Raises Rejected (``bad_value``)."""
    if payload == b"\x00":
        return ""  # Homie 5 writes an empty text so, since an empty payload takes a retained one back
    if not known.datatype:
        return plain(metric, payload)
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        raise Rejected("not_utf8", "The payload is not UTF-8 text.") from error
    if known.datatype in ("integer", "float"):
        return None if is_unknown(text) else _number(metric, text)
    if known.datatype == "boolean":
        if text not in ("true", "false"):
            raise Rejected("bad_value", f"{metric!r} is true or false, not {text[:40]!r}.")
        return text == "true"
    return scalar(metric, text)


def _number(metric: str, text: str) -> float:
    try:
        value = float(text) if "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise Rejected("bad_value", f"{metric!r} is a number, not {text[:40]!r}.")
    return value


def _command(base: str, key: str, known: Property) -> dict[str, Any]:
    """How a property is set, as data: its value as a text. A moment cannot be confirmed."""
    confirm_by = metric_of(key) if known.retained else None
    command = {"topic": f"{base}{key}/set", "encoding": "text", "confirm_by": confirm_by}
    if known.datatype == "boolean":
        return {**command, "type": "boolean"}
    if known.datatype == "enum":
        return {**command, "type": "enum", "values": known.format.split(",")[:MAX_VALUES]}
    if known.datatype in ("integer", "float"):
        unit = {"unit": spell(known.unit)} if known.unit else {}
        return {**command, "type": "number", **unit, **_bounds(known)}
    return {**command, "type": "text"}


def _bounds(known: Property) -> dict[str, float]:
    """``FROM:TO`` or ``FROM:TO:STEP``, each of which may be missing; integers go in steps of one."""
    bounds: dict[str, float] = {"step": 1.0} if known.datatype == "integer" else {}
    for name, text in zip(("minimum", "maximum", "step"), known.format.split(":"), strict=False):
        try:
            number = float(text)
        except ValueError:
            continue
        if math.isfinite(number) and (name != "step" or number > 0):
            bounds[name] = number
    return bounds
