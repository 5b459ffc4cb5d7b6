"""Decode native telemetry, a JSON object of metrics or a list of these, to records.

Valid values are kept, and each invalid one is rejected. Null and an empty text mean that the value is unknown. The
items of a list are independent of each other.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence
from datetime import tzinfo
from typing import Any

import msgspec

from hub.dialects.base import Result, View, expired_values
from hub.dialects.payload import NOT_FINITE, is_unknown, metric_name, rejection, scalar
from hub.dialects.payload_schema import PayloadSchema
from hub.dialects.rejections import Fault, reject_all, rejections
from hub.dialects.times import when, zone_of
from hub.errors import Rejected
from hub.model import Identity, Quality, RawMessage, Record, Rejection, Value, ValueExpired, key_of_id, key_of_seq

SENDER_KEYS = ("device_id", "deviceId")
"""Keys that name the sending device, in a payload or in its object ``metrics``; they are never metrics.

The key ``id`` is not among them: it identifies the message.
"""
RESERVED = frozenset(("ts", "seq", "id", "metrics", *SENDER_KEYS))
"""Keys of a flat payload that are not metrics."""
MAX_ITEMS = 10_000
MAX_NAMES = 200_000
_names: set[str] = set()
"""Cache of metric names that are valid and not in :data:`RESERVED`."""


class TelemetryTopic:
    """The parts of a topic, and the state of the decoder for its payloads.

    Attributes:
        kind: The level after the device: ``telemetry``, ``status``, ...
        metric: The level after ``telemetry``; None if there is none.
        payload_schema: The schema of the last payload; None if no decoder was made for that schema.
        mismatches: How many payloads did not match the schema.
        without_schema: How many of the next messages are decoded without a schema, since many payloads did not match.
    """

    __slots__ = ("device", "kind", "metric", "mismatches", "native_id", "payload_schema", "without_schema")

    def __init__(self, device: str, native_id: str, kind: str, metric: str | None) -> None:
        self.device = device
        self.native_id = native_id
        self.kind = kind
        self.metric = metric
        self.payload_schema: PayloadSchema | None = None
        self.mismatches = self.without_schema = 0


DecodedItem = tuple[Record, "Item"]


class Item:
    """Decoder of one JSON object with telemetry.

    Attributes:
        faults: The invalid values of the object.
        unknown: Metrics without a value: null, an empty text, or a word like ``unavailable`` in place of a number.
    """

    __slots__ = ("_view", "faults", "unknown")

    def __init__(self, view: View) -> None:
        self._view = view
        self.faults: list[Fault] = []
        self.unknown: list[str] = []

    def read(
        self,
        message: RawMessage,
        topic: TelemetryTopic,
        body: dict[str, Any],
        checksum: int | None = None,
        zone: tzinfo | None = None,
    ) -> Record:
        """Return the valid values as one record. A heartbeat (``{}`` or only nulls) gives a record without values.

        Args:
            message: The message.
            topic: The parts of its topic.
            body: The JSON object.
            checksum: The CRC-32 of the whole list plus the index of this item. None if the object is not in a list.
            zone: The time zone that applies if the time in ``body`` has no zone.

        Raises:
            Rejected: The object is not telemetry of this device.
        """
        check_sender(body, topic)
        metrics = body.get("metrics")
        if metrics is None:
            values = self._values(body, RESERVED, topic.device)
        elif type(metrics) is dict:
            check_sender(metrics, topic)
            values = self._values(metrics, SENDER_KEYS, topic.device)
        else:
            raise Rejected(
                "bad_value", f'metrics must be an object such as {{"temperature": 21.5}}, not {metrics!r:.40}.'
            )
        ts, quality = self._time(body.get("ts"), message, zone)
        return Record(topic.device, ts, message.received, values, quality, self._key(body, message.payload, checksum))

    def _values(self, metrics: dict[str, Any], reserved: Collection[str], device: str) -> dict[str, Value]:
        values: dict[str, Value] = {}
        names = _names
        for name, value in metrics.items():
            if type(value) is float and name in names:
                values[name] = value
            elif name in reserved:
                pass
            elif value is None or value == "" or (type(value) is str and no_value(value, device, name, self._view)):
                self.unknown.append(name)
            else:
                try:
                    values[_checked_name(name)] = scalar(name, value)
                except Rejected as error:
                    self.faults.append((name, value, error))
                    if isinstance(value, str) and value in NOT_FINITE:
                        self.unknown.append(name)
        return values

    def _time(self, value: Any, message: RawMessage, zone: tzinfo | None) -> tuple[int, Quality]:
        try:
            return when(value, message.received, retained=message.retained, zone=zone)
        except Rejected as error:
            self.faults.append(("ts", value, error))
            return message.received, "retained" if message.retained else "clock"

    def _key(self, body: dict[str, Any], payload: bytes, checksum: int | None) -> int | None:
        """Return a deduplication key, which is equal for repeated deliveries of a message, or of one item of a list.

        The key is made of ``id``, ``seq`` and the content; None if the object has neither ``id`` nor ``seq``. An item
        with an ``id`` is also recognized if it arrives in another list.
        """
        name, seq = body.get("id"), body.get("seq")
        if seq is not None and (type(seq) is not int or abs(seq) > 2**63):
            self.faults.append(("seq", seq, Rejected("bad_value", f"seq must be an integer, not {seq!r:.40}.")))
            seq = None
        if name is not None:
            if type(name) in (str, int) and len(str(name)) <= 128:
                return key_of_id(f"{name}" if seq is None else f"{name}\0{seq}", msgspec.json.encode(body))
            text = f"id must be a text or an integer of at most 128 characters, not {name!r:.40}."
            error = Rejected("bad_value", text)
            self.faults.append(("id", name, error))
        if seq is None:
            return None
        return key_of_seq(seq, zlib.crc32(payload) if checksum is None else checksum & 0xFFFF_FFFF)


def check_sender(body: dict[str, Any], topic: TelemetryTopic) -> None:
    """Raise Rejected if the payload names another device than the topic.

    The broker checks only whether a client may publish on a topic, so the device in the topic is the trusted one.
    """
    for key in SENDER_KEYS:
        device_id = body.get(key)
        if device_id is not None and str(device_id) != topic.native_id:
            found = f"{key} = {str(device_id)[:60]!r}"
            raise Rejected("wrong_device", f"{found} is not the topic's device, {topic.native_id[:60]!r}.")


def no_value(text: str, device: str, metric: str, view: View) -> bool:
    """Return True if ``text``, such as ``unavailable``, means that the metric has no value.

    Return False if the metric's latest value is a text, because the word may then be a state. If the metric has no
    value yet, return True for all such words except ``none``.
    """
    if not is_unknown(text) or text in NOT_FINITE:
        return False
    latest = view.latest(device, metric)
    return text.strip().lower() != "none" if latest is None else not isinstance(latest.value, str)


def read_list(
    message: RawMessage, topic: TelemetryTopic, body: list[Any], view: View
) -> tuple[list[DecodedItem], list[Rejection]]:
    """Return the decoded items of a list, and a rejection for each item that could not be decoded.

    Raises Rejected (``too_large``) if the list has too many items.
    """
    if len(body) > MAX_ITEMS:
        raise Rejected("too_large", f"The list has {len(body)} items; at most {MAX_ITEMS} are allowed.")
    decoded: list[DecodedItem] = []
    rejected: list[Rejection] = []
    checksum = zlib.crc32(message.payload)
    zone = zone_of((item.get("ts") for item in body if type(item) is dict), message.received)
    for index, each in enumerate(body):
        item = Item(view)
        try:
            if type(each) is not dict:
                raise Rejected(
                    "bad_value", f'Item {index} of the list must be an object such as {{"temperature": 21.5}}.'
                )
            record = item.read(message, topic, each, checksum + index, zone)
            if not record.values and len(item.faults) == 1 and not item.unknown:
                raise item.faults[0][2]
        except Rejected as error:
            rejected.append(rejection(message, error, msgspec.json.encode(each)))
        else:
            decoded.append((record, item))
    return decoded, rejected


def result_of(message: RawMessage, items: Sequence[DecodedItem], identities: Sequence[Identity], view: View) -> Result:
    """Return the result of a message: its records, values that became unknown, and invalid values as rejections.

    If no value is valid, the whole message is rejected; this raises Rejected as :func:`reject_all` does.
    """
    records = [record for record, _ in items]
    faults = [fault for _, item in items for fault in item.faults]
    unknown: dict[str, ValueExpired] = {}
    for record, item in items:
        unknown |= {expiration.metric: expiration for expiration in expired_values(record, item.unknown, view)}
        for name in record.values if unknown else ():
            unknown.pop(name, None)  # a later item has a value for it
    if faults and not any(record.values or item.unknown for record, item in items):
        return Result(rejections=reject_all(message, faults), heard=tuple({record.device for record, _ in items}))
    return Result(records, identities, expirations=list(unknown.values()), rejections=rejections(message, faults))


def _checked_name(name: str) -> str:
    """Return ``name`` if it is a valid metric name, and remember it unless it is reserved. Raises Rejected.

    Remembered names are not checked again. If a name is remembered, :meth:`Item._values` accepts a float under it
    without any check. That is safe, because a JSON number with a decimal point is always finite.
    """
    if metric_name(name) not in RESERVED:  # reserved only at the top level, not in "metrics"
        if len(_names) >= MAX_NAMES:
            _names.clear()
        _names.add(name)
    return name
