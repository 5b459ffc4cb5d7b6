"""The hub's own dialect: ``ROOT/{id}/telemetry`` and its siblings, as the README's table gives them.

Telemetry itself is read in ``telemetry``.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from typing import Any

import msgspec

from hub.bounds import check
from hub.dialects.astray import Astray
from hub.dialects.base import Action, CommandReply, DialectState, Result, View
from hub.dialects.payload import (
    MAX_NAME,
    came,
    metric_name,
    parse_object,
    parse_telemetry,
    plain,
)
from hub.dialects.payload_schema import PayloadSchema, PayloadSchemas
from hub.dialects.registration import BaseTopic, DialectSettings, DialectType
from hub.dialects.rejections import Fault, nothing_fits, rejections
from hub.dialects.telemetry import Item, TelemetryTopic, no_value, read_list, result_of
from hub.dialects.times import when
from hub.dialects.units import spell
from hub.errors import Rejected
from hub.model import (
    Availability,
    CommandDescriptor,
    Identity,
    Info,
    RawMessage,
    Record,
    TwinUpdate,
    ValueExpired,
    key_of_seq,
)
from hub.model.metric import MAX_TITLE
from hub.topics import slug

KINDS = frozenset(("telemetry", "status", "info", "replies", "desired", "reported"))
MAX_COMMANDS = 64
MAX_METRICS = 256
MAX_SILENCE = 31_536_000
"""Seconds: a year."""
COMMAND = re.compile(r"[A-Za-z0-9._-]{1,64}")
MAX_REMEMBERED = 200_000
MAX_REMEMBERED_TOPIC = 1_024
"""Characters of a topic that is worth remembering: one may have 65,535."""
MAX_SURPRISES = 20
CAREFUL = 1_000


class NativeDialect:
    """``root`` is the first level (or levels) of every topic."""

    name = "native"

    def __init__(self, root: str = "devices") -> None:
        self.root = root
        self._prefix = root + "/"
        self._addresses: dict[str, TelemetryTopic] = {}
        self._layouts = PayloadSchemas()
        self._astray = Astray(root)

    @property
    def filters(self) -> Sequence[str]:
        """All below the root: what is published on a topic that means nothing here is shown to its sender."""
        return [f"{self.root}/#"]

    @property
    def topics(self) -> Sequence[str]:
        """The filters of the topics that mean something: nobody else may hear these, or they would come twice."""
        return [f"{self.root}/+/{kind}" for kind in sorted(KINDS)] + [f"{self.root}/+/telemetry/+"]

    def owns(self, topic: str) -> bool:
        return topic.startswith(self._prefix)

    def decode(self, message: RawMessage, view: View) -> Result:
        address = self._addresses.get(message.topic) or self._address(message.topic)
        if address is None:
            return self._astray.result(message)
        try:
            if address.kind == "telemetry":
                return self._telemetry(message, address, view)
            return self._other(message, address)
        except Rejected as error:
            if address.kind != "desired":
                error.sender = address.device
            raise

    def _other(self, message: RawMessage, address: TelemetryTopic) -> Result:
        """Read whatever is no telemetry."""
        kind = address.kind
        identity = Identity(address.device, address.native_id, self.name)
        if kind == "status":
            return Result(identities=(identity,), availability=(_status(message, address),))
        if kind == "info":
            info, faults = _info(message.payload, self._prefix + address.native_id)
            if faults and info == Info():
                return Result(rejections=nothing_fits(message, faults), heard=(address.device,))
            described = msgspec.structs.replace(identity, info=info)
            return Result(identities=(described,), rejections=rejections(message, faults), heard=(address.device,))
        if kind == "replies":
            return Result(identities=(identity,), replies=(_reply(message, address),))
        values = parse_object(message.payload, kind) if message.payload else {}
        if not all(1 <= len(key) <= MAX_NAME for key in values):
            raise Rejected("bad_name", f"A twin's key has 1 to {MAX_NAME} characters.")
        update = TwinUpdate(address.device, "desired" if kind == "desired" else "reported", values)
        return Result(identities=(identity,), desired_state=(update,))

    def apply(self, change: DialectState) -> Sequence[Action]:
        """Nothing to learn: every message says all that it takes to read it."""
        return ()

    def tick(self, view: View, now: int) -> Result:
        return Result()

    def _address(self, topic: str) -> TelemetryTopic | None:
        """Which device and what a topic is about; remembered, since a fleet has few topics and many messages. None for
        a topic that means nothing here."""
        levels = topic.removeprefix(self._prefix).split("/")
        known = len(levels) >= 2 and levels[1] in KINDS
        if not known or len(levels) > (3 if levels[1] == "telemetry" else 2) or not levels[0]:
            return None
        metric = metric_name(levels[2]) if len(levels) == 3 else None
        address = TelemetryTopic(slug(levels[0]), levels[0], levels[1], metric)
        if len(topic) <= MAX_REMEMBERED_TOPIC:
            if len(self._addresses) >= MAX_REMEMBERED:
                self._addresses.clear()
            self._addresses[topic] = address
        return address

    def _telemetry(self, message: RawMessage, address: TelemetryTopic, view: View) -> Result:
        # A known device needs no introduction: one object less on the hot path.
        identities = () if view.known(address.device) else (Identity(address.device, address.native_id, self.name),)
        if address.metric is not None:
            return self._single(message, address, address.metric, identities, view)
        if (
            address.payload_schema is not None
            and (record := _familiar(message, address, address.payload_schema)) is not None
        ):
            return Result((record,), identities, payload_schema=address.payload_schema)
        try:
            body = parse_telemetry(message.payload)
        except Rejected as error:
            raise self._no_telemetry(message, address, error.reason) if error.reason == "not_json" else error from None
        if type(body) is dict:
            item = Item(view)
            record = item.read(message, address, body)
            if item.faults or item.unknown:
                return result_of(message, [(record, item)], identities, view)
            if address.careful:
                address.careful -= 1
            else:
                address.payload_schema = self._layouts.of(body, record.values)
            return Result((record,), identities)
        if type(body) is not list:
            raise self._no_telemetry(message, address, "bad_value")
        said, rejected = read_list(message, address, body, view)
        result = result_of(message, said, identities, view)
        return msgspec.structs.replace(result, rejections=[*rejected, *result.rejections]) if rejected else result

    def _no_telemetry(self, message: RawMessage, address: TelemetryTopic, reason: str) -> Rejected:
        alone = f"{self._prefix}{address.native_id[:60]}/telemetry/METRIC"
        return Rejected(
            reason,
            f'Telemetry must be a JSON object such as {{"temperature": 21.5}}, or a list of these; the payload is '
            f"{came(message.payload)}. Publish a value alone on {alone}.",
        )

    def _single(
        self, message: RawMessage, address: TelemetryTopic, metric: str, identities: Sequence[Identity], view: View
    ) -> Result:
        value = plain(metric, message.payload)
        if value is None or (type(value) is str and no_value(value, address.device, metric, view)):
            if not message.payload or message.retained:
                return Result(identities=identities)
            expirations = (ValueExpired(address.device, metric, message.received),)
            return Result(identities=identities, expirations=expirations, heard=(address.device,))
        ts, quality = when(None, message.received, retained=message.retained)
        return Result((Record(address.device, ts, message.received, {metric: value}, quality),), identities)


def _familiar(message: RawMessage, address: TelemetryTopic, payload_schema: PayloadSchema) -> Record | None:
    """What :meth:`Item.read` would make of it, without looking at each value; None where it has another layout."""
    read = payload_schema.read(message.payload)
    if read is None:
        address.payload_schema = None
        address.surprises += 1
        if address.surprises >= MAX_SURPRISES:
            address.surprises, address.careful = 0, CAREFUL
        return None
    values, said, seq = read
    ts, quality = when(said, message.received, retained=message.retained)
    key = None if seq is None else key_of_seq(seq, zlib.crc32(message.payload))
    return Record(address.device, ts, message.received, values, quality, key)


def _status(message: RawMessage, address: TelemetryTopic) -> Availability:
    word = message.payload[:32].decode("utf-8", "replace").strip().strip('"').lower()
    if word not in ("online", "offline"):
        raise Rejected("bad_value", f"status must be online or offline; the payload is {came(message.payload)}.")
    return Availability(address.device, word == "online", message.retained, message.received)


def _info(payload: bytes, base: str) -> tuple[Info, list[Fault]]:
    """Return a description and the keys of it that do not fit. An empty payload takes the description back."""
    fields: dict[str, Any] = {}
    faults: list[Fault] = []
    for key, value in parse_object(payload, "info").items() if payload else ():
        if key in Info.__struct_fields__:
            try:
                fields[key] = getattr(_part_of_info({key: value}, base), key)
            except Rejected as error:
                faults.append((key, value, error))
    return Info(**fields), faults


def _part_of_info(body: dict[str, Any], base: str) -> Info:
    """Raises Rejected (``bad_value``)."""
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


def _reply(message: RawMessage, address: TelemetryTopic) -> CommandReply:
    body = parse_object(message.payload, "A reply")
    command, status = body.get("id"), body.get("status")
    if not isinstance(command, str) or status not in ("done", "failed"):
        expected = 'A reply must be {"id": "…", "status": "done" or "failed"}'
        raise Rejected("bad_value", f"{expected}; the payload is {came(message.payload)}.")
    detail = body.get("error") if status == "failed" else body.get("result")
    return CommandReply(address.device, command, status == "done", None if detail is None else str(detail)[:1000])


class NativeSettings(DialectSettings, frozen=True):
    root: BaseTopic = "devices"
    """The first level, or levels, of every topic."""


DIALECT = DialectType(
    settings=NativeSettings,
    make=lambda settings, context: NativeDialect(settings.root),
    roots=lambda settings: (settings.root,),
)
