"""Zigbee2MQTT's own topics: ``BASE/bridge/devices`` lists the devices, ``BASE/NAME`` has the state of one device.

- A device is identified by its IEEE address. Its friendly name may change and may contain slashes.
- Null stands for a value that Zigbee2MQTT has not received yet.
- After a restart, Zigbee2MQTT repeats states from its cache with their old ``last_seen``. Such a state counts as late,
  not as a sign of life.
- When the bridge goes offline, all its devices go offline. When it returns, the devices have their former presence
  again, except those that Zigbee2MQTT had reported offline one by one.
- The bridge publishes all of these messages, so each message shows that the bridge is online.

Source: the Zigbee2MQTT documentation, "MQTT topics and messages" and "Device availability".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from hub.dialects.base import Action, DialectState, Result, View
from hub.dialects.payload import excerpt, metric_name, parse_announcement, plain, scalar, telemetry_object
from hub.dialects.rejections import Fault, reject_all, rejections
from hub.dialects.telemetry import no_value
from hub.dialects.times import when
from hub.dialects.zigbee2mqtt.exposes import Zigbee2MqttDevice, read_device
from hub.errors import Rejected
from hub.model import Availability, Identity, Info, Quality, RawMessage, Record, Value
from hub.topics import slug

MAX_LIST_BYTES = 2 * 1_048_576
"""Limit for the payload of ``bridge/devices``, which has a few kilobytes per device."""
MAX_DEVICES = 2_000
_NOT_METRICS = frozenset(("last_seen", "device"))
_UPDATE = frozenset(("state", "progress"))
"""The parts of ``update`` that are metrics. The other parts are build numbers of versions."""
_BRIDGE = Info(name="Zigbee2MQTT", manufacturer="Zigbee2MQTT", model="bridge")
_DEVICE, _GROUPS, _OFFLINE, _GONE = "device/", "groups", "offline/", "gone"
"""Keys of the dialect's state."""


