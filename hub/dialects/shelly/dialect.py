"""Shelly: ``PREFIX/events/rpc``, ``PREFIX/status/COMPONENT`` and ``PREFIX/online``; the first generation as well.

A prefix may have several levels, so which device speaks is said by the ``src`` of its notifications; where the prefix
is the device's own id (as it is by default) that says it too. The notifications tell only what has changed: a device
that is met, or comes back, is asked for its status and for what it is, and answers at ``SOURCE/rpc``.

Source: the Shelly technical documentation, Gen2+, "MQTT", "RPC Channels" and "Notifications"; Gen1, "MQTT".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from hub.dialects.base import Action, CommandReply, DialectState, Publish, Result, Subscribe, View, expired_values
from hub.dialects.payload import MAX_TEXT, metric_name, parse_object, telemetry_object
from hub.dialects.rejections import nothing_fits, rejections
from hub.dialects.shelly import gen1
from hub.dialects.shelly.device import ShellyDevice, commands, controls, described, seen, wakes
from hub.dialects.shelly.status import Readings, readings
from hub.dialects.times import when
from hub.errors import Rejected
from hub.model import Availability, Identity, Quality, RawMessage, Record

GEN1_ROOT = "shellies"
MAX_DEVICES = 20_000
MAX_REMEMBERED = 100_000
MAX_EVENTS = 32
LEVELS = 4
"""Of the prefixes under which devices are looked for."""
_OWN_ID = re.compile(r"shelly[a-z0-9]+-[0-9a-f]{12}", re.IGNORECASE)
_SETTINGS = frozenset(("config_changed", "data", "ota_progress"))
"""Events that nobody pressed and nothing measured (the records of a meter come as readings, too)."""
_ASKED = {"hub-info": "Shelly.GetDeviceInfo", "hub-status": "Shelly.GetStatus"}
"""The ids of our own questions, and what they ask."""


class ShellyTopic(NamedTuple):
    """What a topic is about: ``events``, ``online``, ``status`` (of a component), ``announce``, ``answer`` or, of the
    first generation, ``gen1`` with what stands below the device, empty for what is nobody's own."""

    kind: str
    prefix: str
    rest: str = ""


