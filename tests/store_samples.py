"""Sample records, alerts and queries for tests of the store."""

from __future__ import annotations

import struct
from bisect import bisect_right
from typing import Any

import msgspec

from hub.model import (
    Activity,
    Alert,
    CauseMatch,
    Claim,
    Diagnosis,
    Evidence,
    Record,
    Rejection,
    SeriesQuery,
    Value,
    Writer,
)
from hub.store.base import Delta, Retention, StoredSnapshot

T0 = 1_795_000_000_000


def record(device: str, ts: int, key: int | None = None, quality: str = "good", **values: Value) -> Record:
    return Record(device, T0 + ts, T0 + ts + 5, values, quality, key)  # type: ignore[arg-type]


def delta(before: int, *records: Record, **rest: Any) -> Delta:
    """Return the delta that follows record number ``before``."""
    return Delta(before + len(records), records, **rest)


def keys_of(snapshot: StoredSnapshot, device: str) -> list[int]:
    """Return the deduplication keys of a device, oldest first."""
    packed = snapshot.keys_of.get(device, b"")
    return list(struct.unpack(f"<{len(packed) // 8}q", packed))


def alert(name: str, **changes: Any) -> Alert:
    given = Alert(
        id=name,
        rule="hot",
        device="pump-1",
        metric="temperature",
        severity="critical",
        state="raised",
        message="too hot: 85 °C",
        value=85.0,
        threshold=80.0,
        unit="°C",
        since=T0,
        raised_at=T0 + 2_000,
    )
    return msgspec.structs.replace(given, **changes)


def diagnosis(name: str, alert_id: str | None, **changes: Any) -> Diagnosis:
    evidence = Evidence("e1", "slope", "pump-1", "temperature", "rises 2 °C a minute", 2.0, "°C/min", T0, T0 + 9, 0.5)
    given = Diagnosis(
        id=name,
        alert=alert_id,
        device="pump-1",
        summary="The bearing wears.",
        cause="bearing_wear",
        component="bearing",
        confidence=0.75,
        evidence=(evidence, msgspec.structs.replace(evidence, id="e2", value=True, metric=None)),
        against=("The current is normal.",),
        claims=(Claim("It rises 2 °C a minute.", ("e1",), True),),
        actions=("Grease it.",),
        confirm_by=("Listen.",),
        causes=(
            CauseMatch("bearing_wear", "Bearing wear", "bearing", 0.8, ("e1",), (), ("Grease it.",), ("Listen.",)),
        ),
        generated_by=Writer("builtin", "analyst", generative=False),
        tokens_used=0,
        created_at=T0 + 10_000,
    )
    return msgspec.structs.replace(given, **changes)


def rejection(number: int) -> Rejection:
    return Rejection("devices/a/telemetry", "not_json", "It is not JSON.", "\x01{\ud7ff", T0 + number, b"\x00{\xff", 3)


def activity(number: int, device: str | None = "pump-1") -> Activity:
    return Activity(T0 + number, "raised", device, f"{number} happened", "warning", "alert.raised", {"number": number})


def older(than: int) -> list[Retention]:
    """Return the retention with which all data older than ``than`` expire, in all tiers."""
    return [Retention(than, than, than)]


def all_of(device: str, metric: str, **limits: Any) -> SeriesQuery:
    """Return a query for the whole history of a series."""
    return SeriesQuery(device, metric, T0 - 10**9, T0 + 10**9, **limits)


def reference_buckets(readings: list[tuple[int, Any]], start: int, end: int, buckets: int) -> list[tuple[Any, ...]]:
    """Compute buckets of readings: ``[(first ms of the bucket, min, mean, max, count)]``. The edges between buckets of
    ten minutes or more are whole minutes, of six hours or more whole hours."""
    end = end - 1 if end > start else end  # excluded
    span = end - start + 1
    width = span // buckets
    step = 3_600_000 if width >= 6 * 3_600_000 else 60_000 if width >= 600_000 else 1
    edges = [start, *((start - (-b * span // buckets)) // step * step for b in range(1, buckets))]
    found: dict[int, list[float]] = {}
    for ts, value in readings:
        if start <= ts <= end and not isinstance(value, str):
            found.setdefault(bisect_right(edges, ts) - 1, []).append(float(value))
    return [
        (edges[b], min(values), sum(values) / len(values), max(values), len(values))
        for b, values in sorted(found.items())
    ]
