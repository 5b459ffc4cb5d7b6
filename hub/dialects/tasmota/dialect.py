"""Tasmota: ``tasmota/discovery/MAC/config`` describes a device and its topics; ``tele`` and ``stat`` have its messages.

- A device that announced itself is identified by its MAC. Any other device (SetOption19 1, old firmware) is identified
  by its topic in the default form ``tele/TOPIC/SENSOR``. It keeps its history if it announces itself later.
- ``Time`` is the device's local time. Without a zone in it (SetOption52) the time of receipt is used.
- A device in deep sleep is not offline.

Source: the Tasmota documentation, "MQTT", "DeepSleep" and "Zigbee"; ``xdrv_12_discovery.ino``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from hub.dialects.base import Action, DialectState, Result, Subscribe, View, expired_values
from hub.dialects.payload import announcement_object, telemetry_object
from hub.dialects.rejections import reject_all, rejections
from hub.dialects.tasmota.discovery import (
    MAC,
    TasmotaDevice,
    parse_config,
    with_deep_sleep,
    with_description,
    with_sensors,
    with_status,
)
from hub.dialects.tasmota.readings import Found, TasmotaReadings, parse_switch, result, scales_of, sensors, state
from hub.dialects.times import has_zone, when
from hub.errors import Rejected
from hub.model import Availability, Identity, Quality, RawMessage, Record
from hub.topics import slug

DISCOVERY = "tasmota/discovery"
MAX_DEVICES = 20_000
MAX_UNITS = 256
MAX_EARLY = 16_384
_DEVICE, _EARLY = "device/", "sensors/"
"""Keys of the dialect's state. The second is for a ``sensors`` message that came before its ``config``."""
_DEFAULT = ("tele/", "stat/")
_LEAF = re.compile(r"[A-Z][A-Z0-9_]*")
_POWER = re.compile(r"POWER\d*")
_STATUS = re.compile(r"STATUS\d*")


