"""What a device measured: one record a message, and what the history gives back."""

from __future__ import annotations

from typing import Literal

import msgspec

Value = float | bool | str
"""A metric's value. Integers are kept as floats; booleans and short texts as they are."""

Quality = Literal["good", "clock", "retained", "late", "unknown"]
"""``clock``: the device's time was more than a day ago or ahead of ours, so the time of receipt stands in its place.
``retained``: replayed by the broker at subscription, of unknown age. ``late``: more than five minutes old when
it arrived; kept in the history, raises nothing. ``unknown``: the device has said that it does not know the value now,
or it has not repeated it in time; the last one stands there, never in the history."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """The readings of one message (or of one item of a list): ``values`` of ``device`` at ``ts``.

    ``received`` is when the hub got it. ``live`` is False for what the device has not just sent itself: a value that
    its gateway repeats, or that the hub concludes. ``key`` tells a repeated delivery, a signed number of 64 bits (of
    the ``id``, or of ``seq`` and the payload), None where the device gives neither.
    """

    device: str
    ts: int
    received: int
    values: dict[str, Value]
    quality: Quality = "good"
    key: int | None = None
    live: bool = True


class ValueExpired(msgspec.Struct, frozen=True, gc=False):
    """The value of a metric is not known any more, since ``at`` (ms); with ``parts`` those below it
    (``lamp.brightness``) are not either. ``withdrawn``: it is announced no more, so no reading of it is expected."""

    device: str
    metric: str
    at: int
    parts: bool = False
    withdrawn: bool = False


class Reading(msgspec.Struct, frozen=True, gc=False):
    """One value of one metric at ``ts`` (epoch ms), as tables have them."""

    device: str
    metric: str
    ts: int
    value: Value
    quality: Quality = "good"


class Page(msgspec.Struct, frozen=True):
    """Readings of one series, ``(ts, value, quality)``, oldest first. ``next`` is the time from which the following
    page begins, None after the last."""

    device: str
    metric: str
    points: list[tuple[int, Value, Quality]]
    next: int | None = None


Point = tuple[int, Value] | tuple[int, float, float, float, int]
"""``(ts, value)``, or with buckets ``(ts, min, mean, max, count)``."""

Gap = tuple[int, int]
"""A silence, ``(from, to)`` in ms."""

Mark = tuple[int, int, Quality]
"""``(from, to, quality)``: what lies there is not all of good quality."""

Shape = Literal["buckets", "lttb", "minmax", "states"]


class SeriesQuery(msgspec.Struct, frozen=True):
    """One metric of one device, from ``start`` (ms, included) to ``end``.

    Without ``buckets``, at most ``limit`` raw points come back, the newest; ``end`` is included. With ``buckets`` the
    range is cut into that many equal parts, empty ones left out. Each part includes its start and excludes its end, so
    ``end`` itself is excluded: neighbouring ranges count no reading twice, and edges fall on whole minutes where
    ``start`` and ``end`` do. ``shape`` asks for at most ``buckets`` points instead that keep the shape of the
    line: by largest triangles (``lttb``) or the least and the greatest of each stretch (``minmax``).
    ``states`` asks for the changes of state of a boolean or a text.
    """

    device: str
    metric: str
    start: int
    end: int
    buckets: int | None = None
    limit: int = 100_000
    shape: Shape = "buckets"


class Series(msgspec.Struct, frozen=True):
    """The answer to one :class:`SeriesQuery`, oldest point first. ``gaps`` are silences between points that are long
    for this series, ``marks`` where there are points that are not good. ``step`` is the width in ms of the coarsest
    rollup that it is made of, 0 where it is all made of readings."""

    device: str
    metric: str
    points: list[Point]
    gaps: list[Gap] = []
    marks: list[Mark] = []
    step: int = 0