class Zigbee2MqttDialect:
    """Dialect of Zigbee2MQTT. ``base`` is the base topic, ``mqtt.base_topic`` in the settings of Zigbee2MQTT."""

    name = "zigbee2mqtt"

    def __init__(self, base: str = "zigbee2mqtt") -> None:
        self._base = base
        self._prefix = base + "/"
        self._bridge = slug(base)
        self._by_ieee: dict[str, Zigbee2MqttDevice] = {}
        self._by_name: dict[str, Zigbee2MqttDevice] = {}
        self._groups: frozenset[str] = frozenset()
        self._offline: set[str] = set()  # devices that Zigbee2MQTT reported offline one by one
        self._gone = False  # the bridge is offline

    @property
    def filters(self) -> Sequence[str]:
        """The topic filters, in the order of subscription: the lists of devices and groups come before the readings.

        A broker sends the retained messages of the filters in this order, so the hub knows the devices before it
        decodes their readings.
        """
        return [f"{self._base}/bridge/devices", f"{self._base}/bridge/groups", f"{self._base}/#"]

    def owns(self, topic: str) -> bool:
        return topic.startswith(self._prefix)

    def decode(self, message: RawMessage, view: View) -> Result:
        rest = message.topic.removeprefix(self._prefix)
        device = self._by_name.get(rest)
        if device is not None:
            return self._state(message, device, view)
        if rest.startswith("bridge/"):
            return self._bridge_message(message, rest.removeprefix("bridge/"))
        name, _, tail = rest.rpartition("/")
        if tail in ("set", "get", "action") or "/set/" in rest or "/get/" in rest or rest in self._groups:
            return Result()  # a request of another client, or a group of devices
        device = self._by_name.get(name)
        if tail == "availability":
            return self._available(message, device) if device else Result()
        if device is not None:
            return self._attribute(message, device, tail, view)
        if message.retained or not message.payload:
            return Result()  # of a device that was removed or renamed
        raise Rejected("unknown_device", f"This device is not listed in {self._base}/bridge/devices.")

    # -- the bridge ---------------------------------------------------------------------------------------------

    def _bridge_message(self, message: RawMessage, what: str) -> Result:
        if what == "state":
            return self._bridge_state(message)
        if what == "devices":
            return self._devices(message)
        if what == "groups":
            listed = parse_announcement(message.payload, MAX_LIST_BYTES)
            names = sorted(g["friendly_name"] for g in _objects(listed) if isinstance(g.get("friendly_name"), str))
            change = DialectState(_GROUPS, msgspec.json.encode(names[:MAX_DEVICES]))
            return Result(changes=(change,), heard=(self._bridge,))
        if what.startswith("request/"):
            return Result()  # a request of another client
        return Result(heard=(self._bridge,))  # logging, info and responses have no state of devices

    def _bridge_state(self, message: RawMessage) -> Result:
        identity = Identity(self._bridge, self._base, self.name, _BRIDGE)
        online = _online(message.payload)
        if online is None:
            return Result(identities=(identity,))
        changes = () if online != self._gone else (DialectState(_GONE, None if online else b"1"),)
        availability = tuple(self._with_devices(message, online))
        return Result(identities=(identity,), availability=availability, changes=changes)

    def _with_devices(self, message: RawMessage, online: bool) -> Iterator[Availability]:
        """Yield the availability of the bridge, and of its devices, which go offline and return together with it.

        A device stays offline if Zigbee2MQTT itself had reported it offline. A retained ``online`` changes the devices
        only if the bridge was offline before.
        """
        yield Availability(self._bridge, online, message.retained, message.received, announces_offline=True)
        if online and message.retained and not self._gone:
            return
        for ieee in self._by_ieee:
            if not (online and ieee in self._offline):
                yield Availability(slug(ieee), online, message.retained, message.received, through=True)

    def _devices(self, message: RawMessage) -> Result:
        listed = parse_announcement(message.payload, MAX_LIST_BYTES)
        if not isinstance(listed, list):
            raise Rejected("bad_value", f"bridge/devices must be a list; the payload is {excerpt(message.payload)}.")
        found = {device.ieee: device for item in listed[:MAX_DEVICES] if (device := read_device(item)) is not None}
        changes = [
            DialectState(_DEVICE + ieee, msgspec.json.encode(device))
            for ieee, device in found.items()
            if self._by_ieee.get(ieee) != device
        ]
        changes += [DialectState(_DEVICE + ieee, None) for ieee in self._by_ieee if ieee not in found]
        identities = tuple(self._identity(device) for device in found.values())
        gone = [slug(ieee) for ieee in self._by_ieee if ieee not in found]
        return Result(identities=identities, changes=changes, gone=gone, heard=(self._bridge,))

    def _identity(self, device: Zigbee2MqttDevice) -> Identity:
        return Identity(slug(device.ieee), device.ieee, self.name, device.info(self._base, self._bridge))

    # -- its devices --------------------------------------------------------------------------------------------

    def _available(self, message: RawMessage, device: Zigbee2MqttDevice) -> Result:
        online = _online(message.payload)
        if online is None:
            return Result()
        availability = Availability(
            slug(device.ieee), online, message.retained, message.received, announces_offline=True
        )
        known_offline = device.ieee in self._offline
        changes = () if online != known_offline else (DialectState(_OFFLINE + device.ieee, None if online else b"1"),)
        identity = self._identity(device)
        return Result(identities=(identity,), availability=(availability,), changes=changes, heard=(self._bridge,))

    def _state(self, message: RawMessage, device: Zigbee2MqttDevice, view: View) -> Result:
        if not message.payload:
            return Result()  # the retained state was deleted
        body = telemetry_object(message.payload, "A device's state")
        faults: list[Fault] = []
        values = dict(_values(device, body, faults, view))
        if faults and not values:
            return Result(rejections=reject_all(message, faults))
        ts, quality = _time(body.get("last_seen"), message)
        result = self._result(message, device, values, ts, quality, view)
        return msgspec.structs.replace(result, rejections=rejections(message, faults)) if faults else result

    def _attribute(self, message: RawMessage, device: Zigbee2MqttDevice, prop: str, view: View) -> Result:
        """Decode a message with one property, as Zigbee2MQTT sends it under ``output: attribute``.

        ``prop`` is the end of the topic: ``color-x`` for the property ``color.x``.
        """
        value = plain(prop, message.payload)
        whole, _, part = prop.partition("-")
        if isinstance(value, str) and no_value(value, slug(device.ieee), prop, view):
            return Result()
        if value is None or whole in _NOT_METRICS or (whole == "update" and part not in _UPDATE):
            return Result()
        ts, quality = when(None, message.received, retained=message.retained)
        metric = metric_name(f"{whole}.{part}" if part else prop)
        return self._result(message, device, {metric: _binary(device, metric, value)}, ts, quality, view)

    def _result(
        self,
        message: RawMessage,
        device: Zigbee2MqttDevice,
        values: dict[str, Value],
        ts: int,
        quality: Quality,
        view: View,
    ) -> Result:
        record = Record(slug(device.ieee), ts, message.received, values, quality, live=quality != "late")
        return Result(records=(record,), identities=() if view.known(record.device) else (self._identity(device),))

    # -- state --------------------------------------------------------------------------------------------------

    def apply(self, change: DialectState) -> Sequence[Action]:
        if change.key == _GROUPS:
            self._groups = frozenset()
            self._groups = msgspec.json.decode(change.value or b"[]", type=frozenset[str])
        elif change.key == _GONE:
            self._gone = change.value is not None
        elif change.key.startswith(_OFFLINE):
            ieee = change.key.removeprefix(_OFFLINE)
            (self._offline.discard if change.value is None else self._offline.add)(ieee)
        elif change.key.startswith(_DEVICE):
            self._set_device(change.key.removeprefix(_DEVICE), change.value)
        return ()

    def _set_device(self, ieee: str, value: bytes | None) -> None:
        before = self._by_ieee.pop(ieee, None)
        if before is not None and self._by_name.get(before.name) is before:
            del self._by_name[before.name]
        device = msgspec.json.decode(value, type=Zigbee2MqttDevice) if value is not None else None
        if device is not None:
            self._by_ieee[ieee] = self._by_name[device.name] = device

    def tick(self, view: View, now: int) -> Result:
        return Result()


