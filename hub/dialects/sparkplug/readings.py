"""Decode the metrics of a payload to records. A payload names a metric directly or by its alias.

A metric may have its own time.

Source: the Sparkplug 3.0 specification, 6.4.4 "Payload" and 6.4.5 "Metric".
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.dialects.payload import metric_name
from hub.dialects.rejections import Fault, rejections
from hub.dialects.sparkplug import wire
from hub.dialects.sparkplug.births import NO_READING, Birth, is_good, is_reading
from hub.dialects.sparkplug.wire import Fields
from hub.dialects.times import LATE, when
from hub.errors import Rejected
from hub.model import Quality, RawMessage, Record, Rejection, Value


class DecodedMetrics(msgspec.Struct, frozen=True):
    """The decoded metrics of one payload."""

    records: Sequence[Record]
    rejections: Sequence[Rejection]
    lost: bool  # the metrics do not match the birth, so a birth was missed
    unknown: Sequence[str] = ()  # metrics that are null or of bad quality


def decode_metrics(
    message: RawMessage, device: str, birth: Birth, own: Fields, metrics: Sequence[Fields], *, born: bool = False
) -> DecodedMetrics:
    """Return the readings of a payload: one record for each time. Historical values have records of their own.

    Args:
        message: The message with the payload.
        device: The device's id.
        birth: The birth certificate that declares the metrics.
        own: The fields of the payload itself.
        metrics: The fields of each metric.
        born: The payload is itself a birth certificate, so all its values are valid at the time of the birth.
    """
    sent = own.get(wire.TIMESTAMP)
    groups: dict[tuple[int | None, bool], dict[str, Value]] = {}
    faults: list[Fault] = []
    unknown: list[str] = []
    lost = False
    for metric in metrics:
        name = ""
        try:
            raw = metric.get(wire.NAME)
            name = wire.text(raw) if raw is not None else birth.aliases.get(metric.get(wire.ALIAS, -1), "")
            datatype = birth.types.get(name) or _undeclared(name, metric)
            good = wire.PROPERTIES not in metric or is_good(metric)
            value = wire.value(metric, datatype) if good else None
        except Rejected as error:
            faults.append((name or f"alias {metric.get(wire.ALIAS)}", _as_text(metric), _with_name(name, error)))
            lost = lost or error.reason in ("before_birth", "wrong_type")
            continue
        lost = lost or name not in birth.types
        if value is not None:
            sampled = sent if born else metric.get(wire.SAMPLED, sent)
            groups.setdefault((sampled, bool(metric.get(wire.HISTORICAL))), {})[name] = value
        elif datatype != NO_READING and not metric.get(wire.HISTORICAL):
            unknown.append(name)  # null, or of bad quality
    if not groups and not faults:
        groups[sent, False] = {}  # a record without values: a sign of life
    records = [_record(message, device, values, *at) for at, values in groups.items()]
    return DecodedMetrics(records, rejections(message, faults), lost, [] if message.retained else unknown)


def _with_name(name: str, error: Rejected) -> Rejected:
    return Rejected(error.reason, f"{name[:60]!r}: {error.message}") if name else error


def _as_text(metric: Fields) -> str:
    """Return the fields of a metric, except name and alias, as a text to show in its rejection."""
    return ", ".join(str(value)[:60] for key, value in metric.items() if key not in (wire.NAME, wire.ALIAS))


def _undeclared(name: str, metric: Fields) -> int:
    """Return the datatype in a metric's own message, for a metric that the birth certificate does not declare.

    Return :data:`NO_READING` if the metric is not a reading. Raises Rejected (``before_birth``) if the message does
    not have the name or the datatype.
    """
    datatype = metric.get(wire.DATATYPE)
    if not name or datatype is None:
        raise Rejected("before_birth", "The metric is not declared in a birth certificate. The hub requests a rebirth.")
    return int(datatype) if is_reading(metric_name(name), datatype) else NO_READING


def _record(message: RawMessage, device: str, values: dict[str, Value], ts: int | None, historical: bool) -> Record:
    at, quality = _time(message, ts)
    if historical and ts is not None and not message.retained and ts < message.received + LATE:
        at, quality = ts, "late"  # buffered without a connection, maybe for days
    return Record(device, at, message.received, values, quality)


def _time(message: RawMessage, ts: int | None) -> tuple[int, Quality]:
    try:
        return when(ts, message.received, retained=message.retained)
    except Rejected:
        return message.received, "retained" if message.retained else "clock"
