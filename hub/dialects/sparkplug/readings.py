"""The metrics of one payload as records: each by its name or alias, at its own time. Knows no topic and no session.

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
    """``lost`` says that the birth does not explain these metrics: it was another one, or none was heard. ``unknown``
    are the metrics that are null or of bad quality."""

    records: Sequence[Record]
    rejections: Sequence[Rejection]
    lost: bool
    unknown: Sequence[str] = ()


def decode_metrics(
    message: RawMessage, device: str, birth: Birth, own: Fields, metrics: Sequence[Fields], *, born: bool = False
) -> DecodedMetrics:
    """All readings of a payload: one record for each time (and for what is historical) in it.

    ``born``: all that a birth says holds at the time of the birth, however long ago it came to be so."""
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
            faults.append((name or f"alias {metric.get(wire.ALIAS)}", _shown(metric), _naming(name, error)))
            lost = lost or error.reason in ("before_birth", "wrong_type")
            continue
        lost = lost or name not in birth.types
        if value is not None:
            sampled = sent if born else metric.get(wire.SAMPLED, sent)
            groups.setdefault((sampled, bool(metric.get(wire.HISTORICAL))), {})[name] = value
        elif datatype != NO_READING and not metric.get(wire.HISTORICAL):
            unknown.append(name)  # null, or of bad quality
    if not groups and not faults:
        groups[sent, False] = {}  # nothing that is a reading, and yet a sign of life
    records = [_record(message, device, values, *at) for at, values in groups.items()]
    return DecodedMetrics(records, rejections(message, faults), lost, [] if message.retained else unknown)


def _naming(name: str, error: Rejected) -> Rejected:
    return Rejected(error.reason, f"{name[:60]!r}: {error.message}") if name else error


def _shown(metric: Fields) -> str:
    """The metric's value as far as it can be shown."""
    return ", ".join(str(value)[:60] for key, value in metric.items() if key not in (wire.NAME, wire.ALIAS))


def _undeclared(name: str, metric: Fields) -> int:
    """The datatype of a metric that the birth does not explain: its own. Raises Rejected (``before_birth``)."""
    datatype = metric.get(wire.DATATYPE)
    if not name or datatype is None:
        raise Rejected("before_birth", "A metric stands here that no birth certificate has declared.")
    return int(datatype) if is_reading(metric_name(name), datatype) else NO_READING


def _record(message: RawMessage, device: str, values: dict[str, Value], ts: int | None, historical: bool) -> Record:
    at, quality = _time(message, ts)
    if historical and ts is not None and not message.retained and ts < message.received + LATE:
        at, quality = ts, "late"  # kept back while there was no connection, for days perhaps
    return Record(device, at, message.received, values, quality)


def _time(message: RawMessage, ts: int | None) -> tuple[int, Quality]:
    try:
        return when(ts, message.received, retained=message.retained)
    except Rejected:
        return message.received, "retained" if message.retained else "clock"
