"""Readings of devices as they enter the hub, and as the history returns them."""

from __future__ import annotations

from typing import Literal

import msgspec

Value = float | bool | str
"""A metric's value. Integers are stored as floats."""

Quality = Literal["good", "clock", "retained", "late", "unknown"]
"""
``clock``
    The device's time differed from the hub's by more than a day, so the time of receipt is used.
``retained``
    Replayed by the broker on subscription, of unknown age.
``late``
    More than five minutes old when it arrived. Stored in the history; raises no alert.
``unknown``
    The device reported that the value is unknown, or did not repeat it in time. Only a latest value has this quality.
"""


class Record(msgspec.Struct, frozen=True, gc=False):
    """All readings of one message, or of one item of a message that is a list.

    ``values`` maps metrics to values. ``ts`` is when they were measured, by the device's clock.
    """

    device: str
    ts: int
    received: int
    values: dict[str, Value]
    quality: Quality = "good"
    key: int | None = None  # for deduplication, see hub.model.message_key; None if the message has no id and no seq
    live: bool = True  # False: repeated by a gateway or derived by the hub, so no sign that the device is alive


class ValueExpired(msgspec.Struct, frozen=True, gc=False):
    """The information that the value of a metric has become unknown at the time ``at``."""

    device: str
    metric: str
    at: int
    parts: bool = False  # the metrics below it, such as ``lamp.brightness``, expired too
    withdrawn: bool = False  # it is no longer announced, so no reading of it is expected


class Reading(msgspec.Struct, frozen=True, gc=False):
    """One value of one metric: a row of an imported or exported table."""

    device: str
    metric: str
    ts: int
    value: Value
    quality: Quality = "good"


class Page(msgspec.Struct, frozen=True):
    """One page of the readings of a series."""

    device: str
    metric: str
    points: list[tuple[int, Value, Quality]]  # (ts, value, quality), oldest first
    next: int | None = None  # the time from which the next page begins, None on the last page


Point = tuple[int, Value] | tuple[int, float, float, float, int]
"""``(ts, value)``, or with buckets ``(ts, min, mean, max, count)``."""

Gap = tuple[int, int]
"""A range without readings, ``(from, to)``."""

Mark = tuple[int, int, Quality]
"""A range with readings that are not of good quality, ``(from, to, quality)``."""

Shape = Literal["buckets", "lttb", "minmax", "states"]


class SeriesQuery(msgspec.Struct, frozen=True):
    """Query for the history of one metric of one device. ``start`` and ``end`` are in epoch ms.

    Without ``buckets``, the result is the newest ``limit`` readings from ``start`` to ``end``, both included.

    With ``buckets``, the range is divided into that many equal parts, and each part that has readings gives one point.
    ``end`` is excluded, so adjacent ranges count no reading twice. ``shape`` can select points in another way, at most
    as many as ``buckets``: ``lttb`` those that keep the look of the line (Largest-Triangle-Three-Buckets), ``minmax``
    the lowest and the highest reading of each part, ``states`` the changes of a boolean or a text.
    """

    device: str
    metric: str
    start: int
    end: int
    buckets: int | None = None
    limit: int = 100_000
    shape: Shape = "buckets"


class Series(msgspec.Struct, frozen=True):
    """Points of one series: the result of a :class:`SeriesQuery`."""

    device: str
    metric: str
    points: list[Point]  # oldest first
    gaps: list[Gap] = []  # ranges without readings that are long for this series
    marks: list[Mark] = []
    step: int = 0  # width in ms of the coarsest rollup that was read, 0 if only readings were
