"""The hub's own dialect: ``ROOT/{id}/telemetry`` and the other topics in the README's table.

:mod:`hub.dialects.telemetry` decodes the telemetry.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import msgspec

from hub.dialects.base import Action, CommandReply, DialectState, Result, View
from hub.dialects.native_info import read_info
from hub.dialects.payload import (
    excerpt,
    metric_name,
    parse_telemetry,
    plain,
    telemetry_object,
)
from hub.dialects.payload_schema import PayloadSchema, PayloadSchemas
from hub.dialects.registration import BaseTopic, DialectSettings, DialectType
from hub.dialects.rejections import reject_all, rejections
from hub.dialects.telemetry import Item, TelemetryTopic, check_sender, no_value, read_list, result_of
from hub.dialects.times import when
from hub.dialects.twins import twin_values
from hub.dialects.unknown_topics import UnknownTopics
from hub.errors import Rejected, RejectionReason
from hub.model import (
    Availability,
    Identity,
    Info,
    RawMessage,
    Record,
    TwinUpdate,
    ValueExpired,
    key_of_seq,
)
from hub.topics import is_topic, slug

KINDS = frozenset(("telemetry", "status", "info", "replies", "desired", "reported"))
MAX_CACHED = 200_000
MAX_CACHED_TOPIC = 1_024
"""Maximum number of characters of a topic that is cached. Topics may have 65,535 characters."""
MAX_MISMATCHES = 20
WITHOUT_SCHEMA = 1_000
"""How many messages of a topic are decoded without a schema, after MAX_MISMATCHES payloads did not match it."""


class NativeDialect:
    """The hub's own dialect. ``root`` is the first level (or levels) of every topic."""

    name = "native"

    def __init__(self, root: str = "devices") -> None:
        self.root = root
        self._prefix = root + "/"
        self._topics: dict[str, TelemetryTopic] = {}  # cache by topic
        self._schemas = PayloadSchemas()
        self._unknown_topics = UnknownTopics(root)

    @property
    def filters(self) -> Sequence[str]:
        """The filter for all topics below the root, so that messages on unknown topics can be shown as rejected."""
        return [f"{self.root}/#"]

    @property
    def topics(self) -> Sequence[str]:
        """The filters of the known topics.

        The hub does not subscribe to them in addition to :attr:`filters`, because it would get each message twice.
        """
        return [f"{self.root}/+/{kind}" for kind in sorted(KINDS)] + [f"{self.root}/+/telemetry/+"]

    def owns(self, topic: str) -> bool:
        return topic.startswith(self._prefix)

    def decode(self, message: RawMessage, view: View) -> Result:
        topic = self._topics.get(message.topic) or self._parse_topic(message.topic)
        if topic is None:
            return self._unknown_topics.result(message)
        try:
            if topic.kind == "telemetry":
                return self._telemetry(message, topic, view)
            return self._other(message, topic)
        except Rejected as error:
            if topic.kind != "desired":
                error.sender = topic.device
            raise

    def _other(self, message: RawMessage, topic: TelemetryTopic) -> Result:
        """Decode a message that is not telemetry."""
        kind = topic.kind
        identity = Identity(topic.device, topic.native_id, self.name)
        if kind == "status":
            return Result(identities=(identity,), availability=(_status(message, topic),))
        if kind == "info":
            info, faults = read_info(message.payload, topic, self._prefix + topic.native_id)
            if faults and info == Info():
                return Result(rejections=reject_all(message, faults), heard=(topic.device,))
            described = msgspec.structs.replace(identity, info=info)
            return Result(identities=(described,), rejections=rejections(message, faults), heard=(topic.device,))
        if kind == "replies":
            return Result(identities=(identity,), replies=(_reply(message, topic),))
        values, faults = twin_values(message, topic)
        if faults and not values:
            return Result(rejections=reject_all(message, faults), heard=(topic.device,))
        update = TwinUpdate(topic.device, "desired" if kind == "desired" else "reported", values)
        return Result(identities=(identity,), desired_state=(update,), rejections=rejections(message, faults))

    def apply(self, change: DialectState) -> Sequence[Action]:
        """Do nothing: this dialect has no state."""
        return ()

    def tick(self, view: View, now: int) -> Result:
        return Result()

    def _parse_topic(self, name: str) -> TelemetryTopic | None:
        """Parse a topic; None if it is unknown. The result is cached: there are far fewer topics than messages."""
        levels = name.removeprefix(self._prefix).split("/")
        known = len(levels) >= 2 and levels[1] in KINDS and is_topic(name)
        if not known or len(levels) > (3 if levels[1] == "telemetry" else 2) or not levels[0]:
            return None
        metric = metric_name(levels[2]) if len(levels) == 3 else None
        topic = TelemetryTopic(slug(levels[0]), levels[0], levels[1], metric)
        if len(name) <= MAX_CACHED_TOPIC:
            if len(self._topics) >= MAX_CACHED:
                self._topics.clear()
            self._topics[name] = topic
        return topic

    def _telemetry(self, message: RawMessage, topic: TelemetryTopic, view: View) -> Result:
        # No identity for a known device: that is one object less for each message.
        identities = () if view.known(topic.device) else (Identity(topic.device, topic.native_id, self.name),)
        if topic.metric is not None:
            return self._single(message, topic, topic.metric, identities, view)
        if (
            topic.payload_schema is not None
            and (record := _read_with_schema(message, topic, topic.payload_schema)) is not None
        ):
            return Result((record,), identities, payload_schema=topic.payload_schema)
        try:
            body = parse_telemetry(message.payload)
        except Rejected as error:
            raise self._not_telemetry(message, topic, error.reason) if error.reason == "not_json" else error from None
        if type(body) is dict:
            item = Item(view)
            record = item.read(message, topic, body)
            if item.faults or item.unknown:
                return result_of(message, [(record, item)], identities, view)
            if topic.without_schema:
                topic.without_schema -= 1
            else:
                topic.payload_schema = self._schemas.observe(body, record.values)
            return Result((record,), identities)
        if type(body) is not list:
            raise self._not_telemetry(message, topic, "bad_value")
        items, rejected = read_list(message, topic, body, view)
        result = result_of(message, items, identities, view)
        return msgspec.structs.replace(result, rejections=[*rejected, *result.rejections]) if rejected else result

    def _not_telemetry(self, message: RawMessage, topic: TelemetryTopic, reason: RejectionReason) -> Rejected:
        single = f"{self._prefix}{topic.native_id[:60]}/telemetry/METRIC"
        return Rejected(
            reason,
            f'Telemetry must be a JSON object such as {{"temperature": 21.5}}, or a list of these; the payload is '
            f"{excerpt(message.payload)}. Publish a single value on {single}.",
        )

    def _single(
        self, message: RawMessage, topic: TelemetryTopic, metric: str, identities: Sequence[Identity], view: View
    ) -> Result:
        value = plain(metric, message.payload)
        if value is None or (type(value) is str and no_value(value, topic.device, metric, view)):
            if not message.payload or message.retained:  # an empty payload deletes a retained message
                return Result()
            expirations = (ValueExpired(topic.device, metric, message.received),)
            return Result(identities=identities, expirations=expirations, heard=(topic.device,))
        ts, quality = when(None, message.received, retained=message.retained)
        return Result((Record(topic.device, ts, message.received, {metric: value}, quality),), identities)


