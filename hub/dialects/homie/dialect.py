"""Homie 3, 4 (``BASE/DEVICE/NODE/PROPERTY``) and 5 (``BASE/5/DEVICE/NODE/PROPERTY``).

A device describes itself first, in attributes of its own or in one document, then speaks a value a topic. Everything
is retained, so what comes flagged so is a replay and no news. A device that sleeps is not offline. In Homie 5 devices
may hang on another: when that is lost nobody hears them, and they go with it; when it comes back they are what they
were before.

Source: the Homie conventions 3.0.1, 4.0.0 and 5.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from msgspec.structs import replace

from hub.dialects.base import Action, DialectState, Result, View, expired_values
from hub.dialects.homie.description import (
    MAX_PROPERTIES,
    STATS,
    HomieDevice,
    Property,
    metric_of,
    value_of,
    with_attribute,
    with_document,
)
from hub.dialects.payload import MAX_TEXT, parse_object
from hub.dialects.times import when
from hub.errors import Rejected
from hub.model import Availability, Identity, RawMessage, Record, Value, ValueExpired
from hub.topics import slug

MAX_DEVICES = 20_000
MAX_ANCESTORS = 8
MAX_ID = 128
_ONLINE = {"ready": True, "alert": True, "disconnected": False, "lost": False, "init": None, "sleeping": None}
"""``init`` and ``sleeping`` say neither: it is not ready yet, or will be back."""
_FIVE = "5/"
_DESCRIBES = ("$homie", "$name", "$state", "$nodes", "$implementation", "$fw", "$mac", "$localip", "$extensions")
"""Attributes by which a device of the older conventions is met."""


class HomieDialect:
    """``base`` is the topic that all devices share."""

    name = "homie"

    def __init__(self, base: str = "homie") -> None:
        self._base = base
        self._prefix = base + "/"
        self._devices: dict[str, HomieDevice] = {}
        self._children: dict[str, set[str]] = {}

    @property
    def filters(self) -> Sequence[str]:
        """The descriptions come first: the broker replays what it retains in the order of these."""
        attributes = ("$datatype", "$unit", "$format", "$settable")
        return [
            f"{self._prefix}5/+/$description",
            f"{self._prefix}+/$homie",
            *(f"{self._prefix}+/+/+/{attribute}" for attribute in attributes),
            f"{self._prefix}#",
        ]

    def owns(self, topic: str) -> bool:
        return topic.startswith(self._prefix)

    def decode(self, message: RawMessage, view: View) -> Result:
        path = message.topic.removeprefix(self._prefix)
        version = _FIVE if path.startswith(_FIVE) else ""
        device, _, rest = path.removeprefix(version).partition("/")
        key = version + device
        known = self._devices.get(key)
        if known is not None and rest in known.properties:
            return self._value(message, key, known, rest, view)
        if device.startswith("$") or rest.endswith("/set") or not rest:
            return Result()  # what is said to all, and what others ask for
        if rest == "$state":
            return self._state(message, key, known or self._met(device), view)
        if version:
            return self._five(message, key, device, known, rest, view)
        return self._older(message, key, device, known, rest, view)

    # -- who is there -----------------------------------------------------------------------------------------

    def _met(self, device: str) -> HomieDevice:
        if not 0 < len(device) <= MAX_ID or not device.isprintable():
            raise Rejected("bad_topic", f"Homie's topics are {self._prefix}DEVICE/NODE/PROPERTY.")
        if len(self._devices) >= MAX_DEVICES:
            raise Rejected("too_many_devices", f"At most {MAX_DEVICES} Homie devices are kept.")
        return HomieDevice(device)

    def _five(
        self, message: RawMessage, key: str, device: str, known: HomieDevice | None, rest: str, view: View
    ) -> Result:
        if rest == "$description":
            if not message.payload:
                return Result(changes=(DialectState(key, None),), gone=(_id(known.native_id),)) if known else Result()
            body = parse_object(message.payload, "A $description")
            told = with_document(known or self._met(device), body)
            return replace(self._learn(key, told), expirations=_left(message, known, told))
        if known is not None and rest.startswith("$alert/"):
            return self._told(message, key, known, {metric_of(rest): _text(message.payload)[:MAX_TEXT]}, view)
        if "$" in rest or known is not None or message.retained or not message.payload:
            return Result()  # logs and targets; what the description does not name; left over
        raise Rejected("unknown_device", f"{self._prefix}{key}/$description has not been heard.")

    def _older(
        self, message: RawMessage, key: str, device: str, known: HomieDevice | None, rest: str, view: View
    ) -> Result:
        if rest.startswith("$stats/"):
            return self._stats(message, key, known, rest, view)
        if "$" in rest:
            if known is None and not message.payload:
                return Result()
            if known is not None and rest == "$homie" and not message.payload:
                return Result(gone=(_id(known.native_id),))
            told = with_attribute(known or self._met(device), rest, _text(message.payload))
            described = told.properties or rest.partition("/")[0] in _DESCRIBES
            if told == known or not described:
                return Result()
            return replace(self._learn(key, told), expirations=_left(message, known, told))
        if message.payload and known is None and not message.retained:
            raise Rejected("unknown_device", f"{self._prefix}{key}/$homie has not been heard.")
        if known is None or rest.count("/") != 1 or len(known.properties) >= MAX_PROPERTIES:
            return Result()
        return self._value(message, key, replace(known, properties={**known.properties, rest: Property()}), rest, view)

    def _learn(self, key: str, known: HomieDevice) -> Result:
        changes = () if known == self._devices.get(key) else (DialectState(key, msgspec.json.encode(known)),)
        return Result(identities=(self._identity(key, known),), changes=changes)

    def _identity(self, key: str, known: HomieDevice) -> Identity:
        info = known.info(f"{self._prefix}{key}/", _id(known.parent) if known.parent else None)
        return Identity(_id(known.native_id), known.native_id, self.name, info)

    # -- whether it is there ----------------------------------------------------------------------------------

    def _state(self, message: RawMessage, key: str, known: HomieDevice, view: View) -> Result:
        state = message.payload[:32].decode("utf-8", "replace").strip()
        if state and state not in _ONLINE:
            raise Rejected("bad_value", f"A Homie state must be one of {', '.join(_ONLINE)}, not {state!r}.")
        told = replace(known, state=state, sleeps=known.sleeps or state == "sleeping")
        learnt = self._learn(key, told)
        if not state:
            return replace(learnt, gone=(_id(known.native_id),)) if key in self._devices else Result()
        online = _ONLINE.get(state)
        if online is None:
            return replace(learnt, heard=(_id(known.native_id),))
        # A device that is away between its reports goes without a will.
        announces_offline = not told.sleeps
        turned = [Availability(_id(known.native_id), online, message.retained, message.received, announces_offline)]
        # A replayed state is news for those that hang on it only if it had been seen to go.
        if not (online and message.retained) or _ONLINE.get(known.state) is False:
            turned += self._turned(message, key, online, view, MAX_ANCESTORS)
        return replace(learnt, availability=turned)

    def _turned(self, message: RawMessage, key: str, online: bool, view: View, depth: int) -> Iterator[Availability]:
        """All that hang on a device go with it; those that are well by themselves come back with it."""
        for child in sorted(self._children.get(key, ())) if depth else ():
            device = _id(child.removeprefix(_FIVE))
            if online and _ONLINE.get(self._devices[child].state) is False:
                continue
            if view.known(device):
                yield Availability(device, online, message.retained, message.received, through=True)
            yield from self._turned(message, child, online, view, depth - 1)

    # -- what it says -----------------------------------------------------------------------------------------

    def _value(self, message: RawMessage, key: str, known: HomieDevice, rest: str, view: View) -> Result:
        if not message.payload:
            return Result()  # taken back
        metric = metric_of(rest)
        value = value_of(metric, known.properties[rest], message.payload)
        told = self._told(message, key, known, {} if value is None else {metric: value}, view)
        return (
            told if value is not None else replace(told, expirations=expired_values(told.records[0], (metric,), view))
        )

    def _stats(self, message: RawMessage, key: str, known: HomieDevice | None, rest: str, view: View) -> Result:
        name = rest.removeprefix("$stats/")
        if known is None or name not in STATS or not message.payload:
            return Result()
        value = value_of(name, Property("float"), message.payload)
        if rest not in known.properties:
            known = replace(known, properties={**known.properties, rest: Property("float")})
        return self._told(message, key, known, {} if value is None else {f"stats.{name}": value}, view)

    def _told(self, message: RawMessage, key: str, known: HomieDevice, values: dict[str, Value], view: View) -> Result:
        ts, quality = when(None, message.received, retained=message.retained)
        records = (Record(_id(known.native_id), ts, message.received, values, quality),)
        if known is self._devices.get(key) and view.known(records[0].device):
            return Result(records=records)
        return replace(self._learn(key, known), records=records)

    # -- what was learnt --------------------------------------------------------------------------------------

    def apply(self, change: DialectState) -> Sequence[Action]:
        before = self._devices.pop(change.key, None)
        if before is not None and before.parent:
            self._children.get(_FIVE + before.parent, set()).discard(change.key)
        known = msgspec.json.decode(change.value, type=HomieDevice) if change.value is not None else None
        if known is not None:
            self._devices[change.key] = known
            if known.parent:
                self._children.setdefault(_FIVE + known.parent, set()).add(change.key)
        return ()

    def tick(self, view: View, now: int) -> Result:
        return Result()


def _left(message: RawMessage, before: HomieDevice | None, after: HomieDevice) -> list[ValueExpired]:
    """The properties that a device does not describe any more are not known any more."""
    left = before.properties.keys() - after.properties.keys() if before is not None else ()
    device = _id(after.native_id)
    return [
        ValueExpired(device, metric_of(key), message.received, withdrawn=True)
        for key in sorted(left)
        if not key.startswith("$")
    ]


def _id(device: str) -> str:
    return slug("homie:" + device)


def _text(payload: bytes) -> str:
    return payload.decode("utf-8", "replace")
