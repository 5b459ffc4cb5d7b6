"""Homie 3, 4 (``BASE/DEVICE/NODE/PROPERTY``) and 5 (``BASE/5/DEVICE/NODE/PROPERTY``).

- A device first describes itself, in attributes or in one document. Then it publishes one value per topic.
- All messages are retained, so a message with the retain flag is a replay of unknown age.
- A device that sleeps is not offline.
- In Homie 5 a device may have a parent. When the parent goes offline, its children go offline, too. When the parent is
  back, its children have their former presence again.

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
from hub.dialects.payload import MAX_TEXT, announcement_object
from hub.dialects.times import when
from hub.errors import Rejected
from hub.model import Availability, Identity, RawMessage, Record, Value, ValueExpired
from hub.topics import slug

MAX_DEVICES = 20_000
MAX_ANCESTORS = 8
MAX_ID = 128
_ONLINE = {"ready": True, "alert": True, "disconnected": False, "lost": False, "init": None, "sleeping": None}
"""Device states, with True for online and False for offline.

None means neither: a device in ``init`` is not ready yet, and one that is ``sleeping`` will return.
"""
_FIVE = "5/"
_DESCRIBES = ("$homie", "$name", "$state", "$nodes", "$implementation", "$fw", "$mac", "$localip", "$extensions")
"""Attributes that only devices with Homie 3 or 4 publish."""


class HomieDialect:
    """Dialect of Homie. ``base`` is the first level of all topics of Homie devices."""

    name = "homie"

    def __init__(self, base: str = "homie") -> None:
        self._base = base
        self._prefix = base + "/"
        self._devices: dict[str, HomieDevice] = {}  # by id, in Homie 5 with the prefix ``5/``
        self._children: dict[str, set[str]] = {}  # keys of devices by the key of their parent

    @property
    def filters(self) -> Sequence[str]:
        """The topic filters.

        The filters for descriptions come first, because a broker replays retained messages in this order.
        """
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
            return Result()  # a broadcast, or a command of another client
        if rest == "$state":
            return self._state(message, key, known or self._new(device), view)
        if version:
            return self._homie_5(message, key, device, known, rest, view)
        return self._homie_3_or_4(message, key, device, known, rest, view)

    # -- descriptions -----------------------------------------------------------------------------------------

    def _new(self, device: str) -> HomieDevice:
        """Return an empty description for a new device.

        Raises Rejected if its id is invalid or there are too many devices.
        """
        if not 0 < len(device) <= MAX_ID or not device.isprintable():
            raise Rejected("bad_topic", f"The topic must be {self._prefix}DEVICE/NODE/PROPERTY.")
        if len(self._devices) >= MAX_DEVICES:
            raise Rejected("too_many_devices", f"At most {MAX_DEVICES} Homie devices are allowed.")
        return HomieDevice(device)

    def _homie_5(
        self, message: RawMessage, key: str, device: str, known: HomieDevice | None, rest: str, view: View
    ) -> Result:
        if rest == "$description":
            if not message.payload:
                return Result(changes=(DialectState(key, None),), gone=(_id(known.native_id),)) if known else Result()
            body = announcement_object(message.payload, "A $description")
            changed = with_document(known or self._new(device), body)
            return replace(self._update(key, changed), expirations=_removed_values(message, known, changed))
        if known is not None and rest.startswith("$alert/"):
            return self._record(message, key, known, {metric_of(rest): _text(message.payload)[:MAX_TEXT]}, view)
        if "$" in rest or known is not None or message.retained or not message.payload:
            return Result()  # logs, targets, properties that are not described, retained messages of a removed device
        raise Rejected("unknown_device", f"The device has not published {self._prefix}{key}/$description.")

    def _homie_3_or_4(
        self, message: RawMessage, key: str, device: str, known: HomieDevice | None, rest: str, view: View
    ) -> Result:
        if rest.startswith("$stats/"):
            return self._stats(message, key, known, rest, view)
        if "$" in rest:
            if known is None and not message.payload:
                return Result()
            if known is not None and rest == "$homie" and not message.payload:
                return Result(gone=(_id(known.native_id),))
            changed = with_attribute(known or self._new(device), rest, _text(message.payload))
            described = changed.properties or rest.partition("/")[0] in _DESCRIBES
            if changed == known or not described:
                return Result()
            return replace(self._update(key, changed), expirations=_removed_values(message, known, changed))
        if message.payload and known is None and not message.retained:
            raise Rejected("unknown_device", f"The device has not published {self._prefix}{key}/$homie.")
        if known is None or rest.count("/") != 1 or len(known.properties) >= MAX_PROPERTIES:
            return Result()
        return self._value(message, key, replace(known, properties={**known.properties, rest: Property()}), rest, view)

    def _update(self, key: str, known: HomieDevice) -> Result:
        """Return a result with the device's identity, and with its description if that has changed, to be stored."""
        changes = () if known == self._devices.get(key) else (DialectState(key, msgspec.json.encode(known)),)
        return Result(identities=(self._identity(key, known),), changes=changes)

    def _identity(self, key: str, known: HomieDevice) -> Identity:
        info = known.info(f"{self._prefix}{key}/", _id(known.parent) if known.parent else None)
        return Identity(_id(known.native_id), known.native_id, self.name, info)

    # -- presence ---------------------------------------------------------------------------------------------

    def _state(self, message: RawMessage, key: str, known: HomieDevice, view: View) -> Result:
        state = message.payload[:32].decode("utf-8", "replace").strip()
        if state and state not in _ONLINE:
            raise Rejected("bad_value", f"A Homie state must be one of {', '.join(_ONLINE)}, not {state!r}.")
        changed = replace(known, state=state, sleeps=known.sleeps or state == "sleeping")
        update = self._update(key, changed)
        if not state:
            return replace(update, gone=(_id(known.native_id),)) if key in self._devices else Result()
        online = _ONLINE.get(state)
        if online is None:
            return replace(update, heard=(_id(known.native_id),))
        # The broker publishes no will when a device disconnects to sleep.
        announces_offline = not changed.sleeps
        availability = [
            Availability(_id(known.native_id), online, message.retained, message.received, announces_offline)
        ]
        # A retained "online" changes the children only if the device was offline before.
        if not (online and message.retained) or _ONLINE.get(known.state) is False:
            availability += self._children_of(message, key, online, view, MAX_ANCESTORS)
        return replace(update, availability=availability)

    def _children_of(
        self, message: RawMessage, key: str, online: bool, view: View, depth: int
    ) -> Iterator[Availability]:
        """Yield the availability of all devices below a device: of its children, of their children, and so on.

        Args:
            message: The message with the new state of the device.
            key: The key of the device.
            online: Whether the device is online now. If it is, a child is left out if the child's own last state says
                that it is offline; the children of that child are left out, too.
            view: The registry; only devices in it get an availability.
            depth: Maximum number of levels below the device.
        """
        for child in sorted(self._children.get(key, ())) if depth else ():
            device = _id(child.removeprefix(_FIVE))
            if online and _ONLINE.get(self._devices[child].state) is False:
                continue
            if view.known(device):
                yield Availability(device, online, message.retained, message.received, through=True)
            yield from self._children_of(message, child, online, view, depth - 1)

    # -- values -----------------------------------------------------------------------------------------------

    def _value(self, message: RawMessage, key: str, known: HomieDevice, rest: str, view: View) -> Result:
        if not message.payload:
            return Result()  # the retained value was deleted
        metric = metric_of(rest)
        value = value_of(metric, known.properties[rest], message.payload)
        result = self._record(message, key, known, {} if value is None else {metric: value}, view)
        if value is not None:
            return result
        return replace(result, expirations=expired_values(result.records[0], (metric,), view))

    def _stats(self, message: RawMessage, key: str, known: HomieDevice | None, rest: str, view: View) -> Result:
        name = rest.removeprefix("$stats/")
        if known is None or name not in STATS or not message.payload:
            return Result()
        value = value_of(name, Property("float"), message.payload)
        if rest not in known.properties:
            known = replace(known, properties={**known.properties, rest: Property("float")})
        return self._record(message, key, known, {} if value is None else {f"stats.{name}": value}, view)

    def _record(
        self, message: RawMessage, key: str, known: HomieDevice, values: dict[str, Value], view: View
    ) -> Result:
        ts, quality = when(None, message.received, retained=message.retained)
        records = (Record(_id(known.native_id), ts, message.received, values, quality),)
        if known is self._devices.get(key) and view.known(records[0].device):
            return Result(records=records)
        return replace(self._update(key, known), records=records)

    # -- state ------------------------------------------------------------------------------------------------

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


def _removed_values(message: RawMessage, before: HomieDevice | None, after: HomieDevice) -> list[ValueExpired]:
    """Return an event for each property that ``before`` has and ``after`` has not: its value is not known any more."""
    removed = before.properties.keys() - after.properties.keys() if before is not None else ()
    device = _id(after.native_id)
    return [
        ValueExpired(device, metric_of(key), message.received, withdrawn=True)
        for key in sorted(removed)
        if not key.startswith("$")
    ]


def _id(device: str) -> str:
    return slug("homie:" + device)


def _text(payload: bytes) -> str:
    return payload.decode("utf-8", "replace")
