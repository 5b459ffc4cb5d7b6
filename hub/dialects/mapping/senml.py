"""Read SenML packs in JSON (RFC 8428). Base fields are resolved. There is one reading for each device and time.

The sum of a record (``s``) becomes the metric ``NAME.sum``. A data value (``vd``) is kept as base64 text. If a pack has
the same name in several units, such as a position, the unit is appended to the metric's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from hub.dialects.mapping.reading import MappedValues
from hub.dialects.payload import is_unknown, scalar
from hub.dialects.rejections import Fault
from hub.errors import Rejected
from hub.model import Value

VERSION = 10
"""The SenML version that is supported. RFC 8428, section 4.4: a pack with a higher version must not be processed."""
RELATIVE_BELOW = 2**28
"""Times below this number of seconds are relative to the current time (RFC 8428, section 4.5.3)."""
LATEST = 1e12
"""The latest time that is accepted, in seconds."""
MAX_RECORDS = 10_000
_BASE = ("bn", "bt", "bu", "bv", "bs", "bver")
_KEYS = frozenset(("bn", "bt", "bu", "bv", "bs", "bver", "n", "u", "v", "vs", "vb", "vd", "s", "t", "ut"))
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-:./_]*")
_URN = re.compile(
    r"urn:dev:(?:mac:[0-9a-fA-F]+|ow:[0-9a-fA-F]+|org:\d+:[^:/_]+|os:\d+:[^:/_]+|ops:\d+:[^:/_]+:[^:/_]+)"
)
"""Matches the URN of a device (RFC 9039) at the beginning of a name. The rest of the name denotes the sensor."""


class _Point(NamedTuple):
    device: str | None
    metric: str
    unit: str | None
    seconds: float | None  # since 1970, None for now
    value: Value


def read_senml(pack: Any, received: int) -> list[MappedValues]:
    """Return the values of a SenML pack, as one item for each device and time.

    A pack is the list of records that one message contains. ``received`` is when the message arrived, in epoch ms. The
    errors of invalid records are added to the first item.

    Raises:
        Rejected: The payload is not a SenML pack, or must not be processed.
    """
    if not isinstance(pack, list):
        raise Rejected("bad_value", f"A SenML pack must be a list of records, not {pack!r:.40}.")
    if len(pack) > MAX_RECORDS:
        raise Rejected("too_large", f"The SenML pack has {len(pack)} records; at most {MAX_RECORDS} are allowed.")
    _check_understood(pack)
    faults: list[Fault] = []
    points = list(_points(pack, received / 1000, faults))
    units: dict[tuple[str | None, str], set[str | None]] = {}
    for point in points:
        units.setdefault((point.device, point.metric), set()).add(point.unit)
    readings: dict[tuple[str | None, float | None], MappedValues] = {}
    for point in points:
        reading = readings.setdefault(
            (point.device, point.seconds),
            MappedValues(time=None if point.seconds is None else round(point.seconds * 1000), device=point.device),
        )
        ambiguous = len(units[point.device, point.metric]) > 1 and point.unit
        metric = f"{point.metric}.{point.unit}" if ambiguous else point.metric
        if is_unknown(point.value):
            reading.unknown.append(metric)
            continue
        reading.values[metric] = point.value
        if point.unit:
            reading.units[metric] = point.unit
    if faults and not readings:
        readings[None, None] = MappedValues()
    for reading in list(readings.values())[:1]:
        reading.faults += faults
    return list(readings.values())


def _points(pack: list[Any], now: float, faults: list[Fault]) -> Iterator[_Point]:
    base: dict[str, Any] = {}
    for record in pack:
        try:
            if not isinstance(record, dict):
                raise Rejected("bad_value", "A SenML record must be an object.")
            base |= {key: record[key] for key in _BASE if key in record}
            yield from _read(record, base, now)
        except Rejected as error:
            faults.append(("record", record, error))


def _check_understood(pack: list[Any]) -> None:
    """Raise Rejected if the hub does not understand a pack of SenML records.

    By RFC 8428, a pack must not be processed if its version is higher than the supported version, or if it has an
    unknown field whose name ends with an underscore.
    """
    for record in pack:
        if not isinstance(record, dict):
            continue
        unsupported = next((key for key in record if key.endswith("_") and key not in _KEYS), None)
        if unsupported is not None:  # section 4.4: a field whose name ends with "_" may not be ignored
            problem = "is not supported, and it must not be ignored"
            raise Rejected("bad_value", f"The SenML field {unsupported[:40]!r} {problem}.")
        version = record.get("bver", VERSION)
        if not isinstance(version, int) or version > VERSION:
            raise Rejected("bad_value", f"SenML version {version!r:.40} is not supported, only up to {VERSION}.")


def _read(record: dict[str, Any], base: dict[str, Any], now: float) -> Iterator[_Point]:
    device, metric = _resolve_name(_text(base.get("bn")), _text(record.get("n")))
    unit = _text(record.get("u", base.get("bu"))) or None
    time = _number(record.get("t", 0), "t") + _number(base.get("bt", 0), "bt")
    if not abs(time) < LATEST:  # also true for NaN
        raise Rejected("bad_time", "SenML's time (bt plus t) is out of range.")
    seconds = None if time == 0 else time + now if time < RELATIVE_BELOW else time
    for name, value in list(_values(record, base, metric)):
        yield _Point(device, name, unit, seconds, value)


def _values(record: dict[str, Any], base: dict[str, Any], metric: str) -> Iterator[tuple[str, Value]]:
    given = [key for key in ("v", "vs", "vb", "vd") if key in record]
    if len(given) > 1:
        raise Rejected("bad_value", "A SenML record may have only one of v, vs, vb and vd.")
    if given and given[0] != "v":
        if not isinstance(record[given[0]], bool if given[0] == "vb" else str):
            raise Rejected("bad_value", f"SenML's {given[0]} must be a {'boolean' if given[0] == 'vb' else 'text'}.")
        yield metric, scalar(metric, record[given[0]])
    elif given or ("bv" in base and "s" not in record):
        yield metric, scalar(metric, _number(record.get("v", 0), "v") + _number(base.get("bv", 0), "bv"))
    if "s" in record or "bs" in record:
        yield f"{metric}.sum", scalar(metric, _number(record.get("s", 0), "s") + _number(base.get("bs", 0), "bs"))


def _resolve_name(base: str, name: str) -> tuple[str | None, str]:
    """Return (device, metric), read from a base name and a name. The device is None if the names contain none."""
    whole = base + name
    if not _NAME.fullmatch(whole) or len(whole) > 256:
        raise Rejected("bad_name", f"{whole[:60]!r} is not a valid SenML name.")
    if (urn := _URN.match(whole)) is not None:
        return urn[0], whole[urn.end() :].strip(":/_.-") or "value"
    if base:
        return base.rstrip(":/_.-") or None, name.strip(":/_.-") or "value"
    device, separator, metric = whole.rpartition("/")
    if not separator:
        device, separator, metric = whole.rpartition(":")
    return device or None, metric or "value"


def _text(value: Any) -> str:
    if value is not None and not isinstance(value, str):
        raise Rejected("bad_value", "Names and units in SenML must be texts.")
    return value or ""


def _number(value: Any, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Rejected("bad_value", f"SenML's {key} must be a number.")
    return float(scalar(key, value))
