"""Parse the description of a Homie device: one topic per attribute (Homie 3 and 4), or one JSON document (Homie 5).

Source: the Homie conventions 3.0.1, 4.0.0 and 5.0, "Devices", "Nodes", "Properties" and "Payloads"; the legacy
extensions for firmware and stats.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice
from typing import Any

import msgspec
from msgspec.structs import replace

from hub.dialects.payload import is_unknown, metric_name, plain, scalar, text_of
from hub.dialects.repair import UNREADABLE
from hub.dialects.titles import distinct
from hub.dialects.units import spell
from hub.errors import Rejected
from hub.model import Info, Reporting, Value
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
"""Statistics that devices with Homie 3 or 4 report about themselves, with their units."""


class Property(msgspec.Struct, frozen=True, omit_defaults=True):
    """The description of one property."""

    datatype: str = ""  # empty if not known yet
    unit: str = ""
    format: str = ""
    settable: bool = False
    retained: bool = True  # False: an event, such as a doorbell
    name: str = ""


class HomieDevice(msgspec.Struct, frozen=True, omit_defaults=True):
    """The description of one device."""

    native_id: str
    name: str | None = None
    model: str | None = None
    firmware: str | None = None
    state: str = ""
    parent: str = ""  # the device that it is connected through
    sleeps: bool = False  # it was in the state ``sleeping`` before
    properties: dict[str, Property] = {}  # by NODE/PROPERTY
    nodes: dict[str, str] = {}  # names of nodes

    def info(self, base: str, via: str | None) -> Info:
        """Return the description in the hub's format.

        ``base`` is the beginning of the device's topics, with a slash at the end. ``via`` is the id of the parent
        device.
        """
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
            titles=distinct({metric_of(key): self._names(key, p) for key, p in self.properties.items()}),
            reports=self._reports(),
        )

    def _reports(self) -> Reporting | None:
        """Return the pattern of the device's reports.

        A device that measures nothing, such as a dimmer, only reports when something happens. It has only properties
        that can be set, are not numbers, or are events.
        """
        if self.sleeps:
            return "rarely"
        own = {key: each for key, each in self.properties.items() if not key.startswith("$")}
        measures = any(
            each.datatype in ("", "integer", "float") and each.retained and not each.settable for each in own.values()
        )
        if measures or not own:
            return None
        return "events" if len(own) == len(self.properties) else "changes"  # Homie 3 and 4 report $stats regularly

    def _names(self, key: str, known: Property) -> tuple[str, str]:
        """Return a short name of a property, and a long name that begins with the name of its node."""
        node, _, name = key.partition("/")
        short = known.name or title_of(name)
        within = self.nodes.get(node) or title_of(node.removeprefix("$"))
        return short, f"{within} {short[:1].lower() + short[1:] if short[1:2].islower() else short}"


def metric_of(key: str) -> str:
    """Return the metric's name for the property ``key`` (NODE/PROPERTY). Raises Rejected (``bad_name``)."""
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
    """Return the device changed by an attribute.

    ``path`` is the attribute's topic below the device, ``text`` its value.

    An unknown attribute changes nothing.
    """
    text = text[:MAX_TEXT] if path.rpartition("/")[2] != "$format" else text[: MAX_TEXT * 10]
    if path in _DEVICE:
        return replace(known, **{_DEVICE[path]: text or None})
    above, _, attribute = path.rpartition("/")
    if attribute in _PROPERTY and above.count("/") == 1:
        before = known.properties.get(above)
        if before is None and len(known.properties) >= MAX_PROPERTIES:
            return known
        field, read = _PROPERTY[attribute]
        changed = replace(before or Property(), **{field: read(text)})
        return replace(known, properties={**known.properties, above: changed})
    if attribute == "$name" and above and "/" not in above and (above in known.nodes or len(known.nodes) < MAX_VALUES):
        return replace(known, nodes={**known.nodes, above: text})
    if path == "$nodes":
        return _without_unlisted(known, "", _listed(text))
    if attribute == "$properties" and above and "/" not in above:
        return _without_unlisted(known, above, _listed(text))
    return known


def _listed(text: str) -> set[str]:
    return {item.strip().removesuffix("[]") for item in text.split(",")}