def _read_with_schema(message: RawMessage, topic: TelemetryTopic, payload_schema: PayloadSchema) -> Record | None:
    """Return the same record as :meth:`Item.read`, but faster, by the schema that the topic's last payloads had.

    Return None if the payload does not match the schema. The topic then has no schema, so its next message is read in
    the slow way.
    """
    read = payload_schema.read(message.payload)
    if read is None:
        topic.payload_schema = None
        topic.mismatches += 1
        if topic.mismatches >= MAX_MISMATCHES:
            topic.mismatches, topic.without_schema = 0, WITHOUT_SCHEMA
        return None
    values, time, seq = read
    ts, quality = when(time, message.received, retained=message.retained)
    key = None if seq is None else key_of_seq(seq, zlib.crc32(message.payload))
    return Record(topic.device, ts, message.received, values, quality, key)


def _status(message: RawMessage, topic: TelemetryTopic) -> Availability:
    word = message.payload[:32].decode("utf-8", "replace").strip().strip('"').lower()
    if word not in ("online", "offline"):
        raise Rejected("bad_value", f"status must be online or offline; the payload is {excerpt(message.payload)}.")
    return Availability(topic.device, word == "online", message.retained, message.received)


def _reply(message: RawMessage, topic: TelemetryTopic) -> CommandReply:
    body = telemetry_object(message.payload, "A reply")
    check_sender(body, topic)
    command, status = body.get("id"), body.get("status")
    if not isinstance(command, str) or status not in ("done", "failed"):
        expected = 'A reply must be {"id": "…", "status": "done" or "failed"}'
        raise Rejected("bad_value", f"{expected}; the payload is {excerpt(message.payload)}.")
    detail = body.get("error") if status == "failed" else body.get("result")
    return CommandReply(topic.device, command, status == "done", None if detail is None else str(detail)[:1000])


class NativeSettings(DialectSettings, frozen=True):
    prefix: BaseTopic = "devices"
    """The first level, or levels, of every topic of the hub's own dialect."""


DIALECT = DialectType(
    settings=NativeSettings,
    make=lambda settings, context: NativeDialect(settings.prefix),
    roots=lambda settings: (settings.prefix,),
)
