"""Zigbee2MQTT as it speaks by itself: ``BASE/bridge/devices`` names the devices, ``BASE/NAME`` carries their state.

A device's identity is its IEEE address; its friendly name may change and may have slashes in it. Null means a value
that was never seen. What is repeated from the cache after a restart carries the old ``last_seen``, so it is late and
no sign of life. When the bridge goes, none of its devices can be heard: they go with it, and are what they were before
when it comes back, save those that had been reported offline themselves. Whatever is published here comes through the
bridge, so the bridge is there.

Source: the Zigbee2MQTT documentation, "MQTT topics and messages" and "Device availability".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from hub.dialects.base import Action, DialectState, Result, View
from hub.dialects.payload import came, metric_name, parse_json, parse_object, plain, scalar, telemetry_object
from hub.dialects.rejections import Fault, nothing_fits, rejections
from hub.dialects.telemetry import no_value
from hub.dialects.times import when
from hub.dialects.zigbee2mqtt.exposes import Zigbee2MqttDevice, read_device
from hub.errors import Rejected
from hub.model import Availability, Identity, Info, Quality, RawMessage, Record, Value
from hub.topics import slug

MAX_LIST_BYTES = 2 * 1_048_576
"""``bridge/devices`` of a large network: a few kilobytes a device."""
MAX_DEVICES = 2_000
_NOT_METRICS = frozenset(("last_seen", "device"))
_UPDATE = frozenset(("state", "progress"))
"""Of an update: its versions are numbers of builds, -1 where unknown; its state is what people look at."""
_BRIDGE = Info(name="Zigbee2MQTT", manufacturer="Zigbee2MQTT", model="bridge")
_DEVICE, _GROUPS, _OFFLINE, _GONE = "device/", "groups", "offline/", "gone"
"""Keys of what is learnt."""


class Zigbee2MqttDialect:
    """``base`` is Zigbee2MQTT's own ``mqtt.base_topic``."""

    name = "zigbee2mqtt"

    def __init__(self, base: str = "zigbee2mqtt") -> None:
        self._base = base
        self._prefix = base + "/"
        self._bridge = slug(base)
        self._by_ieee: dict[str, Zigbee2MqttDevice] = {}
        self._by_name: dict[str, Zigbee2MqttDevice] = {}
        self._groups: frozenset[str] = frozenset()
        self._offline: set[str] = set()
        self._gone = False

    @property
    def filters(self) -> Sequence[str]:
        """The names come first: the broker replays what it retains in the order of these."""
        return [f"{self._base}/bridge/devices", f"{self._base}/bridge/groups", f"{self._base}/#"]

    def owns(self, topic: str) -> bool:
        return topic.startswith(self._prefix)

    def decode(self, message: RawMessage, view: View) -> Result:
        rest = message.topic.removeprefix(self._prefix)
        device = self._by_name.get(rest)
        if device is not None:
            return self._state(message, device, view)
        if rest.startswith("bridge/"):
            return self._bridge_says(message, rest.removeprefix("bridge/"))
        name, _, tail = rest.rpartition("/")
        if tail in ("set", "get", "action") or "/set/" in rest or "/get/" in rest or rest in self._groups:
            return Result()  # an echo of what others asked for, or the sum of several devices
        device = self._by_name.get(name)
        if tail == "availability":
            return self._available(message, device) if device else Result()
        if device is not None:
            return self._attribute(message, device, tail, view)
        if message.retained or not message.payload:
            return Result()  # left over from a device that is gone or had another name
        raise Rejected("unknown_device", f"{self._base}/bridge/devices has not named this device.")

    # -- the bridge ---------------------------------------------------------------------------------------------

    def _bridge_says(self, message: RawMessage, what: str) -> Result:
        if what == "state":
            return self._bridge_state(message)
        if what == "devices":
            return self._devices(message)
        if what == "groups":
            listed = parse_json(message.payload, MAX_LIST_BYTES)
            names = sorted(g["friendly_name"] for g in _objects(listed) if isinstance(g.get("friendly_name"), str))
            learnt = DialectState(_GROUPS, msgspec.json.encode(names[:MAX_DEVICES]))
            return Result(changes=(learnt,), heard=(self._bridge,))
        if what.startswith("request/"):
            return Result()  # what others ask of it
        return Result(heard=(self._bridge,))  # logging, info and responses say nothing of a device's state

    def _bridge_state(self, message: RawMessage) -> Result:
        identity = Identity(self._bridge, self._base, self.name, _BRIDGE)
        online = _online(message.payload)
        if online is None:
            return Result(identities=(identity,))
        changes = () if online != self._gone else (DialectState(_GONE, None if online else b"1"),)
        return Result(identities=(identity,), availability=tuple(self._bridge_turned(message, online)), changes=changes)

    def _bridge_turned(self, message: RawMessage, online: bool) -> Iterator[Availability]:
        """A replayed ``online`` is news for the devices only if the bridge had been seen to go."""
        yield Availability(self._bridge, online, message.retained, message.received, announces_offline=True)
        if online and message.retained and not self._gone:
            return
        for ieee in self._by_ieee:
            if not (online and ieee in self._offline):
                yield Availability(slug(ieee), online, message.retained, message.received, through=True)

    def _devices(self, message: RawMessage) -> Result:
        listed = parse_json(message.payload, MAX_LIST_BYTES)
        if not isinstance(listed, list):
            raise Rejected("bad_value", f"bridge/devices must be a list; the payload is {came(message.payload)}.")
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
        said = Availability(slug(device.ieee), online, message.retained, message.received, announces_offline=True)
        known_offline = device.ieee in self._offline
        changes = () if online != known_offline else (DialectState(_OFFLINE + device.ieee, None if online else b"1"),)
        identity = self._identity(device)
        return Result(identities=(identity,), availability=(said,), changes=changes, heard=(self._bridge,))

    def _state(self, message: RawMessage, device: Zigbee2MqttDevice, view: View) -> Result:
        if not message.payload:
            return Result()  # the retained state was taken back
        body = telemetry_object(message.payload, "A device's state")
        faults: list[Fault] = []
        values = dict(_values(device, body, faults, view))
        if faults and not values:
            return Result(rejections=nothing_fits(message, faults))
        ts, quality = _time(body.get("last_seen"), message)
        read = self._read(message, device, values, ts, quality, view)
        return msgspec.structs.replace(read, rejections=rejections(message, faults)) if faults else read

    def _attribute(self, message: RawMessage, device: Zigbee2MqttDevice, prop: str, view: View) -> Result:
        """``output: attribute``: every property has a topic of its own, ``color-x`` is a part of ``color``."""
        value = plain(prop, message.payload)
        whole, _, part = prop.partition("-")
        if isinstance(value, str) and no_value(value, slug(device.ieee), prop, view):
            return Result()
        if value is None or whole in _NOT_METRICS or (whole == "update" and part not in _UPDATE):
            return Result()
        ts, quality = when(None, message.received, retained=message.retained)
        metric = metric_name(f"{whole}.{part}" if part else prop)
        return self._read(message, device, {metric: _binary(device, metric, value)}, ts, quality, view)

    def _read(
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

    # -- what was learnt ----------------------------------------------------------------------------------------

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
            self._learn(change.key.removeprefix(_DEVICE), change.value)
        return ()

    def _learn(self, ieee: str, value: bytes | None) -> None:
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
    """The metrics of a state: null is a value never seen, an empty action no action, an object its parts. What does not
    fit is added to ``faults``."""
    for metric, value in _leaves(body):
        if type(value) is str and no_value(value, slug(device.ieee), metric, view):
            continue
        try:
            yield metric_name(metric), _binary(device, metric, scalar(metric, value))
        except Rejected as error:
            faults.append((metric, value, error))


def _leaves(body: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for prop, value in body.items():
        if value is None or value == "" or prop in _NOT_METRICS or isinstance(value, list):
            continue
        if not isinstance(value, dict):
            yield prop, value
            continue
        for part, inner in value.items():
            left = prop == "update" and part not in _UPDATE
            if not left and isinstance(inner, str | bool | int | float) and inner != "":
                yield f"{prop}.{part}", inner


def _binary(device: Zigbee2MqttDevice, prop: str, value: Value) -> Value:
    """A binary's own words become true and false; any other word stays one."""
    on, off = device.binary.get(prop, (None, None))
    if on is None:
        return value
    if value == on and isinstance(value, bool) == isinstance(on, bool):
        return True
    return False if value == off and isinstance(value, bool) == isinstance(off, bool) else value


def _time(last_seen: Any, message: RawMessage) -> tuple[int, Quality]:
    """``last_seen`` in any of its forms; a form that is none costs the time, not the reading."""
    try:
        return when(last_seen, message.received, retained=message.retained)
    except Rejected:
        return when(None, message.received, retained=message.retained)


def _online(payload: bytes) -> bool | None:
    """``online``, or ``{"state": "online"}``; None when the topic was cleared. Raises Rejected."""
    text = payload[:200].decode("utf-8", "replace").strip()
    if not text:
        return None
    word = parse_object(payload, "Availability").get("state") if text.startswith("{") else text.strip('"').lower()
    if word not in ("online", "offline"):
        raise Rejected("bad_value", f"Availability must be online or offline; the payload is {came(payload)}.")
    return bool(word == "online")


def _objects(listed: Any) -> Iterator[dict[str, Any]]:
    return (item for item in listed if isinstance(item, dict)) if isinstance(listed, list) else iter(())
