"""Shelly: ``PREFIX/events/rpc``, ``PREFIX/status/COMPONENT`` and ``PREFIX/online``; also the first generation.

A device is identified by the ``src`` of its notifications, or by its topic prefix if that is the device's id (the
default). A notification contains only what has changed. So the hub asks a device that is new or back online for its
status and its description. The device replies on ``SOURCE/rpc``.

Source: the Shelly technical documentation, Gen2+, "MQTT", "RPC Channels" and "Notifications"; Gen1, "MQTT".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from hub.dialects.base import Action, CommandReply, DialectState, Publish, Result, Subscribe, View, expired_values
from hub.dialects.payload import MAX_TEXT, announcement_object, telemetry_object
from hub.dialects.rejections import Fault, reject_all, rejections
from hub.dialects.shelly import gen1
from hub.dialects.shelly.device import (
    ShellyDevice,
    commands,
    controls,
    with_description,
    with_metrics,
    with_sleep,
)
from hub.dialects.shelly.events import events, time_of
from hub.dialects.shelly.status import Readings, readings
from hub.errors import Rejected
from hub.model import Availability, Identity, RawMessage, Record

GEN1_ROOT = "shellies"
MAX_DEVICES = 20_000
MAX_CACHED = 100_000
LEVELS = 4
"""Maximum number of levels that the topic prefix of a device may have."""
_OWN_ID = re.compile(r"shelly[a-z0-9]+-[0-9a-f]{12}", re.IGNORECASE)
_REQUESTS = {"hub-info": "Shelly.GetDeviceInfo", "hub-status": "Shelly.GetStatus"}
"""The hub's own requests to a device: id of the request and method."""


class ShellyTopic(NamedTuple):
    """The parts of an MQTT topic of a Shelly device.

    Attributes:
        kind: what a message on the topic is: ``events``, ``online``, ``status``, ``announce``, ``answer`` (a reply),
            ``gen1`` (from a device of the first generation), or empty if it is something else.
        prefix: the topic prefix that is set in the device.
        rest: the component for ``status``; the topic below the prefix for ``gen1``; otherwise empty.
    """

    kind: str
    prefix: str
    rest: str = ""