def _values(
    device: Zigbee2MqttDevice, body: dict[str, Any], faults: list[Fault], view: View
) -> Iterator[tuple[str, Value]]:
    """Yield the name and the value of each metric in a state message ``body``.

    Invalid values are added to ``faults``. Texts that say that there is no value are left out; ``view`` gives the
    earlier values, which help to recognize such a text.
    """
    for metric, value in _leaves(body):
        if type(value) is str and no_value(value, slug(device.ieee), metric, view):
            continue
        try:
            yield metric_name(metric), _binary(device, metric, scalar(metric, value))
        except Rejected as error:
            faults.append((metric, value, error))


def _leaves(body: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the name and the value of each property in a state, and of each part of an object (``color.x``).

    Nulls, empty texts, lists and properties that are not metrics are left out.
    """
    for prop, value in body.items():
        if value is None or value == "" or prop in _NOT_METRICS or isinstance(value, list):
            continue
        if not isinstance(value, dict):
            yield prop, value
            continue
        for part, inner in value.items():
            skipped = prop == "update" and part not in _UPDATE
            if not skipped and isinstance(inner, str | bool | int | float) and inner != "":
                yield f"{prop}.{part}", inner


def _binary(device: Zigbee2MqttDevice, prop: str, value: Value) -> Value:
    """Convert the value of the property ``prop`` to True or False if the device announced two values for on and off.

    Return any other value unchanged.
    """
    on, off = device.binary.get(prop, (None, None))
    if on is None:
        return value
    if value == on and isinstance(value, bool) == isinstance(on, bool):
        return True
    return False if value == off and isinstance(value, bool) == isinstance(off, bool) else value


def _time(last_seen: Any, message: RawMessage) -> tuple[int, Quality]:
    """Return the time in ms and its quality, from ``last_seen``. If that is invalid, use the time of receipt."""
    try:
        return when(last_seen, message.received, retained=message.retained)
    except Rejected:
        return when(None, message.received, retained=message.retained)


def _online(payload: bytes) -> bool | None:
    """Parse ``online`` or ``{"state": "online"}``. Return None for an empty payload. Raises Rejected."""
    text = payload[:200].decode("utf-8", "replace").strip()
    if not text:
        return None
    word = telemetry_object(payload, "Availability").get("state") if text.startswith("{") else text.strip('"').lower()
    if word not in ("online", "offline"):
        raise Rejected("bad_value", f"Availability must be online or offline; the payload is {excerpt(payload)}.")
    return bool(word == "online")


def _objects(listed: Any) -> Iterator[dict[str, Any]]:
    return (item for item in listed if isinstance(item, dict)) if isinstance(listed, list) else iter(())
