"""The hub's own dialect: ``ROOT/{id}/telemetry`` and its siblings, as the README's table gives them.

A message is taken whole or refused whole; in a list each item stands for itself.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

import msgspec

from hub.bounds import check
from hub.dialects.base import Change, Effect, Reply, Result, View
from hub.dialects.layouts import Layout, Layouts
from hub.dialects.payload import MAX_NAME, metric_name, parse_object, parse_telemetry, plain, rejection, scalar
from hub.dialects.times import when, zone_of
from hub.dialects.units import spell
from hub.errors import Rejected
from hub.model import (
    Availability,
    CommandDescriptor,
    Identity,
    Info,
    RawMessage,
    Record,
    Rejection,
    TwinUpdate,
    Value,
    key_of_id,
    key_of_seq,
)
from hub.model.metric import MAX_TITLE
from hub.topics import slug

KINDS = frozenset(("telemetry", "status", "info", "replies", "desired", "reported"))
RESERVED = frozenset(("ts", "seq", "id", "device_id", "metrics"))
"""Keys of a flat payload that are not metrics."""
MAX_ITEMS = 10_000
MAX_COMMANDS = 64
MAX_METRICS = 256
MAX_SILENCE = 31_536_000
"""Seconds: a year."""
COMMAND = re.compile(r"[A-Za-z0-9._-]{1,64}")
MAX_REMEMBERED = 200_000
MAX_SURPRISES = 20
CAREFUL = 1_000
_names: set[str] = set()
"""Names that are known to be good, and none of :data:`RESERVED`."""


class Address:
    """Which device a topic is about, and what of it. ``layout`` is how its telemetry was written last, as far as that
    is familiar; after many ``surprises`` its next ``careful`` messages are read without."""

    __slots__ = ("careful", "device", "kind", "layout", "metric", "native_id", "surprises")

    def __init__(self, device: str, native_id: str, kind: str, metric: str | None) -> None:
        self.device = device
        self.native_id = native_id
        self.kind = kind
        self.metric = metric
        self.layout: Layout | None = None
        self.surprises = self.careful = 0


class NativeDialect:
    """``root`` is the first level (or levels) of every topic."""

    name = "native"

    def __init__(self, root: str = "devices") -> None:
        self.root = root
        self._prefix = root + "/"
        self._addresses: dict[str, Address] = {}
        self._layouts = Layouts()

    @property
    def filters(self) -> Sequence[str]:
        return [f"{self.root}/+/{kind}" for kind in sorted(KINDS)] + [f"{self.root}/+/telemetry/+"]

    def owns(self, topic: str) -> bool:
        return topic.startswith(self._prefix)

    def decode(self, message: RawMessage, view: View) -> Result:
        address = self._addresses.get(message.topic) or self._address(message.topic)
        kind = address.kind
        if kind == "telemetry":
            return self._telemetry(message, address, view)
        identity = Identity(address.device, address.native_id, self.name)
        if kind == "status":
            return Result(identities=(identity,), availability=(_status(message, address),))
        if kind == "info":
            described = msgspec.structs.replace(identity, info=_info(message.payload, self._prefix + address.native_id))
            return Result(identities=(described,), heard=(address.device,))
        if kind == "replies":
            return Result(identities=(identity,), replies=(_reply(message, address),))
        values = parse_object(message.payload, kind) if message.payload else {}
        if not all(1 <= len(key) <= MAX_NAME for key in values):
            raise Rejected("bad_name", f"A twin's key has 1 to {MAX_NAME} characters.")
        update = TwinUpdate(address.device, "desired" if kind == "desired" else "reported", values)
        return Result(identities=(identity,), twins=(update,))

    def apply(self, change: Change) -> Sequence[Effect]:
        """Nothing to learn: every message says all that it takes to read it."""
        return ()

    def tick(self, view: View, now: int) -> Result:
        return Result()

    def _address(self, topic: str) -> Address:
        """Which device and what a topic is about; remembered, since a fleet has few topics and many messages."""
        levels = topic.removeprefix(self._prefix).split("/")
        known = len(levels) >= 2 and levels[1] in KINDS
        if not known or len(levels) > (3 if levels[1] == "telemetry" else 2) or not levels[0]:
            raise Rejected("bad_topic", f"Topics are {self.root}/DEVICE/telemetry, status, info, replies, …")
        metric = metric_name(levels[2]) if len(levels) == 3 else None
        if len(self._addresses) >= MAX_REMEMBERED:
            self._addresses.clear()
        address = self._addresses[topic] = Address(slug(levels[0]), levels[0], levels[1], metric)
        return address

    def _telemetry(self, message: RawMessage, address: Address, view: View) -> Result:
        # A known device needs no introduction: one object less on the hot path.
        identities = () if view.known(address.device) else (Identity(address.device, address.native_id, self.name),)
        if address.metric is not None:
            value = plain(address.metric, message.payload)
            values = {} if value is None else {address.metric: value}
            ts, quality = when(None, message.received, retained=message.retained)
            plainly = (Record(address.device, ts, message.received, values, quality),)
            return Result(records=plainly if values else (), identities=identities)
        if address.layout is not None and (record := _familiar(message, address, address.layout)) is not None:
            return Result((record,), identities, layout=address.layout)
        body = parse_telemetry(message.payload)
        if type(body) is dict:
            record = _record(message, address, body)
            if address.careful:
                address.careful -= 1
            else:
                address.layout = self._layouts.of(body, record.values)
            return Result((record,), identities)
        if type(body) is not list:
            raise Rejected("bad_value", 'Telemetry is an object like {"temperature": 21.5}, or a list of these.')
        records, rejected = _items(message, address, body)
        return Result(records=records, identities=identities, rejections=rejected)


def _items(message: RawMessage, address: Address, body: list[Any]) -> tuple[list[Record], list[Rejection]]:
    if len(body) > MAX_ITEMS:
        raise Rejected("too_large", f"A list holds at most {MAX_ITEMS} items.")
    records: list[Record] = []
    rejected: list[Rejection] = []
    check = zlib.crc32(message.payload)
    zone = zone_of((item.get("ts") for item in body if type(item) is dict), message.received)
    for index, item in enumerate(body):
        try:
            if type(item) is not dict:
                raise Rejected("bad_value", f"Item {index} of the list is not an object.")
            records.append(_record(message, address, item, check + index, zone))
        except Rejected as error:
            rejected.append(rejection(message, error, msgspec.json.encode(item)))
    return records, rejected


def _familiar(message: RawMessage, address: Address, layout: Layout) -> Record | None:
    """What :func:`_record` would make of it, without looking at each value; None where it has another layout."""
    read = layout.read(message.payload)
    if read is None:
        address.layout = None
        address.surprises += 1
        if address.surprises >= MAX_SURPRISES:
            address.surprises, address.careful = 0, CAREFUL
        return None
    values, said, seq = read
    ts, quality = when(said, message.received, retained=message.retained)
    key = None if seq is None else key_of_seq(seq, zlib.crc32(message.payload))
    return Record(address.device, ts, message.received, values, quality, key)


def _record(
    message: RawMessage,
    address: Address,
    body: dict[str, Any],
    check: int | None = None,
    zone: tzinfo | None = None,
) -> Record:
    """One record; its values are empty for a bare heartbeat (``{}`` or nothing but nulls). ``check`` stands for the
    payload in its key where that is known already; ``zone`` is that of the wall clocks in a list."""
    named = body.get("device_id")
    if named is not None and named != address.native_id:
        raise Rejected("wrong_device", "The payload's device_id is not the topic's device.")
    ts, quality = when(body.get("ts"), message.received, retained=message.retained, zone=zone)
    metrics = body.get("metrics")
    values: dict[str, Value] = {}
    names = _names
    if type(metrics) is dict:
        for name, value in metrics.items():
            if type(value) is float and name in names:
                values[name] = value
            elif value is not None:
                values[_named(name)] = scalar(name, value)
    elif metrics is not None:
        raise Rejected("bad_value", "metrics must be an object of names and values.")
    else:
        for name, value in body.items():
            if type(value) is float and name in names:
                values[name] = value
            elif value is not None and name not in RESERVED:
                values[_named(name)] = scalar(name, value)
    return Record(address.device, ts, message.received, values, quality, _key(body, message.payload, check))


def _named(name: str) -> str:
    """The name if it is one; remembered, so that a fleet's few names are looked at once. (A number of JSON that is
    no integer is always a finite float, and needs no second look either.)"""
    if len(_names) >= MAX_REMEMBERED:
        _names.clear()
    _names.add(metric_name(name))
    return name


def _key(body: dict[str, Any], payload: bytes, check: int | None) -> int | None:
    """Return what tells a repeated delivery: its ``id`` and ``seq``, as far as it gives them, with what it says.

    ``check`` stands for the payload of an item of a list: its CRC-32, to which the item's place is added. An item with
    an ``id`` is known again in any list.
    """
    name, seq = body.get("id"), body.get("seq")
    if seq is not None and (type(seq) is not int or abs(seq) > 2**63):
        raise Rejected("bad_value", "seq must be an integer.")
    if name is not None:
        if type(name) not in (str, int) or len(str(name)) > 128:
            raise Rejected("bad_value", "id must be a text or an integer of at most 128 characters.")
        return key_of_id(f"{name}" if seq is None else f"{name}\0{seq}", msgspec.json.encode(body))
    if seq is None:
        return None
    return key_of_seq(seq, zlib.crc32(payload) if check is None else check & 0xFFFF_FFFF)


def _status(message: RawMessage, address: Address) -> Availability:
    word = message.payload[:32].decode("utf-8", "replace").strip().strip('"').lower()
    if word not in ("online", "offline"):
        raise Rejected("bad_value", "status is online or offline.")
    return Availability(address.device, word == "online", message.retained, message.received)


def _info(payload: bytes, base: str) -> Info:
    """An empty payload takes the description back."""
    if not payload:
        return Info()
    body = parse_object(payload, "info")
    try:
        info = msgspec.convert(body, Info, strict=False)
    except msgspec.ValidationError as error:
        raise Rejected("bad_value", f"info does not fit: {error}.") from error
    check(msgspec.to_builtins(info.limits), "info")  # "nan" and "inf" as texts have become numbers
    texts = (info.name, info.manufacturer, info.model, info.firmware, info.area, info.via, *info.labels)
    if (
        any(text is not None and len(text) > 200 for text in texts)
        or len(info.labels) > 50
        or len(info.units) > 256
        or len(info.limits) > 256
    ):
        raise Rejected("bad_value", "info holds texts of at most 200 characters, 50 labels, 256 units and 256 limits.")
    for key, held in (("titles", info.titles), ("classes", info.classes), ("categories", info.categories)):
        if len(held) > MAX_METRICS or any(not 0 < len(text) <= MAX_TITLE for text in held.values()):
            raise Rejected("bad_value", f"info.{key} holds at most {MAX_METRICS} texts of 1 to {MAX_TITLE} characters.")
    if info.max_silence is not None and not 1 <= info.max_silence <= MAX_SILENCE:
        raise Rejected("bad_value", f"max_silence = {info.max_silence:g}: allowed are 1 to {MAX_SILENCE} seconds.")
    units = {name: spell(unit) for name, unit in info.units.items()}
    return msgspec.structs.replace(info, units=units, commands=_commands(info.commands, base))


def _commands(described: dict[str, dict[str, Any]], base: str) -> dict[str, dict[str, Any]]:
    """What the device takes; where it goes and how it is written is the hub's to say, not the device's."""
    if len(described) > MAX_COMMANDS:
        raise Rejected("bad_value", f"info holds at most {MAX_COMMANDS} commands.")
    commands = {}
    for name, schema in described.items():
        if not COMMAND.fullmatch(name):
            raise Rejected("bad_value", "A command's name has 1 to 64 letters, digits, '.', '_' or '-'.")
        told = {"type": "object", **schema, "topic": f"{base}/commands/{name}", "encoding": "native", "replies": True}
        try:
            msgspec.convert(told, CommandDescriptor)
        except msgspec.ValidationError as error:
            raise Rejected("bad_value", f"The command {name!r} is described wrongly: {error}.") from error
        commands[name] = told
    return commands


def _reply(message: RawMessage, address: Address) -> Reply:
    body = parse_object(message.payload, "A reply")
    command, status = body.get("id"), body.get("status")
    if not isinstance(command, str) or status not in ("done", "failed"):
        raise Rejected("bad_value", 'A reply is {"id": "…", "status": "done" or "failed"}.')
    detail = body.get("error") if status == "failed" else body.get("result")
    return Reply(address.device, command, status == "done", None if detail is None else str(detail)[:1000])