def _without_unlisted(known: HomieDevice, node: str, listed: Collection[str]) -> HomieDevice:
    """Return the device without the properties that a new list from the device leaves out.

    ``node`` is the node whose properties ``listed`` names. If ``node`` is empty, ``listed`` names the nodes of the
    device.
    """
    gone = {
        key
        for key in known.properties
        if not key.startswith("$")
        and ((key.partition("/")[2] not in listed and key.startswith(node + "/")) if node else _node(key) not in listed)
    }
    return replace(known, properties={k: p for k, p in known.properties.items() if k not in gone}) if gone else known


def _node(key: str) -> str:
    return key.partition("/")[0]


# -- Homie 5: one document --------------------------------------------------------------------------------------


def with_document(known: HomieDevice, body: Mapping[str, Any]) -> HomieDevice:
    """Return the device with the contents of a new ``$description``, which replaces all earlier descriptions.

    Raises Rejected if it is not a description of Homie 5.
    """
    version = body.get("homie")
    if not isinstance(version, str) or not version.startswith("5"):
        raise Rejected("bad_value", 'A $description of Homie 5 must contain "homie": "5.0".')
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
            for node, fields in islice(_valid_ids(body.get("nodes")), MAX_VALUES)
            if (name := _text(fields.get("name")))
        },
    )


def _properties(nodes: Any) -> Iterator[tuple[str, Property]]:
    for node, body in _valid_ids(nodes):
        for name, fields in _valid_ids(body.get("properties")):
            yield (
                f"{node}/{name}",
                Property(
                    datatype=_text(fields.get("datatype")),
                    unit=_text(fields.get("unit")),
                    format=_text(fields.get("format"), MAX_TEXT * 10),
                    settable=fields.get("settable") is True,
                    retained=fields.get("retained") is not False,
                    name=_text(fields.get("name")),
                ),
            )


def _valid_ids(objects: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (id, object) for each object with a valid id.

    Objects whose id cannot be a level of a topic are left out.
    """
    for name, body in objects.items() if isinstance(objects, dict) else ():
        is_id = 0 < len(name) <= 60 and name.isprintable() and not set(name) & {*"/+#$", UNREADABLE}
        if isinstance(body, dict) and is_id:
            yield name, body


def _text(value: Any, max_length: int = MAX_TEXT) -> str:
    return value[:max_length] if isinstance(value, str) and value != UNREADABLE else ""


# -- values and commands ----------------------------------------------------------------------------------------


def value_of(metric: str, known: Property, payload: bytes) -> Value | None:
    """Return the value of a property by its datatype; None if the device does not know the value.

    While the datatype is unknown, the type is guessed. Raises Rejected (``bad_value``).
    """
    if payload == b"\x00":
        return ""  # an empty text in Homie 5, since an empty payload deletes a retained message
    if not known.datatype:
        return plain(metric, payload)
    text = text_of(payload)
    if known.datatype in ("integer", "float"):
        return None if is_unknown(text) else _number(metric, text)
    if known.datatype == "boolean":
        if text not in ("true", "false"):
            raise Rejected("bad_value", f"{metric!r} must be true or false, not {text[:40]!r}.")
        return text == "true"
    return scalar(metric, text)


def _number(metric: str, text: str) -> float:
    try:
        value = float(text) if "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise Rejected("bad_value", f"{metric!r} must be a number, not {text[:40]!r}.")
    return value


def _command(base: str, key: str, known: Property) -> dict[str, Any]:
    """Return the description of the command that sets a property.

    Only a retained property can confirm the command. A property that is not retained reports events, so ``confirm_by``
    is None.
    """
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
    """Return the limits in a property's format: ``FROM:TO`` or ``FROM:TO:STEP``, where each part may be missing.

    An integer without a step has the step 1.
    """
    bounds: dict[str, float] = {"step": 1.0} if known.datatype == "integer" else {}
    for name, text in zip(("minimum", "maximum", "step"), known.format.split(":"), strict=False):
        try:
            number = float(text)
        except ValueError:
            continue
        if math.isfinite(number) and (name != "step" or number > 0):
            bounds[name] = number
    return bounds