class TasmotaDialect:
    """Dialect of Tasmota. Devices announce themselves below ``discovery``. Topics below ``reserved`` are rejected."""

    name = "tasmota"

    def __init__(self, discovery: str = DISCOVERY, reserved: Sequence[str] = ()) -> None:
        self._discovery = discovery + "/"
        self._reserved = tuple(f"{root}/" for root in (*reserved, discovery))
        self._devices: dict[str, TasmotaDevice] = {}  # by TasmotaDevice.key
        self._bases: dict[str, TasmotaDevice] = {}  # by the beginning of their topics, with a slash
        self._early: dict[str, dict[str, Any]] = {}  # by MAC: ``sensors`` messages that came before ``config``

    @property
    def filters(self) -> Sequence[str]:
        """The topic filters. Announcements come first, since a broker replays retained messages in this order."""
        return [f"{self._discovery}#", *(f"{base}#" for base in _DEFAULT)]

    def owns(self, topic: str) -> bool:
        base, _, leaf = topic.rpartition("/")
        if base + "/" in self._bases or topic.startswith(self._discovery):
            return True
        if topic.startswith(_DEFAULT):
            return _LEAF.fullmatch(leaf) is not None
        return base.rpartition("/")[0] + "/" in self._bases and _LEAF.fullmatch(leaf) is not None

    def decode(self, message: RawMessage, view: View) -> Result:
        base, _, leaf = message.topic.rpartition("/")
        known = self._bases.get(base + "/")
        if known is None and message.topic.startswith(self._discovery):
            return self._announcement(message)
        if not message.payload:
            return Result()  # a retained message was deleted
        if known is not None and known.cmnd and message.topic.startswith(known.cmnd):
            return Result()  # a command of another client
        if leaf == "LWT":
            return self._will(message, known or self._unannounced(base, {}))
        if leaf in ("SENSOR", "STATE", "RESULT", "INFO1", "DEEPSLEEP") or message.payload[:1] == b"{":
            body = telemetry_object(message.payload, f"{leaf} of Tasmota")
            return self._json(message, known or self._unannounced(base, body), leaf, body, view)
        if _POWER.fullmatch(leaf):
            known = known or self._unannounced(base, {})
            word = message.payload[:64].decode("utf-8", "replace").strip()
            found: Found = [(leaf, parse_switch(word, known.states), "")]
            return self._result(message, known, found, {}, view)
        return Result(heard=(known.id,) if known is not None else ())  # UPTIME, LOGGING and the like

    # -- devices and their topics -----------------------------------------------------------------------------

    def _announcement(self, message: RawMessage) -> Result:
        mac, _, what = message.topic.removeprefix(self._discovery).partition("/")
        if what not in ("config", "sensors"):
            return Result()
        if not MAC.fullmatch(mac):
            problem = "A device of Tasmota must announce itself with its MAC, 12 hexadecimal digits"
            raise Rejected("bad_topic", f"{problem}: {self._discovery}MAC.")
        before = self._devices.get(mac)
        if not message.payload:
            # The announcement was deleted (SetOption19 1). The device keeps its id, but others may use its topics.
            update = self._update(before, before and replace(before, announced=False))
            return replace(update, withdrawn=(before.id,)) if before is not None and what == "config" else update
        body = announcement_object(message.payload, "An announcement")
        if what == "config":
            return self._config(mac, body, before)
        if before is not None:
            return self._update(before, with_sensors(before, body))
        early = len(message.payload) <= MAX_EARLY and len(self._early) < MAX_DEVICES
        return Result(changes=(DialectState(_EARLY + mac, msgspec.json.encode(body)),)) if early else Result()

    def _config(self, mac: str, body: dict[str, Any], before: TasmotaDevice | None) -> Result:
        known = parse_config(mac, body)
        owner = self._topic_owner(known)
        if before is not None:
            sleeps = known.sleeps or (before.sleeps and "dslp" not in body)
            fields = {"id": before.id, "scales": before.scales, "units": before.units, "numbers": before.numbers}
            fields["metrics"] = before.metrics
            known = replace(known, sleeps=sleeps, wakes=before.wakes, **fields)
        elif owner is not None and not owner.mac:
            known = replace(known, id=owner.id, scales=owner.scales, units=owner.units, metrics=owner.metrics)
        changes: list[DialectState] = []
        if mac in self._early:
            known = with_sensors(known, self._early[mac])
            changes.append(DialectState(_EARLY + mac, None))
        if owner is not None:
            changes.append(DialectState(_DEVICE + owner.key, None))
        update = self._update(before, known)
        gone = (owner.id,) if owner is not None and owner.id != known.id else ()
        changed = (*changes, *update.changes)
        return Result(identities=update.identities, changes=changed, gone=gone, heard=(known.id,))

    def _topic_owner(self, device: TasmotaDevice) -> TasmotaDevice | None:
        """Return the unannounced device that has used the topics of ``device``. Raises Rejected if they are taken."""
        if device.tele.startswith(self._reserved) or device.stat.startswith(self._reserved):
            raise Rejected("topic_taken", f"The topics under {device.tele} belong to another dialect of the hub.")
        if device.key not in self._devices:
            self._check_limit()
        found = None
        for base in device.bases:
            owner = self._bases.get(base)
            if owner is None or owner.key == device.key:
                continue
            if owner.announced:
                raise Rejected(
                    "topic_taken",
                    f"{owner.native_id} has the topics under {base}. If that device is gone, delete its retained "
                    f"message on {self._discovery}{owner.native_id}/config.",
                )
            found = owner
        return found

    def _check_limit(self) -> None:
        if len(self._devices) >= MAX_DEVICES:
            raise Rejected("too_many_devices", f"At most {MAX_DEVICES} Tasmota devices are allowed.")

    def _update(self, before: TasmotaDevice | None, known: TasmotaDevice | None) -> Result:
        """Return a result with the identity of the device ``known``. If ``known`` differs from ``before``, store it."""
        if known is None:
            return Result()
        changes = () if known == before else (DialectState(_DEVICE + known.key, msgspec.json.encode(known)),)
        return Result(identities=(self._identity(known),), changes=changes)

    def _identity(self, known: TasmotaDevice) -> Identity:
        return Identity(known.id, known.native_id, self.name, known.info())

    def _unannounced(self, base: str, body: Mapping[str, Any]) -> TasmotaDevice:
        """Return an unannounced device, named by its topic. Raises Rejected if the topic does not identify a device."""
        self._check_limit()
        above, _, name = base.rpartition("/")
        bridge = self._bases.get(above + "/") if "/" in above else None
        default = base.startswith(_DEFAULT)
        if "ZbReceived" in body and (bridge is not None or (default and "/" in above)):
            via = bridge.id if bridge is not None else slug("tasmota:" + above.partition("/")[2])
            own = base + "/"
            return TasmotaDevice(slug(f"{via}:{name}"), name, stat=own, tele=own, cmnd="", via=via)
        if not default and base not in ("tele", "stat"):
            raise Rejected("unknown_device", f"No device has announced the topics under {base}/.")
        # A full topic without %topic% does not name the device, so only one device can use it.
        topic = base.partition("/")[2]
        own = topic + "/" if topic else ""
        return TasmotaDevice(slug("tasmota:" + topic), topic or self.name, f"stat/{own}", f"tele/{own}", f"cmnd/{own}")

    # -- messages ---------------------------------------------------------------------------------------------

    def _will(self, message: RawMessage, known: TasmotaDevice) -> Result:
        word = message.payload[:64].decode("utf-8", "replace").strip()
        if word.lower() not in (known.online.lower(), known.offline.lower()):
            raise Rejected("bad_value", f"LWT must be {known.online} or {known.offline}, not {word[:40]!r}.")
        online = word.lower() == known.online.lower()
        update = self._update(self._devices.get(known.key), known)
        if known.sleeps and not online:
            return update
        found = Availability(known.id, online, message.retained, message.received, announces_offline=not known.sleeps)
        return Result(identities=update.identities, availability=(found,), changes=update.changes)

    def _json(self, message: RawMessage, known: TasmotaDevice, leaf: str, body: dict[str, Any], view: View) -> Result:
        if leaf == "SENSOR":
            return self._result(message, with_status(known, body), None, body, view)
        if leaf == "STATE":
            return self._result(message, with_status(known, body), state(body), body, view)
        if _STATUS.fullmatch(leaf):
            return self._status(message, known, body, view)
        device = with_status(known, body)
        if leaf == "DEEPSLEEP":
            device = with_deep_sleep(device, body, message.received)
        found = result(body, device.scales)
        if not found:
            return replace(self._update(known, device) if device != known else Result(), heard=(device.id,))
        return self._result(message, device, found, body, view)

    def _status(self, message: RawMessage, known: TasmotaDevice, body: dict[str, Any], view: View) -> Result:
        """Decode the reply to ``Status N``: sensors, states, or the firmware."""
        readings, states = body.get("StatusSNS"), body.get("StatusSTS")
        if isinstance(readings, dict):
            return self._result(message, with_status(known, readings), None, readings, view)
        if isinstance(states, dict):
            return self._result(message, with_status(known, states), state(states), states, view)
        firmware = body.get("StatusFWR")
        device = with_description(known, None, firmware.get("Version")) if isinstance(firmware, dict) else known
        return replace(self._update(known, device) if device != known else Result(), heard=(device.id,))

    def _result(
        self,
        message: RawMessage,
        known: TasmotaDevice,
        found: Found | None,
        body: Mapping[str, Any],
        view: View,
    ) -> Result:
        """Return the result for the values in ``found``. If it is None, ``body`` is decoded as a SENSOR message."""
        scales = known.scales
        if found is None:
            scales = scales_of(body, scales)
            found = sensors(body, scales)
        readings = TasmotaReadings(found, known.numbers, known.states)
        new_units = scales != known.scales or not readings.units.items() <= known.units.items()
        if new_units or not known.metrics.issuperset(readings.values):
            units, metrics = {**known.units, **readings.units}, known.metrics.union(readings.values)
            units, metrics = (units, metrics) if len(metrics) <= MAX_UNITS else (known.units, known.metrics)
            if (scales, units, metrics) != (known.scales, known.units, known.metrics):
                known = replace(known, scales=scales, units=units, metrics=metrics)
        if readings.faults and not readings.values and not readings.unknown:
            return Result(rejections=reject_all(message, readings.faults))
        ts, quality = _time(body, message)
        record = Record(known.id, ts, message.received, readings.values, quality)
        expired, rejected = expired_values(record, readings.unknown, view), rejections(message, readings.faults)
        if known is self._devices.get(known.key) and view.known(known.id):
            return Result(records=(record,), expirations=expired, rejections=rejected)
        update = self._update(self._devices.get(known.key), known)
        return replace(update, records=(record,), expirations=expired, rejections=rejected)

    # -- state ------------------------------------------------------------------------------------------------

    def apply(self, change: DialectState) -> Sequence[Action]:
        what, _, key = change.key.partition("/")
        if what + "/" == _EARLY:
            self._early.pop(key, None)
            if change.value is not None:
                self._early[key] = msgspec.json.decode(change.value, type=dict[str, Any])
            return ()
        before = self._remove(key)
        return () if change.value is None else self._add(before, msgspec.json.decode(change.value, type=TasmotaDevice))

    def _remove(self, key: str) -> TasmotaDevice | None:
        before = self._devices.pop(key, None)
        for base in before.bases if before is not None else ():
            if self._bases.get(base) is before:
                del self._bases[base]
        return before

    def _add(self, before: TasmotaDevice | None, known: TasmotaDevice) -> Sequence[Action]:
        """Add or replace a device. Return the subscriptions that it needs; none if ``before`` has the same topics."""
        self._devices[known.key] = known
        self._bases.update(dict.fromkeys(known.bases, known))
        if before is not None and (before.tele, before.stat) == (known.tele, known.stat):
            return ()
        filters = tuple(f"{base}#" for base in (known.tele, known.stat) if not base.startswith(_DEFAULT))
        return (Subscribe(filters),) if filters else ()

    def tick(self, view: View, now: int) -> Result:
        return Result()


def _time(body: Mapping[str, Any], message: RawMessage) -> tuple[int, Quality]:
    """Return the time (epoch ms) of a message and its quality. A local time never gets the quality ``clock``."""
    value = body.get("Epoch") or body.get("Time")
    try:
        ts, quality = when(value, message.received, retained=message.retained)
        if quality == "clock" and not has_zone(value):
            quality = "good"
    except Rejected:
        return when(None, message.received, retained=message.retained)
    return ts, quality
