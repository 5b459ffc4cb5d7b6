"""Parse a discovery message into a device and its components, with abbreviations and ``~`` expanded.

Source: the Home Assistant documentation, "MQTT", "MQTT Discovery".
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from hub.dialects.homeassistant.abbreviations import DEVICE, ENTITY
from hub.dialects.homeassistant.options import boolean
from hub.dialects.payload import excerpt, parse_announcement
from hub.dialects.repair import UNREADABLE
from hub.errors import Rejected
from hub.topics import slug

MAX_BYTES = 65_536
"""Maximum size of an entity's announcement in bytes. That of a whole device may be four times as large."""
MAX_COMPONENTS = 256
MAX_TEXT = 200
MAX_TOPIC = 500
_PLACE = re.compile(r"(?:([A-Za-z0-9_-]+)/)?([A-Za-z0-9_-]+)")
_SHARED = ("availability", "availability_mode", "availability_topic", "availability_template", "payload_available")
_ALSO_SHARED = ("payload_not_available", "state_topic", "command_topic", "encoding", "qos", "retain")


class Announced(msgspec.Struct, frozen=True):
    """The description of a device in an announcement."""

    native_id: str
    aliases: tuple[str, ...] = ()  # identifiers and addresses; one in common means the same device
    name: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    firmware: str | None = None
    area: str | None = None
    via: str | None = None  # identifier of the device that it is connected through

    @property
    def id(self) -> str:
        """The device's id in the hub. It begins with ``ha:``, because announcements may contain any identifier."""
        return slug(f"ha:{self.native_id}")


class Component(msgspec.Struct, frozen=True):
    """One entity in an announcement: its kind, the last level of its topic, and its configuration with full keys."""

    kind: str
    key: str
    config: dict[str, Any]

    @property
    def metric(self) -> str:
        return text(self.config.get("unique_id")) or self.key


class DiscoveryMessage(msgspec.Struct, frozen=True):
    """A parsed discovery message. A message without components removes the announcement."""

    device: Announced
    components: tuple[Component, ...] = ()
    migrating: bool = False  # an announcement on another topic will replace this one


def read_discovery(place: str, payload: bytes) -> DiscoveryMessage:
    """Parse a discovery message. Its topic is ``PREFIX/`` + ``place`` + ``/config``. Raises Rejected."""
    kind, _, rest = place.partition("/")
    match = _PLACE.fullmatch(rest)
    if match is None:
        problem = "The topic must be PREFIX/COMPONENT/[NODE/]OBJECT/config"
        raise Rejected("bad_topic", f"{problem} with levels of A-Z a-z 0-9 _ -.")
    node, key = match.groups()
    if not payload:
        return DiscoveryMessage(Announced(node or key))
    body = parse_announcement(payload, MAX_BYTES * (4 if kind == "device" else 1))
    if not isinstance(body, dict):
        raise Rejected("bad_value", f"A discovery message must be a JSON object; the payload is {excerpt(payload)}.")
    body = _expanded(body)
    device = _device(body.get("device"), node or key, node or text(body.get("name")))
    if boolean(body, "migrate_discovery"):
        return DiscoveryMessage(device, migrating=True)
    return DiscoveryMessage(device, _components(kind, key, body))


def _components(kind: str, key: str, body: dict[str, Any]) -> tuple[Component, ...]:
    if kind != "device":
        return (Component(kind, key, body),)
    listed = body.get("components")
    if not isinstance(listed, dict) or len(listed) > MAX_COMPONENTS:
        raise Rejected("bad_value", f"The announcement of a device must have 1 to {MAX_COMPONENTS} components.")
    if "device" not in body:
        raise Rejected("bad_value", 'The announcement of a device must describe it under "device".')
    shared = {name: body[name] for name in (*_SHARED, *_ALSO_SHARED) if name in body}
    found = []
    for name, part in listed.items():
        config = _expanded(part, body.get("~")) if isinstance(part, dict) else {}
        platform = config.pop("platform", None)
        if isinstance(platform, str) and config:  # without further keys, the component is removed
            found.append(Component(platform, name[:MAX_TEXT], {**shared, **config}))
    return tuple(found)


