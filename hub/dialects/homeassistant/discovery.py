"""A discovery message, spelled out: whose entities it announces, with every short form and ``~`` written in full.

Knows no state, and not what the entities mean. Source: the Home Assistant documentation, "MQTT", "MQTT Discovery".
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from hub.dialects.homeassistant.abbreviations import DEVICE, ENTITY
from hub.dialects.homeassistant.options import boolean
from hub.dialects.payload import excerpt, parse_json
from hub.errors import Rejected
from hub.topics import slug

MAX_BYTES = 65_536
"""Of one entity's announcement; a whole device's may have four times as much."""
MAX_COMPONENTS = 256
MAX_TEXT = 200
MAX_TOPIC = 500
_PLACE = re.compile(r"(?:([A-Za-z0-9_-]+)/)?([A-Za-z0-9_-]+)")
_SHARED = ("availability", "availability_mode", "availability_topic", "availability_template", "payload_available")
_ALSO_SHARED = ("payload_not_available", "state_topic", "command_topic", "encoding", "qos", "retain")


class Announced(msgspec.Struct, frozen=True):
    """The device as it calls itself. ``aliases`` are all its identifiers and addresses: one in common is the same
    device. ``via`` is the identifier of the device that it speaks through."""

    native_id: str
    aliases: tuple[str, ...] = ()
    name: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    firmware: str | None = None
    area: str | None = None
    via: str | None = None

    @property
    def id(self) -> str:
        """The hub's id; of a space of its own, since anybody may call a device anything here."""
        return slug(f"ha:{self.native_id}")


class Component(msgspec.Struct, frozen=True):
    """One entity: its kind, what it is called in its topic, and its configuration in full words."""

    kind: str
    key: str
    config: dict[str, Any]

    @property
    def metric(self) -> str:
        return text(self.config.get("unique_id")) or self.key


class DiscoveryMessage(msgspec.Struct, frozen=True):
    """``components`` empty: it takes the announcement back. ``keeps``: another form of it is on its way."""

    device: Announced
    components: tuple[Component, ...] = ()
    keeps: bool = False


def read_discovery(place: str, payload: bytes) -> DiscoveryMessage:
    """Read what came at ``PREFIX/`` + ``place`` + ``/config``. Raises Rejected."""
    kind, _, rest = place.partition("/")
    named = _PLACE.fullmatch(rest)
    if named is None:
        raise Rejected("bad_topic", "Discovery topics are PREFIX/COMPONENT/[NODE/]OBJECT/config, of A-Z a-z 0-9 _ -.")
    node, key = named.groups()
    if not payload:
        return DiscoveryMessage(Announced(node or key))
    body = parse_json(payload, MAX_BYTES * (4 if kind == "device" else 1))
    if not isinstance(body, dict):
        raise Rejected("bad_value", f"A discovery message must be a JSON object; the payload is {excerpt(payload)}.")
    body = _spelled_out(body)
    device = _device(body.get("device"), node or key, node or text(body.get("name")))
    if boolean(body, "migrate_discovery"):
        return DiscoveryMessage(device, keeps=True)
    return DiscoveryMessage(device, _components(kind, key, body))


def _components(kind: str, key: str, body: dict[str, Any]) -> tuple[Component, ...]:
    if kind != "device":
        return (Component(kind, key, body),)
    listed = body.get("components")
    if not isinstance(listed, dict) or len(listed) > MAX_COMPONENTS:
        raise Rejected("bad_value", f"A device's announcement holds 1 to {MAX_COMPONENTS} components.")
    if "device" not in body:
        raise Rejected("bad_value", "A device's announcement describes its device.")
    shared = {name: body[name] for name in (*_SHARED, *_ALSO_SHARED) if name in body}
    found = []
    for name, part in listed.items():
        config = _spelled_out(part, body.get("~")) if isinstance(part, dict) else {}
        platform = config.pop("platform", None)
        if isinstance(platform, str) and config:  # nothing but a platform takes the component back
            found.append(Component(platform, name[:MAX_TEXT], {**shared, **config}))
    return tuple(found)


