"""Tasmota: ``tasmota/discovery/MAC/config`` names a device and its topics, ``tele`` and ``stat`` carry what it says.

A device that announced itself is known by its MAC; one that did not (SetOption19 1, old firmware) by its topic, in the
default form ``tele/TOPIC/SENSOR``, and keeps its history when it announces itself later. ``Time`` is the device's
local time: without a zone in it (SetOption52) the time of receipt holds. A device in deep sleep is not offline.

Source: the Tasmota documentation, "MQTT", "DeepSleep" and "Zigbee"; ``xdrv_12_discovery.ino``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from hub.dialects.base import Action, DialectState, Result, Subscribe, View, expired_values
from hub.dialects.payload import parse_object, telemetry_object
from hub.dialects.rejections import nothing_fits, rejections
from hub.dialects.tasmota.discovery import MAC, TasmotaDevice, announced, described, sleeps_until, told_of, with_sensors
from hub.dialects.tasmota.readings import Found, TasmotaReadings, result, scales_of, sensors, state, switched
from hub.dialects.times import has_zone, when
from hub.errors import Rejected
from hub.model import Availability, Identity, Quality, RawMessage, Record
from hub.topics import slug

DISCOVERY = "tasmota/discovery"
MAX_DEVICES = 20_000
MAX_UNITS = 256
MAX_EARLY = 16_384
_DEVICE, _EARLY = "device/", "sensors/"
"""Keys of what is learnt; the second is a ``sensors`` message that came before its ``config``."""
_DEFAULT = ("tele/", "stat/")
_LEAF = re.compile(r"[A-Z][A-Z0-9_]*")
_POWER = re.compile(r"POWER\d*")
_STATUS = re.compile(r"STATUS\d*")


class TasmotaDialect:
    """``discovery`` is where devices announce themselves; no device gets topics that begin with one of ``reserved``."""

    name = "tasmota"

    def __init__(self, discovery: str = DISCOVERY, reserved: Sequence[str] = ()) -> None:
        self._discovery = discovery + "/"
        self._reserved = tuple(f"{root}/" for root in (*reserved, discovery))
        self._devices: dict[str, TasmotaDevice] = {}
        self._bases: dict[str, TasmotaDevice] = {}
        self._early: dict[str, dict[str, Any]] = {}

    @property
    def filters(self) -> Sequence[str]:
        """The announcements come first: the broker replays what it retains in the order of these."""
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
            return Result()  # something retained was taken back
        if known is not None and known.cmnd and message.topic.startswith(known.cmnd):
            return Result()  # what others asked of it
        if leaf == "LWT":
            return self._will(message, known or self._met(base, {}))
        if leaf in ("SENSOR", "STATE", "RESULT", "INFO1", "DEEPSLEEP") or message.payload[:1] == b"{":
            body = telemetry_object(message.payload, "What Tasmota says here")
            return self._says(message, known or self._met(base, body), leaf, body, view)
        if _POWER.fullmatch(leaf):
            known = known or self._met(base, {})
            word = message.payload[:64].decode("utf-8", "replace").strip()
            found: Found = [(leaf, switched(word, known.states), "")]
            return self._read(message, known, found, {}, view)
        return Result(heard=(known.id,) if known is not None else ())  # UPTIME, LOGGING and the like

    # -- who is there -----------------------------------------------------------------------------------------

    def _announcement(self, message: RawMessage) -> Result:
        mac, _, what = message.topic.removeprefix(self._discovery).partition("/")
        if what not in ("config", "sensors"):
            return Result()
        if not MAC.fullmatch(mac):
            raise Rejected("bad_topic", f"Tasmota announces itself under {self._discovery}MAC, 12 hexadecimal digits.")
        before = self._devices.get(mac)
        if not message.payload:
            # It is announced no more (SetOption19 1): it stays who it is, but its topics are free.
            learnt = self._learn(before, before and replace(before, announced=False))
            return replace(learnt, withdrawn=(before.id,)) if before is not None and what == "config" else learnt
        body = parse_object(message.payload, "An announcement")
        if what == "config":
            return self._config(mac, body, before)
        if before is not None:
            return self._learn(before, with_sensors(before, body))
        early = len(message.payload) <= MAX_EARLY and len(self._early) < MAX_DEVICES
        return Result(changes=(DialectState(_EARLY + mac, message.payload),)) if early else Result()

    def _config(self, mac: str, body: dict[str, Any], before: TasmotaDevice | None) -> Result:
        known = announced(mac, body)
        holder = self._holder(known)
        if before is not None:
            sleeps = known.sleeps or (before.sleeps and "dslp" not in body)
            kept = {"id": before.id, "scales": before.scales, "units": before.units, "numbers": before.numbers}
            kept["metrics"] = before.metrics
            known = replace(known, sleeps=sleeps, wakes=before.wakes, **kept)
        elif holder is not None and not holder.mac:
            known = replace(known, id=holder.id, scales=holder.scales, units=holder.units, metrics=holder.metrics)
        changes: list[DialectState] = []
        if mac in self._early:
            known = with_sensors(known, self._early[mac])
            changes.append(DialectState(_EARLY + mac, None))
        if holder is not None:
            changes.append(DialectState(_DEVICE + holder.key, None))
        learnt = self._learn(before, known)
        gone = (holder.id,) if holder is not None and holder.id != known.id else ()
        changed = (*changes, *learnt.changes)
        return Result(identities=learnt.identities, changes=changed, gone=gone, heard=(known.id,))

    def _holder(self, wanted: TasmotaDevice) -> TasmotaDevice | None:
        """Who else has these topics now, without a claim to keep them. Raises Rejected (``topic_taken``)."""
        if wanted.tele.startswith(self._reserved) or wanted.stat.startswith(self._reserved):
            raise Rejected("topic_taken", f"The topics under {wanted.tele} belong to another kind of device.")
        if wanted.key not in self._devices:
            self._room()
        found = None
        for base in wanted.bases:
            holder = self._bases.get(base)
            if holder is None or holder.key == wanted.key:
                continue
            if holder.announced:
                raise Rejected(
                    "topic_taken",
                    f"{holder.native_id} has the topics under {base}. If it is gone, clear its retained "
                    f"{self._discovery}{holder.native_id}/config.",
                )
            found = holder
        return found

    def _room(self) -> None:
        if len(self._devices) >= MAX_DEVICES:
            raise Rejected("too_many_devices", f"At most {MAX_DEVICES} Tasmota devices are kept.")

    def _learn(self, before: TasmotaDevice | None, known: TasmotaDevice | None) -> Result:
        if known is None:
            return Result()
        changes = () if known == before else (DialectState(_DEVICE + known.key, msgspec.json.encode(known)),)
        return Result(identities=(self._identity(known),), changes=changes)

    def _identity(self, known: TasmotaDevice) -> Identity:
        return Identity(known.id, known.native_id, self.name, known.info())

    def _met(self, base: str, body: Mapping[str, Any]) -> TasmotaDevice:
        """One that has not announced itself, by its topic; behind a Zigbee bridge (SetOption89) by its name there."""
        self._room()
        above, _, name = base.rpartition("/")
        bridge = self._bases.get(above + "/") if "/" in above else None
        default = base.startswith(_DEFAULT)
        if "ZbReceived" in body and (bridge is not None or (default and "/" in above)):
            via = bridge.id if bridge is not None else slug("tasmota:" + above.partition("/")[2])
            own = base + "/"
            return TasmotaDevice(slug(f"{via}:{name}"), name, stat=own, tele=own, cmnd="", via=via)
        if not default and base not in ("tele", "stat"):
            raise Rejected("unknown_device", f"No device has announced itself for {base}/.")
        # A full topic without %topic% can only be one device's: what it is called stands nowhere.
        topic = base.partition("/")[2]
        own = topic + "/" if topic else ""
        return TasmotaDevice(slug("tasmota:" + topic), topic or self.name, f"stat/{own}", f"tele/{own}", f"cmnd/{own}")

    # -- what it says -----------------------------------------------------------------------------------------

    def _will(self, message: RawMessage, known: TasmotaDevice) -> Result:
        word = message.payload[:64].decode("utf-8", "replace").strip()
        if word.lower() not in (known.online.lower(), known.offline.lower()):
            raise Rejected("bad_value", f"LWT must be {known.online} or {known.offline}, not {word[:40]!r}.")
        online = word.lower() == known.online.lower()
        learnt = self._learn(self._devices.get(known.key), known)
        if known.sleeps and not online:
            return learnt
        said = Availability(known.id, online, message.retained, message.received, announces_offline=not known.sleeps)
        return Result(identities=learnt.identities, availability=(said,), changes=learnt.changes)

    def _says(self, message: RawMessage, known: TasmotaDevice, leaf: str, body: dict[str, Any], view: View) -> Result:
        if leaf == "SENSOR":
            return self._read(message, told_of(known, body), None, body, view)
        if leaf == "STATE":
            return self._read(message, told_of(known, body), state(body), body, view)
        if _STATUS.fullmatch(leaf):
            return self._status(message, known, body, view)
        told = told_of(known, body)
        if leaf == "DEEPSLEEP":
            told = sleeps_until(told, body, message.received)
        found = result(body, told.scales)
        if not found:
            return replace(self._learn(known, told) if told != known else Result(), heard=(told.id,))
        return self._read(message, told, found, body, view)

    def _status(self, message: RawMessage, known: TasmotaDevice, body: dict[str, Any], view: View) -> Result:
        """The answer to ``Status N``: sensors and states as they come by themselves, the rest describes the device."""
        said, states = body.get("StatusSNS"), body.get("StatusSTS")
        if isinstance(said, dict):
            return self._read(message, told_of(known, said), None, said, view)
        if isinstance(states, dict):
            return self._read(message, told_of(known, states), state(states), states, view)
        firmware = body.get("StatusFWR")
        told = described(known, None, firmware.get("Version")) if isinstance(firmware, dict) else known
        return replace(self._learn(known, told) if told != known else Result(), heard=(told.id,))

    def _read(
        self,
        message: RawMessage,
        known: TasmotaDevice,
        found: Found | None,
        body: Mapping[str, Any],
        view: View,
    ) -> Result:
        """``found`` None reads all of ``body`` as sensors."""
        scales = known.scales
        if found is None:
            scales = scales_of(body, scales)
            found = sensors(body, scales)
        taken = TasmotaReadings(found, known.numbers, known.states)
        fresh = scales != known.scales or not taken.units.items() <= known.units.items()
        if fresh or not known.metrics.issuperset(taken.values):
            units, metrics = {**known.units, **taken.units}, known.metrics.union(taken.values)
            units, metrics = (units, metrics) if len(metrics) <= MAX_UNITS else (known.units, known.metrics)
            if (scales, units, metrics) != (known.scales, known.units, known.metrics):
                known = replace(known, scales=scales, units=units, metrics=metrics)
        if taken.faults and not taken.values and not taken.unknown:
            return Result(rejections=nothing_fits(message, taken.faults))
        ts, quality = _time(body, message)
        record = Record(known.id, ts, message.received, taken.values, quality)
        gone, refused = expired_values(record, taken.unknown, view), rejections(message, taken.faults)
        if known is self._devices.get(known.key) and view.known(known.id):
            return Result(records=(record,), expirations=gone, rejections=refused)
        learnt = self._learn(self._devices.get(known.key), known)
        return replace(learnt, records=(record,), expirations=gone, rejections=refused)

    # -- what was learnt --------------------------------------------------------------------------------------

    def apply(self, change: DialectState) -> Sequence[Action]:
        what, _, key = change.key.partition("/")
        if what + "/" == _EARLY:
            self._early.pop(key, None)
            if change.value is not None:
                self._early[key] = msgspec.json.decode(change.value, type=dict[str, Any])
            return ()
        before = self._forget(key)
        return () if change.value is None else self._keep(before, msgspec.json.decode(change.value, type=TasmotaDevice))

    def _forget(self, key: str) -> TasmotaDevice | None:
        before = self._devices.pop(key, None)
        for base in before.bases if before is not None else ():
            if self._bases.get(base) is before:
                del self._bases[base]
        return before

    def _keep(self, before: TasmotaDevice | None, known: TasmotaDevice) -> Sequence[Action]:
        self._devices[known.key] = known
        self._bases.update(dict.fromkeys(known.bases, known))
        if before is not None and (before.tele, before.stat) == (known.tele, known.stat):
            return ()
        wanted = tuple(f"{base}#" for base in (known.tele, known.stat) if not base.startswith(_DEFAULT))
        return (Subscribe(wanted),) if wanted else ()

    def tick(self, view: View, now: int) -> Result:
        return Result()


def _time(body: Mapping[str, Any], message: RawMessage) -> tuple[int, Quality]:
    """Return the time by ``Epoch``, else by ``Time``; a device that has not set its clock yet is no fault."""
    said = body.get("Epoch") or body.get("Time")
    try:
        ts, quality = when(said, message.received, retained=message.retained)
        if quality == "clock" and not has_zone(said):
            quality = "good"
    except Rejected:
        return when(None, message.received, retained=message.retained)
    return ts, quality