def _expanded(body: dict[str, Any], base: Any = None) -> dict[str, Any]:
    """Return ``body`` with unabbreviated keys, and with ``~`` at the start or end of topics replaced.

    ``~`` is replaced by the object's own base topic, or else by ``base``.
    """
    full = _with_full_keys(body)
    listed = full.get("availability")
    items: list[Any] = [listed] if isinstance(listed, dict) else _list(listed)
    availability = [_with_full_keys(item) for item in items if isinstance(item, dict)]
    if availability:
        full["availability"] = availability
    base = full.get("~", base)
    if isinstance(base, str):
        for part in (full, *availability):
            for key, value in part.items():
                if key.endswith("topic") and isinstance(value, str):
                    part[key] = _with_base(value, base)
    return full


def _with_full_keys(body: dict[str, Any]) -> dict[str, Any]:
    return {ENTITY.get(key, key): value for key, value in body.items()}


def _with_base(topic: str, base: str) -> str:
    if topic.startswith("~"):
        topic = base + topic[1:]
    return topic[:-1] + base if topic.endswith("~") else topic


def _device(block: Any, place: str, name: str | None) -> Announced:
    """Return the description of a device.

    Its native id is its first identifier, else its first address, else ``place``, which comes from the topic. ``name``
    is used if the description has no name.
    """
    if not isinstance(block, dict):
        return Announced(place, name=name or place)
    full = {DEVICE.get(key, key): value for key, value in block.items()}
    listed = full.get("identifiers")
    identifiers = [found for each in (listed if isinstance(listed, list) else [listed]) if (found := text(each))]
    pairs = [pair for pair in _list(full.get("connections")) if isinstance(pair, list) and len(pair) == 2]
    texts = [(text(kind), text(address)) for kind, address in pairs]
    addresses = [(kind.lower(), address.lower()) for kind, address in texts if kind and address]
    if not identifiers and not addresses:
        return Announced(place, name=text(full.get("name")) or name or place)
    aliases = [*(f"id/{each}" for each in identifiers), *(f"{kind}/{address}" for kind, address in addresses)]
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
    """Return a text without surrounding spaces, or a number as text; None for other values and for an empty text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value == UNREADABLE:
        return None
    return str(value).strip()[:MAX_TEXT] or None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def payload_text(value: Any) -> str | None:
    """Return the text of a payload that an announcement defines, such as ``payload_on``.

    An announcement can give a payload as a text, number or boolean; for any other type, the result is None. The boolean
    true becomes ``True``, as in Home Assistant.
    """
    return str(value).strip()[:MAX_TEXT] if isinstance(value, str | bool | int | float) else None


def topic_of(config: dict[str, Any], key: str) -> str | None:
    """Return the topic under ``key``, to publish to; None if the key is missing.

    Raises Rejected (``bad_topic``) for an invalid topic or a wildcard.
    """
    topic = filter_of(config, key)
    if topic is not None and is_wild(topic):
        raise Rejected("bad_topic", f"{key} {topic[:60]!r} has a wildcard, so nothing can be published there.")
    return topic


def filter_of(config: dict[str, Any], key: str) -> str | None:
    """Return the topic filter under ``key``, to subscribe to; None if the key is missing.

    Raises:
        Rejected: The filter is invalid, or its wildcards would match topics of other devices (``bad_topic``).
    """
    topic = config.get(key)
    if not isinstance(topic, str) or not topic:
        return None
    if len(topic) > MAX_TOPIC or not topic.isprintable() or topic.startswith("$") or topic == UNREADABLE:
        raise Rejected("bad_topic", f"{key} {topic[:60]!r} is not a valid topic for a device.")
    if is_wild(topic):
        _check_wildcards(key, topic)
    return topic


def is_wild(topic: str) -> bool:
    return "+" in topic or "#" in topic


def _check_wildcards(key: str, topic: str) -> None:
    levels = topic.split("/")
    plain = [level for level in levels if not is_wild(level)]
    if any(level not in ("+", "#") for level in levels if is_wild(level)) or "#" in levels[:-1]:
        problem = "+ must be a whole level, and # the last one"
        raise Rejected("bad_topic", f"{key} {topic[:60]!r} is not a valid topic filter: {problem}.")
    if len(plain) < 2 and (is_wild(levels[0]) or "#" in levels):
        raise Rejected("bad_topic", f"{key} {topic[:60]!r} is too wide: it needs two levels without a wildcard.")