class ShellyDialect:
    """``gen1_root`` is the first level of the first generation; ``source`` is the name under which devices answer;
    no device gets a prefix that begins with one of ``reserved``."""

    name = "shelly"

    def __init__(self, gen1_root: str = GEN1_ROOT, source: str = "watchkeeper", reserved: Sequence[str] = ()) -> None:
        self._gen1 = gen1_root + "/"
        self._source = source
        self._reserved = tuple(f"{root}/" for root in (*reserved, source))
        self._addresses: dict[str, ShellyTopic] = {}
        self._prefixes: dict[str, ShellyDevice] = {}
        self._devices: dict[str, ShellyDevice] = {}

    @property
    def filters(self) -> Sequence[str]:
        notifications = [f"{'+/' * levels}events/rpc" for levels in range(1, LEVELS + 1)]
        return [f"{self._source}/rpc", f"{self._gen1}#", "+/online", *notifications]

    def owns(self, topic: str) -> bool:
        kind, prefix, _ = self._addresses.get(topic) or self._address(topic)
        if kind in ("events", "answer", "gen1") or topic.startswith(self._gen1):
            return True
        return kind != "" and (prefix in self._prefixes or _OWN_ID.fullmatch(prefix) is not None)

    def decode(self, message: RawMessage, view: View) -> Result:
        kind, prefix, rest = self._addresses.get(message.topic) or self._address(message.topic)
        if kind == "online":
            return self._online(message, prefix, view)
        if not message.payload:
            return Result()  # something retained was taken back
        if kind == "gen1":
            return self._first_generation(message, prefix, rest, view)
        body = telemetry_object(message.payload, "What a Shelly says here")
        if kind == "answer":
            return self._answer(message, body, view)
        if kind == "status":
            return self._status(message, self._met(prefix), {rest: body}, None, view)
        if kind == "announce":
            return self._sent(described(self._met(prefix), body))
        return self._notified(message, prefix, body, view)

    def _address(self, topic: str) -> ShellyTopic:
        """Remembered: few topics, many messages."""
        above, _, leaf = topic.rpartition("/")
        within, _, last = above.rpartition("/")
        first, _, below = topic.removeprefix(self._gen1).partition("/")
        if topic == f"{self._source}/rpc":
            address = ShellyTopic("answer", "")
        elif leaf == "rpc" and last == "events" and within and not topic.startswith(self._reserved):
            address = ShellyTopic("events", within)
        elif leaf == "online" and above:
            address = ShellyTopic("online", above)
        elif last == "status" and within:
            address = ShellyTopic("status", within, leaf)
        elif topic.startswith(self._gen1):
            address = ShellyTopic("gen1", self._gen1 + first if below else "", below or first)
        else:
            address = ShellyTopic("announce" if leaf == "announce" else "", above)
        if len(self._addresses) >= MAX_REMEMBERED:
            self._addresses.clear()
        self._addresses[topic] = address
        return address

    # -- who is there -----------------------------------------------------------------------------------------

    def _met(self, prefix: str, src: str | None = None) -> ShellyDevice:
        """Who speaks under ``prefix``; ``src`` is who it says it is. Raises Rejected for a claim that cannot stand."""
        holder = self._prefixes.get(prefix)
        if holder is not None and src in (None, holder.native_id):
            return holder
        own = prefix.removeprefix(self._gen1)
        src = src or own
        if holder is not None and holder.gen1:
            holder = None  # taken for one of the first generation, until it said that it is none
        if holder is not None or (_OWN_ID.fullmatch(own) and own.lower() != src.lower()):
            raise Rejected(
                "topic_taken",
                f"{prefix[:100]} belongs to {holder.native_id if holder else own}. If that is gone, clear the retained "
                f"{prefix[:100]}/online.",
            )
        elsewhere = self._devices.get(src)
        if elsewhere is not None and elsewhere.online:
            raise Rejected(
                "wrong_device",
                f"{src[:100]} speaks under {elsewhere.prefix[:100]}. If its prefix was changed, clear the retained "
                f"{elsewhere.prefix[:100]}/online.",
            )
        if elsewhere is not None:
            return replace(elsewhere, prefix=prefix, online=True)
        if len(self._prefixes) >= MAX_DEVICES:
            raise Rejected("too_many_devices", f"At most {MAX_DEVICES} Shelly devices are kept.")
        old = prefix.startswith(self._gen1) and own == src
        return ShellyDevice(prefix, src, gen1=old, sleeps=old and src.lower().startswith(gen1.SLEEPERS))

    def _learn(self, known: ShellyDevice, *, ask: bool = False) -> Result:
        """Introduce a device as it is known now; one that is new, or where told to ``ask``, is asked what it is."""
        before = self._prefixes.get(known.prefix)
        moved = self._devices.get(known.native_id)
        changes: list[DialectState] = []
        if known != before:
            if moved is not None and moved.prefix != known.prefix:
                changes.append(DialectState(moved.prefix, None))
            changes.append(DialectState(known.prefix, msgspec.json.encode(known)))
        effects = list(self._questions(known)) if ask or before is None else []
        told = gen1.commands(known) if known.gen1 else commands(known, self._source)
        identity = Identity(known.id, known.native_id, self.name, known.info(told))
        gone = (before.id,) if before is not None and before.id != known.id else ()
        return Result(identities=(identity,), changes=changes, effects=effects, gone=gone)

    def _sent(self, known: ShellyDevice) -> Result:
        """The device has said something of itself, and so that it is there."""
        return replace(self._learn(known), heard=(known.id,))

    def _questions(self, known: ShellyDevice) -> Iterator[Action]:
        if known.gen1:
            for word in (b"announce", b"update"):
                yield Publish(f"{known.prefix}/command", word)
            return
        for key, method in _ASKED.items():
            question = {"id": key, "src": self._source, "method": method}
            yield Publish(f"{known.prefix}/rpc", msgspec.json.encode(question))

    def _online(self, message: RawMessage, prefix: str, view: View) -> Result:
        word = message.payload[:16].decode("utf-8", "replace").strip()
        if not word:
            left = self._prefixes.get(prefix)
            return Result() if left is None else Result(changes=(DialectState(prefix, None),), gone=(left.id,))
        if word not in ("true", "false"):
            raise Rejected("bad_value", f"A Shelly's online must be true or false, not {word!r}.")
        known, online = self._met(prefix), word == "true"
        learnt = self._learn(replace(known, online=online), ask=online and not known.gen1)
        if known.sleeps and not online:
            return learnt
        said = Availability(known.id, online, message.retained, message.received, announces_offline=not known.sleeps)
        return replace(learnt, availability=(said,))

    # -- what it says -----------------------------------------------------------------------------------------

    def _notified(self, message: RawMessage, prefix: str, body: dict[str, Any], view: View) -> Result:
        src, method, params = body.get("src"), body.get("method"), body.get("params")
        if not isinstance(src, str) or not isinstance(params, dict) or not 0 < len(src) <= 128 or not src.isprintable():
            raise Rejected("bad_value", "A notification names its src, its method and its params.")
        if method in ("NotifyStatus", "NotifyFullStatus"):
            return self._status(message, self._met(prefix, src), params, params.get("ts"), view)
        if method != "NotifyEvent":
            return Result()
        known = self._met(prefix, src)
        records = list(_events(message, known, params))
        heard = () if records else (known.id,)
        if known is self._prefixes.get(prefix) and view.known(known.id):
            return Result(records=records, heard=heard)
        return replace(self._learn(known), records=records, heard=heard)

    def _status(self, message: RawMessage, known: ShellyDevice, status: dict[str, Any], ts: Any, view: View) -> Result:
        found = readings(status)
        told = wakes(seen(known, found.values, found.units, controls(found.values)), status.get("sys"))
        return self._read(message, told, found, ts, view)

    def _first_generation(self, message: RawMessage, prefix: str, rest: str, view: View) -> Result:
        if rest == "announce":
            body = parse_object(message.payload, "An announcement")
            src = body.get("id")
            if not prefix and (not isinstance(src, str) or not src or len(src) > 64 or "/" in src):
                raise Rejected("bad_value", "An announcement names the id of its device.")
            return self._sent(described(self._met(prefix or f"{self._gen1}{src}"), body))
        if not prefix:
            return Result()  # what is asked of all
        known, found = gen1.read(self._met(prefix), rest, message.payload)
        if not (found.values or found.unknown or found.faults):
            asked = rest.endswith("/set") or "command" in rest.split("/")
            return Result(heard=() if asked else (known.id,))
        told = seen(known, found.values, found.units, gen1.controls(found.values))
        return self._read(message, told, found, None, view)

    def _read(self, message: RawMessage, known: ShellyDevice, found: Readings, ts: Any, view: View) -> Result:
        if found.faults and not (found.values or found.unknown):
            return Result(rejections=nothing_fits(message, found.faults))
        at, quality = _time(ts, message)
        record = Record(known.id, at, message.received, found.values, quality)
        gone, refused = expired_values(record, found.unknown, view), rejections(message, found.faults)
        if known is self._prefixes.get(known.prefix) and view.known(known.id):
            return Result(records=(record,), expirations=gone, rejections=refused)
        return replace(self._learn(known), records=(record,), expirations=gone, rejections=refused)

    def _answer(self, message: RawMessage, body: dict[str, Any], view: View) -> Result:
        """To a question of ours, or to a command."""
        src, key, result, error = (body.get(part) for part in ("src", "id", "result", "error"))
        known = self._devices.get(src) if isinstance(src, str) else None
        if known is None:
            raise Rejected("unknown_device", "No Shelly of that name has been heard.")
        if key == "hub-info" and isinstance(result, dict):
            return self._sent(described(known, result))
        if key == "hub-status" and isinstance(result, dict):
            return self._status(message, known, result, None, view)
        if key in _ASKED or not isinstance(key, str):
            return Result(heard=(known.id,))
        detail = error.get("message") if isinstance(error, dict) else None
        said = str(detail)[:MAX_TEXT] if detail is not None else None
        return Result(replies=(CommandReply(known.id, key, error is None, said),))

    # -- what was learnt --------------------------------------------------------------------------------------

    def apply(self, change: DialectState) -> Sequence[Action]:
        before = self._prefixes.pop(change.key, None)
        if before is not None and self._devices.get(before.native_id) is before:
            del self._devices[before.native_id]
        known = msgspec.json.decode(change.value, type=ShellyDevice) if change.value is not None else None
        if known is None:
            return ()
        self._prefixes[change.key] = self._devices[known.native_id] = known
        if before is not None or known.gen1:
            return ()
        return (Subscribe(tuple(f"{known.prefix}/{what}" for what in ("online", "announce", "status/+"))),)

    def tick(self, view: View, now: int) -> Result:
        return Result()


def _events(message: RawMessage, known: ShellyDevice, params: dict[str, Any]) -> Iterator[Record]:
    """Buttons, and whatever else happened: each at its own time."""
    listed = params.get("events")
    for event in listed[:MAX_EVENTS] if isinstance(listed, list) else ():
        if not isinstance(event, dict):
            continue
        component, what = event.get("component"), event.get("event")
        if not isinstance(component, str) or not isinstance(what, str) or what in _SETTINGS:
            continue
        ts, quality = _time(event.get("ts", params.get("ts")), message)
        metric = metric_name(f"{component}.event")
        yield Record(known.id, ts, message.received, {metric: what[:MAX_TEXT]}, quality)


def _time(ts: Any, message: RawMessage) -> tuple[int, Quality]:
    try:
        return when(ts, message.received, retained=message.retained)
    except Rejected:
        return when(None, message.received, retained=message.retained)