def _spelled_out(body: dict[str, Any], base: Any = None) -> dict[str, Any]:
    """With long keys, and with the base topic in the place of ``~`` at either end of a topic."""
    full = _long(body)
    listed = full.get("availability")
    each_of: list[Any] = [listed] if isinstance(listed, dict) else _list(listed)
    places = [_long(at) for at in each_of if isinstance(at, dict)]
    if places:
        full["availability"] = places
    base = full.get("~", base)
    if isinstance(base, str):
        for part in (full, *places):
            for key, value in part.items():
                if key.endswith("topic") and isinstance(value, str):
                    part[key] = _based(value, base)
    return full


def _long(body: dict[str, Any]) -> dict[str, Any]:
    return {ENTITY.get(key, key): value for key, value in body.items()}


def _based(topic: str, base: str) -> str:
    if topic.startswith("~"):
        topic = base + topic[1:]
    return topic[:-1] + base if topic.endswith("~") else topic


def _device(block: Any, place: str, name: str | None) -> Announced:
    """Who it is: its first identifier, else its first address; with neither the topic's own word."""
    if not isinstance(block, dict):
        return Announced(place, name=name or place)
    full = {DEVICE.get(key, key): value for key, value in block.items()}
    named = full.get("identifiers")
    identifiers = [found for each in (named if isinstance(named, list) else [named]) if (found := text(each))]
    pairs = [pair for pair in _list(full.get("connections")) if isinstance(pair, list) and len(pair) == 2]
    addresses = [(kind.lower(), at.lower()) for each in pairs if (kind := text(each[0])) and (at := text(each[1]))]
    if not identifiers and not addresses:
        return Announced(place, name=text(full.get("name")) or name or place)
    aliases = [*(f"id/{each}" for each in identifiers), *(f"{kind}/{at}" for kind, at in addresses)]
    return Announced(
        native_id=identifiers[0] if identifiers else addresses[0][1],
        aliases=tuple(aliases[:16]),
        name=text(full.get("name")),
        manufacturer=text(full.get("manufacturer")),
        model=text(full.get("model")) or text(full.get("model_id")),
        firmware=text(full.get("sw_version")),
        area=text(full.get("suggested_area")),
        via=text(full.get("via_device")),
    )


def text(value: Any) -> str | None:
    """A text or number as a text, as Home Assistant takes them; None for anything else and for nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip()[:MAX_TEXT] or None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def word(value: Any) -> str | None:
    """A payload as a text: true is ``True``, as Home Assistant writes it."""
    return str(value).strip()[:MAX_TEXT] if isinstance(value, str | bool | int | float) else None


def topic_of(config: dict[str, Any], key: str) -> str | None:
    """Return a topic to speak on, None where there is none. Raises Rejected (``bad_topic``)."""
    topic = filter_of(config, key)
    if topic is not None and is_wild(topic):
        raise Rejected("bad_topic", f"{key} {topic[:60]!r} has a wildcard: nothing can be sent there.")
    return topic


def filter_of(config: dict[str, Any], key: str) -> str | None:
    """Return a topic to listen to, None where there is none; ``+`` and ``#`` stand where MQTT has them.

    Raises Rejected (``bad_topic``), also for wildcards that would take in topics of any device.
    """
    topic = config.get(key)
    if not isinstance(topic, str) or not topic:
        return None
    if len(topic) > MAX_TOPIC or not topic.isprintable() or topic.startswith("$"):
        raise Rejected("bad_topic", f"{key} {topic[:60]!r} is no topic of a device.")
    if is_wild(topic):
        _check_wildcards(key, topic)
    return topic


def is_wild(topic: str) -> bool:
    return "+" in topic or "#" in topic


def _check_wildcards(key: str, topic: str) -> None:
    levels = topic.split("/")
    plain = [level for level in levels if not is_wild(level)]
    if any(level not in ("+", "#") for level in levels if is_wild(level)) or "#" in levels[:-1]:
        raise Rejected("bad_topic", f"{key} {topic[:60]!r} is no MQTT filter: + is a whole level, # the last one.")
    if len(plain) < 2 and (is_wild(levels[0]) or "#" in levels):
        raise Rejected("bad_topic", f"{key} {topic[:60]!r} is too wide: it needs two levels without a wildcard.")
