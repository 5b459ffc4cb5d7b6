"""Reject latitudes and longitudes that are out of range, for all dialects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf

import msgspec

from hub.bounds import coordinate_limit, coordinate_problem
from hub.dialects import rejection
from hub.errors import Rejected
from hub.model import RawMessage, Record, Rejection


def has_coordinates(metrics: Iterable[str]) -> bool:
    """Return True if one of these metrics is a latitude or a longitude by its name."""
    return any(map(coordinate_limit, metrics))


def with_valid_coordinates(record: Record, message: RawMessage) -> tuple[Record, list[Rejection]]:
    """Return a record without the coordinates that are out of range, and a rejection for each of them."""
    found = {name: coordinate_problem(name, value) for name, value in record.values.items()}
    problems = [each for each in found.values() if each is not None]
    if not problems:
        return record, []
    valid = {name: value for name, value in record.values.items() if found[name] is None}
    rejected = [rejection(message, Rejected("bad_value", each)) for each in problems]
    return msgspec.structs.replace(record, values=valid), rejected


def within_coordinates(
    metrics: Sequence[str], minimum: Sequence[float], maximum: Sequence[float]
) -> tuple[list[float], list[float]]:
    """Limit the ranges of latitudes and longitudes to valid coordinates. Return the new minimum and maximum by metric.

    The fast path passes values beyond these ranges to the slow path, which rejects them.
    """
    limits = [coordinate_limit(metric) or inf for metric in metrics]
    lows = [max(low, -limit) for low, limit in zip(minimum, limits, strict=True)]
    return lows, [min(high, limit) for high, limit in zip(maximum, limits, strict=True)]
