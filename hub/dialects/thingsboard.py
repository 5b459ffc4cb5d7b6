"""ThingsBoard's MQTT API for devices (``v1/devices/me/…``) and gateways (``v1/gateway/…``). No ThingsBoard is needed.

In ThingsBoard, a device's topics do not contain its name: the login identifies the device. A broker does not pass the
login on, so here each device needs its own topic level in place of ``me``. A gateway's messages name their devices.

Source: the ThingsBoard documentation, "MQTT Device API" and "MQTT Gateway API"; ``JsonConverter.java`` for the values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.dialects.base import Action, DialectState, Result, View, expired_values
from hub.dialects.payload import NOT_FINITE, excerpt, is_unknown, metric_name, parse_telemetry, scalar, telemetry_object
from hub.dialects.registration import DialectSettings, DialectType
from hub.dialects.rejections import Fault, reject_all, rejections
from hub.dialects.repair import UNREADABLE
from hub.dialects.times import when
from hub.errors import Rejected
from hub.model import Availability, Identity, Info, RawMessage, Record, Value, ValueExpired
from hub.topics import slug

GATEWAY, DEVICES = "v1/gateway/", "v1/devices/"
MAX_ITEMS = 10_000
MAX_DEPTH = 12
_TOPIC = re.compile(rf"{DEVICES}[^/]+/(?:telemetry|attributes)|{GATEWAY}(?:telemetry|attributes|(?:dis)?connect)")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,15})(?:\.\d{1,15})?", re.ASCII)
"""Texts that are stored as numbers, as ThingsBoard does by default."""


class ThingsBoardDialect:
    """Dialect of ThingsBoard. It keeps no state."""

    name = "thingsboard"
    filters: Sequence[str] = (
        f"{DEVICES}+/telemetry",
        f"{DEVICES}+/attributes",
        *(f"{GATEWAY}{each}" for each in ("telemetry", "attributes", "connect", "disconnect")),
    )

    def owns(self, topic: str) -> bool:
        return topic.startswith("v1/") and _TOPIC.fullmatch(topic) is not None

    def decode(self, message: RawMessage, view: View) -> Result:
        kind = message.topic.rpartition("/")[2]
        if not message.payload:
            return Result()  # a retained message was deleted
        if kind in ("connect", "disconnect"):
            return self._connection(message, view, online=kind == "connect")
        named = dict(self._devices(message))
        if kind == "attributes":  # settings and versions, no readings
            return Result(heard=[name for each in named if view.known(name := _id(each))])
        return self._telemetry(message, named, view)

    def _devices(self, message: RawMessage) -> Iterator[tuple[str, Any]]:
        """Yield, for each device in a message, its native id and the parsed telemetry. Raises Rejected."""
        if message.topic.startswith(DEVICES):
            yield message.topic.split("/")[2], parse_telemetry(message.payload)
            return
        yield from telemetry_object(message.payload, "A message of a ThingsBoard gateway").items()

    def _connection(self, message: RawMessage, view: View, *, online: bool) -> Result:
        body = telemetry_object(message.payload, "A connection of a ThingsBoard gateway")
        native_id, model = body.get("device"), body.get("type")
        if not isinstance(native_id, str) or native_id in ("", UNREADABLE):
            raise Rejected(
                "no_device", f'A gateway must name the device: {{"device": "…"}}; {excerpt(message.payload)}'
            )
        availability = Availability(_id(native_id), online, message.retained, message.received)
        if not online and not view.known(availability.device):
            return Result()
        info = Info(name=native_id, model=model[:200] if isinstance(model, str) else None)
        return Result(availability=(availability,), identities=(self._identity(native_id, info),))

    def _telemetry(self, message: RawMessage, named: Mapping[str, Any], view: View) -> Result:
        records: list[Record] = []
        faults: list[Fault] = []
        expired: list[ValueExpired] = []
        for native_id, sent in named.items():
            if native_id == UNREADABLE:
                faults.append((native_id, sent, Rejected("not_utf8", "The name of a device is not valid UTF-8 text.")))
                continue
            items = sent if isinstance(sent, list) else [sent]
            if len(items) > MAX_ITEMS:
                problem = f"A list of ThingsBoard may have {MAX_ITEMS:,} items; this one has {len(items):,}."
                faults.append((native_id, f"items {MAX_ITEMS + 1} to {len(items)}", Rejected("too_large", problem)))
            for item in items[:MAX_ITEMS]:
                unknown: list[str] = []
                try:
                    record = _record(_id(native_id), item, message, unknown, faults)
                except Rejected as error:
                    faults.append((native_id, item, error))
                    continue
                expired += expired_values(record, unknown, view)
                if record.values:
                    records.append(record)
        if faults and not records:
            return Result(rejections=reject_all(message, faults), expirations=expired)
        seen = {record.device for record in records}
        new = [each for each in named if _id(each) in seen and not view.known(_id(each))]
        return Result(
            records=records,
            identities=[self._identity(each, Info(name=each)) for each in new],
            expirations=expired,
            rejections=rejections(message, faults),
        )

    def _identity(self, native_id: str, info: Info) -> Identity:
        return Identity(_id(native_id), native_id, self.name, info)

    def apply(self, change: DialectState) -> Sequence[Action]:
        return ()

    def tick(self, view: View, now: int) -> Result:
        return Result()


def _id(native_id: str) -> str:
    return f"thingsboard:{slug(native_id)}"


def _record(device: str, item: Any, message: RawMessage, unknown: list[str], faults: list[Fault]) -> Record:
    """Return the record for one item of a telemetry message.

    An item is an object of values, such as ``{"temperature": 21.5}``, or has them with a time: ``{"ts": …, "values":
    {…}}``. The names of values that are null or stand for "unknown" are added to ``unknown``, and invalid values to
    ``faults``. Raises Rejected if the item is not an object or its time is invalid.
    """
    values = item.get("values", item) if isinstance(item, dict) else None
    if not isinstance(values, dict):
        raise Rejected("bad_value", f"Telemetry of ThingsBoard must be an object of values, not {item!r:.40}.")
    ts, quality = when(item.get("ts") if values is not item else None, message.received, retained=message.retained)
    found: dict[str, Value] = {}
    for name, value in _leaves(values, "", 0):
        try:
            if value is None or is_unknown(value):
                unknown.append(metric_name(name))
                if value in NOT_FINITE:
                    scalar(name, value)
            elif isinstance(value, str) and _NUMBER.fullmatch(value):
                found[metric_name(name)] = float(value)
            else:
                found[metric_name(name)] = scalar(name, value)
        except Rejected as error:
            faults.append((name, value, error))
    return Record(device, ts, message.received, found, quality)


def _leaves(body: Mapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    """Yield the values of nested objects, each named by its keys joined with dots. Lists are left out."""
    for key, value in body.items():
        if isinstance(value, dict) and depth < MAX_DEPTH:
            yield from _leaves(value, f"{prefix}{key}.", depth + 1)
        elif not isinstance(value, list):
            yield f"{prefix}{key}", value


DIALECT = DialectType(
    settings=DialectSettings,
    make=lambda settings, context: ThingsBoardDialect(),
    roots=lambda settings: (DEVICES.rstrip("/"), GATEWAY.rstrip("/")),
)