class ShellyDialect:
    """Dialect of Shelly.

    Devices send replies to the topic ``source``/rpc. A device's topic prefix must not be below one of the topics in
    ``reserved``.
    """

    name = "shelly"

    def __init__(self, gen1_root: str = GEN1_ROOT, source: str = "watchkeeper", reserved: Sequence[str] = ()) -> None:
        self._gen1 = gen1_root + "/"
        self._source = source
        self._reserved = tuple(f"{root}/" for root in (*reserved, source))
        self._topics: dict[str, ShellyTopic] = {}  # cache by topic
        self._prefixes: dict[str, ShellyDevice] = {}  # by prefix
        self._devices: dict[str, ShellyDevice] = {}  # by native id

    @property
    def filters(self) -> Sequence[str]:
        notifications = [f"{'+/' * levels}events/rpc" for levels in range(1, LEVELS + 1)]
        return [f"{self._source}/rpc", f"{self._gen1}#", "+/online", *notifications]

    def owns(self, topic: str) -> bool:
        kind, prefix, _ = self._topics.get(topic) or self._parse_topic(topic)
        if kind in ("events", "answer", "gen1") or topic.startswith(self._gen1):
            return True
        return kind != "" and (prefix in self._prefixes or _OWN_ID.fullmatch(prefix) is not None)

    def decode(self, message: RawMessage, view: View) -> Result:
        kind, prefix, rest = self._topics.get(message.topic) or self._parse_topic(message.topic)
        if kind == "online":
            return self._online(message, prefix, view)
        if not message.payload:
            return Result()  # a retained message was deleted
        if kind == "gen1":
            return self._first_generation(message, prefix, rest, view)
        body = telemetry_object(message.payload, "A message of a Shelly on this topic")
        if kind == "answer":
            return self._answer(message, body, view)
        if kind == "status":
            return self._status(message, self._device(prefix), {rest: body}, None, view)
        if kind == "announce":
            return self._described(with_description(self._device(prefix), body))
        return self._notification(message, prefix, body, view)

    def _parse_topic(self, topic: str) -> ShellyTopic:
        """Parse a topic. The result is cached: there are far fewer topics than messages."""
        above, _, leaf = topic.rpartition("/")
        within, _, last = above.rpartition("/")
        first, _, below = topic.removeprefix(self._gen1).partition("/")
        if topic == f"{self._source}/rpc":
            parsed = ShellyTopic("answer", "")
        elif leaf == "rpc" and last == "events" and within and not topic.startswith(self._reserved):
            parsed = ShellyTopic("events", within)
        elif leaf == "online" and above:
            parsed = ShellyTopic("online", above)
        elif last == "status" and within:
            parsed = ShellyTopic("status", within, leaf)
        elif topic.startswith(self._gen1):
            parsed = ShellyTopic("gen1", self._gen1 + first if below else "", below or first)
        else:
            parsed = ShellyTopic("announce" if leaf == "announce" else "", above)
        if len(self._topics) >= MAX_CACHED:
            self._topics.clear()
        self._topics[topic] = parsed
        return parsed

    # -- devices and their prefixes ---------------------------------------------------------------------------

    def _device(self, prefix: str, src: str | None = None) -> ShellyDevice:
        """Return the device whose topics begin with ``prefix``. If it is not known yet, return a new device.

        ``src`` is the sender's id in the message; None if the message has none. Raises Rejected if the prefix belongs
        to another device, or if the device ``src`` is online with another prefix.
        """
        owner = self._prefixes.get(prefix)
        if owner is not None and src in (None, owner.native_id):
            return owner
        own = prefix.removeprefix(self._gen1)
        src = src or own
        if owner is not None and owner.gen1:
            owner = None  # it seemed to be of the first generation, and this message shows that it is not
        if owner is not None or (_OWN_ID.fullmatch(own) and own.lower() != src.lower()):
            raise Rejected(
                "topic_taken",
                f"{prefix[:100]} belongs to {owner.native_id if owner else own}. If that device is gone, delete the "
                f"retained message on {prefix[:100]}/online.",
            )
        elsewhere = self._devices.get(src)
        if elsewhere is not None and elsewhere.online:
            raise Rejected(
                "wrong_device",
                f"{src[:100]} has the prefix {elsewhere.prefix[:100]}. If its prefix was changed, delete the retained "
                f"message on {elsewhere.prefix[:100]}/online.",
            )
        if elsewhere is not None:
            return replace(elsewhere, prefix=prefix, online=True)
        if len(self._prefixes) >= MAX_DEVICES:
            raise Rejected("too_many_devices", f"At most {MAX_DEVICES} Shelly devices are allowed.")
        first_gen = prefix.startswith(self._gen1) and own == src
        return ShellyDevice(prefix, src, gen1=first_gen, sleeps=first_gen and src.lower().startswith(gen1.SLEEPERS))

    def _update(self, known: ShellyDevice, *, ask: bool = False) -> Result:
        """Return a result that identifies the device ``known`` and, if its state has changed, stores that state.

        If the device is new, or ``ask`` is True, the hub also asks it for its description and status.
        """
        before = self._prefixes.get(known.prefix)
        moved = self._devices.get(known.native_id)
        changes: list[DialectState] = []
        if known != before:
            if moved is not None and moved.prefix != known.prefix:
                changes.append(DialectState(moved.prefix, None))
            changes.append(DialectState(known.prefix, msgspec.json.encode(known)))
        effects = list(self._requests(known)) if ask or before is None else []
        accepted = gen1.commands(known) if known.gen1 else commands(known, self._source)
        identity = Identity(known.id, known.native_id, self.name, known.info(accepted))
        gone = (before.id,) if before is not None and before.id != known.id else ()
        return Result(identities=(identity,), changes=changes, effects=effects, gone=gone)

    def _described(self, known: ShellyDevice) -> Result:
        """Return the result of a message in which the device describes itself.

        The message also shows that the device is online.
        """
        return replace(self._update(known), heard=(known.id,))

    def _requests(self, known: ShellyDevice) -> Iterator[Action]:
        if known.gen1:
            for word in (b"announce", b"update"):
                yield Publish(f"{known.prefix}/command", word)
            return
        for key, method in _REQUESTS.items():
            request = {"id": key, "src": self._source, "method": method}
            yield Publish(f"{known.prefix}/rpc", msgspec.json.encode(request))

    def _online(self, message: RawMessage, prefix: str, view: View) -> Result:
        word = message.payload[:16].decode("utf-8", "replace").strip()
        if not word:
            removed = self._prefixes.get(prefix)
            return Result() if removed is None else Result(changes=(DialectState(prefix, None),), gone=(removed.id,))
        if word not in ("true", "false"):
            raise Rejected("bad_value", f"A Shelly's online must be true or false, not {word!r}.")
        known, online = self._device(prefix), word == "true"
        update = self._update(replace(known, online=online), ask=online and not known.gen1)
        if known.sleeps and not online:
            return update
        found = Availability(known.id, online, message.retained, message.received, announces_offline=not known.sleeps)
        return replace(update, availability=(found,))

    # -- messages ---------------------------------------------------------------------------------------------

    def _notification(self, message: RawMessage, prefix: str, body: dict[str, Any], view: View) -> Result:
        src, method, params = body.get("src"), body.get("method"), body.get("params")
        if not isinstance(src, str) or not isinstance(params, dict) or not 0 < len(src) <= 128 or not src.isprintable():
            raise Rejected("bad_value", "A notification must have src (a text), method and params (an object).")
        if method in ("NotifyStatus", "NotifyFullStatus"):
            return self._status(message, self._device(prefix, src), params, params.get("ts"), view)
        if method != "NotifyEvent":
            return Result()
        known, faults = self._device(prefix, src), list[Fault]()
        records = list(events(message, known, params, faults))
        rejected = rejections(message, faults)
        heard = () if records else (known.id,)
        if known is self._prefixes.get(prefix) and view.known(known.id):
            return Result(records=records, rejections=rejected, heard=heard)
        return replace(self._update(known), records=records, rejections=rejected, heard=heard)

    def _status(self, message: RawMessage, known: ShellyDevice, status: dict[str, Any], ts: Any, view: View) -> Result:
        found = readings(status)
        device = with_metrics(known, found.values, found.units, controls(found.values))
        return self._result(message, with_sleep(device, status.get("sys")), found, ts, view)

    def _first_generation(self, message: RawMessage, prefix: str, rest: str, view: View) -> Result:
        if rest == "announce":
            body = announcement_object(message.payload, "An announcement")
            src = body.get("id")
            if not prefix and (not isinstance(src, str) or not src or len(src) > 64 or "/" in src):
                raise Rejected("bad_value", 'An announcement must have the device\'s id ("id").')
            return self._described(with_description(self._device(prefix or f"{self._gen1}{src}"), body))
        if not prefix:
            return Result()  # a command to all devices
        known, found = gen1.read(self._device(prefix), rest, message.payload)
        if not (found.values or found.unknown or found.faults):
            is_command = rest.endswith("/set") or "command" in rest.split("/")
            return Result(heard=() if is_command else (known.id,))
        device = with_metrics(known, found.values, found.units, gen1.controls(found.values))
        return self._result(message, device, found, None, view)

    def _result(self, message: RawMessage, known: ShellyDevice, found: Readings, time: Any, view: View) -> Result:
        if found.faults and not (found.values or found.unknown):
            return Result(rejections=reject_all(message, found.faults))
        ts, quality = time_of(time, message)
        record = Record(known.id, ts, message.received, found.values, quality)
        expired, rejected = expired_values(record, found.unknown, view), rejections(message, found.faults)
        if known is self._prefixes.get(known.prefix) and view.known(known.id):
            return Result(records=(record,), expirations=expired, rejections=rejected)
        return replace(self._update(known), records=(record,), expirations=expired, rejections=rejected)

    def _answer(self, message: RawMessage, body: dict[str, Any], view: View) -> Result:
        """Decode a device's reply to a request of the hub, or to a command."""
        src, key, result, error = (body.get(part) for part in ("src", "id", "result", "error"))
        known = self._devices.get(src) if isinstance(src, str) else None
        if known is None:
            raise Rejected("unknown_device", "The reply's src is not a known Shelly.")
        if key == "hub-info" and isinstance(result, dict):
            return self._described(with_description(known, result))
        if key == "hub-status" and isinstance(result, dict):
            return self._status(message, known, result, None, view)
        if key in _REQUESTS or not isinstance(key, str):
            return Result(heard=(known.id,))
        detail = error.get("message") if isinstance(error, dict) else None
        text = str(detail)[:MAX_TEXT] if detail is not None else None
        return Result(replies=(CommandReply(known.id, key, error is None, text),))

    # -- state ------------------------------------------------------------------------------------------------

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
