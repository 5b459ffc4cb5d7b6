"""Native telemetry: an object of metrics, or a list of these, as records.

What fits is taken; a value that does not costs itself only and is shown as a rejection. Null and an empty text say that
a metric is not known now. In a list each item stands for itself.
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
from hub.dialects.rejections import Fault, nothing_fits, rejections
from hub.dialects.times import when, zone_of
from hub.errors import Rejected
from hub.model import Identity, Quality, RawMessage, Record, Rejection, Value, ValueExpired, key_of_id, key_of_seq

RESERVED = frozenset(("ts", "seq", "id", "device_id", "metrics"))
"""Keys of a flat payload that are not metrics."""
MAX_ITEMS = 10_000
MAX_REMEMBERED = 200_000
_names: set[str] = set()
"""Names that are known to be good, and none of :data:`RESERVED`."""


class TelemetryTopic:
    """Which device a topic is about, and what of it. ``layout`` is how its telemetry was written last, as far as that
    is familiar; after many ``surprises`` its next ``careful`` messages are read without."""

    __slots__ = ("careful", "device", "kind", "metric", "native_id", "payload_schema", "surprises")

    def __init__(self, device: str, native_id: str, kind: str, metric: str | None) -> None:
        self.device = device
        self.native_id = native_id
        self.kind = kind
        self.metric = metric
        self.payload_schema: PayloadSchema | None = None
        self.surprises = self.careful = 0


Said = tuple[Record, "Item"]


class Item:
    """One object of telemetry while it is read: the metrics that are ``unknown`` (null, an empty text, or a word like
    ``unavailable`` in place of a number), and what does not fit, which costs itself only."""

    __slots__ = ("_view", "faults", "unknown")

    def __init__(self, view: View) -> None:
        self._view = view
        self.faults: list[Fault] = []
        self.unknown: list[str] = []

    def read(
        self,
        message: RawMessage,
        address: TelemetryTopic,
        body: dict[str, Any],
        check: int | None = None,
        zone: tzinfo | None = None,
    ) -> Record:
        """Return what fits as one record; its values are empty for a bare heartbeat (``{}`` or nothing but nulls).

        ``check`` stands for the payload in the key of an item of a list: the CRC-32 of the list plus its place.
        ``zone`` is that of wall clocks in a list.
        Raises Rejected for what is no telemetry of this device at all."""
        named = body.get("device_id")
        if named is not None and named != address.native_id:
            said = f"device_id = {str(named)[:60]!r}"
            raise Rejected("wrong_device", f"{said} is not the topic's device, {address.native_id[:60]!r}.")
        metrics = body.get("metrics")
        if metrics is None:
            values = self._values(body, RESERVED, address.device)
        elif type(metrics) is dict:
            values = self._values(metrics, frozenset(), address.device)
        else:
            raise Rejected(
                "bad_value", f'metrics must be an object such as {{"temperature": 21.5}}, not {metrics!r:.40}.'
            )
        ts, quality = self._time(body.get("ts"), message, zone)
        return Record(address.device, ts, message.received, values, quality, self._key(body, message.payload, check))

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
                    values[_named(name)] = scalar(name, value)
                except Rejected as error:
                    self.faults.append((name, value, error))
                    if isinstance(value, str) and value in NOT_FINITE:
                        self.unknown.append(name)
        return values

    def _time(self, said: Any, message: RawMessage, zone: tzinfo | None) -> tuple[int, Quality]:
        try:
            return when(said, message.received, retained=message.retained, zone=zone)
        except Rejected as error:
            self.faults.append(("ts", said, error))
            return message.received, "retained" if message.retained else "clock"

    def _key(self, body: dict[str, Any], payload: bytes, check: int | None) -> int | None:
        """Return what tells a repeated delivery: its ``id`` and ``seq``, as far as it gives them, with what it says.

        An item of a list that has an ``id`` is known again in any list."""
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
        return key_of_seq(seq, zlib.crc32(payload) if check is None else check & 0xFFFF_FFFF)


def no_value(text: str, device: str, metric: str, view: View) -> bool:
    """Return True for a text like ``unavailable`` that stands for no value: where the metric is no text.

    A metric that has texts may be in a state of that name. One that is new is in none, save ``none`` itself."""
    if not is_unknown(text) or text in NOT_FINITE:
        return False
    latest = view.latest(device, metric)
    return text.strip().lower() != "none" if latest is None else not isinstance(latest.value, str)


def read_list(
    message: RawMessage, address: TelemetryTopic, body: list[Any], view: View
) -> tuple[list[Said], list[Rejection]]:
    """Return what the items of a list say, and the items that say nothing."""
    if len(body) > MAX_ITEMS:
        raise Rejected("too_large", f"A list holds at most {MAX_ITEMS} items.")
    said: list[Said] = []
    rejected: list[Rejection] = []
    check = zlib.crc32(message.payload)
    zone = zone_of((item.get("ts") for item in body if type(item) is dict), message.received)
    for index, each in enumerate(body):
        item = Item(view)
        try:
            if type(each) is not dict:
                raise Rejected(
                    "bad_value", f'Item {index} of the list must be an object such as {{"temperature": 21.5}}.'
                )
            record = item.read(message, address, each, check + index, zone)
            if not record.values and len(item.faults) == 1 and not item.unknown:
                raise item.faults[0][2]
        except Rejected as error:
            rejected.append(rejection(message, error, msgspec.json.encode(each)))
        else:
            said.append((record, item))
    return said, rejected


def result_of(message: RawMessage, said: Sequence[Said], identities: Sequence[Identity], view: View) -> Result:
    """Return what fits of a message, and what does not. Raises Rejected where nothing fits for one reason."""
    records = [record for record, _ in said]
    faults = [fault for _, item in said for fault in item.faults]
    unknown: dict[str, ValueExpired] = {}
    for record, item in said:
        unknown |= {expiration.metric: expiration for expiration in expired_values(record, item.unknown, view)}
        for name in record.values if unknown else ():
            unknown.pop(name, None)  # a newer item knows it again
    if faults and not any(record.values or item.unknown for record, item in said):
        return Result(rejections=nothing_fits(message, faults), heard=tuple({record.device for record, _ in said}))
    return Result(records, identities, expirations=list(unknown.values()), rejections=rejections(message, faults))


def _named(name: str) -> str:
    """The name if it is one; remembered, so that a fleet's few names are looked at once. (A number of JSON that is
    no integer is always a finite float, and needs no second look either.)"""
    if len(_names) >= MAX_REMEMBERED:
        _names.clear()
    _names.add(metric_name(name))
    return name
