"""Load the readings of metrics over a time range as arrays, and compute values, slopes and episodes from them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import numpy as np

from hub.assistant.answers.context import Context, Target
from hub.assistant.time_parser import MINUTE
from hub.model import SeriesQuery
from hub.model.metric import state_word

_LIMIT = 50_000
_PARTS = 600
_POINT_MS = 15 * MINUTE
"""Maximum age (ms) of a reading that counts as the value at a moment."""
_STEADY_NOISE = 10
"""Readings are steady if their range is at most this many median steps between readings; noise has about 7."""
_STEADY_SHARE = 0.02
"""Readings are also steady if their range is at most this fraction of the largest reading."""
Floats = np.ndarray[tuple[int], np.dtype[np.float64]]


class Track(msgspec.Struct, frozen=True, eq=False):
    """Readings of one metric of one device, oldest first. ``times`` are in epoch ms.

    If ``is_exact`` is False, the individual readings are no longer stored, or there are too many. Then ``values`` are
    means over short periods with ``counts`` readings each, and ``lows`` and ``highs`` are the extremes of each period.
    """

    target: Target
    times: Floats
    values: Floats
    lows: Floats
    highs: Floats
    counts: Floats
    is_exact: bool

    def __len__(self) -> int:
        return len(self.times)

    @property
    def mean(self) -> float:
        return float(np.average(self.values, weights=self.counts))

    @property
    def total(self) -> int:
        """Return the number of readings, including the readings behind each mean."""
        return int(self.counts.sum())

    def from_place(self, place: int) -> Track:
        """Return the part of the track from the reading at index ``place`` on."""
        return Track(
            self.target,
            self.times[place:],
            self.values[place:],
            self.lows[place:],
            self.highs[place:],
            self.counts[place:],
            self.is_exact,
        )

    def lowest(self) -> tuple[float, int]:
        """Return the lowest value, and the time (epoch ms) at which it was read."""
        place = int(np.argmin(self.lows))
        return float(self.lows[place]), int(self.times[place])

    def highest(self) -> tuple[float, int]:
        place = int(np.argmax(self.highs))
        return float(self.highs[place]), int(self.times[place])


async def load(context: Context, targets: Sequence[Target], start: int, end: int) -> list[Track]:
    """Return the readings of each target from ``start`` to ``end`` (epoch ms).

    Targets without readings are left out.
    """
    keys = [(target.device.id, target.metric) for target in targets]
    store = context.queries.store
    parts = await store.history([SeriesQuery(d, m, start, end + 1, buckets=_PARTS) for d, m in keys])
    raw = await store.history([SeriesQuery(d, m, start, end, limit=_LIMIT) for d, m in keys])
    found = []
    for target, coarse, fine in zip(targets, parts, raw, strict=True):
        await asyncio.sleep(0)  # each may have many readings
        buckets = np.array([point for point in coarse.points if len(point) == 5], dtype=float).reshape(-1, 5)
        pairs = [(point[0], value) for point in fine.points if (value := as_number(point[1])) is not None]
        exact = np.array(pairs, dtype=float).reshape(-1, 2)
        if len(exact) and len(exact) >= buckets[:, 4].sum():
            times, values = exact[:, 0], exact[:, 1]
            found.append(Track(target, times, values, values, values, np.ones(len(values)), True))
        elif len(buckets):
            times, lows, means, highs, counts = buckets.T
            found.append(Track(target, times, means, lows, highs, counts, False))
    return found


def as_number(value: object) -> float | None:
    """Return a value as a number: 1 for true, "on" and "open", 0 for their opposites. Return None for other texts."""
    if isinstance(value, bool | float | int):
        return float(value)
    word = state_word(value, None) if isinstance(value, str) else None
    return {"On": 1.0, "Off": 0.0, "Open": 1.0, "Closed": 0.0}.get(word or "")


async def value_at(context: Context, target: Target, at: int) -> tuple[int, float] | None:
    """Return time (epoch ms) and value of the newest reading in the 15 minutes up to ``at``; None if there is none.

    If the individual readings are no longer stored, it is the newest mean over a minute.
    """
    (series,) = await context.queries.store.history(
        [SeriesQuery(target.device.id, target.metric, at - _POINT_MS, at, limit=1)]
    )
    if not series.points:
        (coarse,) = await context.queries.store.history(
            [SeriesQuery(target.device.id, target.metric, at - _POINT_MS, at + 1, buckets=15)]
        )
        points = [point for point in coarse.points if len(point) == 5]
        return (points[-1][0], float(points[-1][2])) if points else None
    time, value = series.points[-1][0], as_number(series.points[-1][1])
    return (time, value) if value is not None else None


async def first_reading(context: Context, target: Target, start: int, end: int) -> tuple[int, float] | None:
    """Return time (epoch ms) and value of the first reading between ``start`` and ``end``.

    Return None if there is no reading, or if the first reading is not a number.
    """
    page = await context.queries.store.readings(target.device.id, target.metric, start, end, 1)
    value = as_number(page.points[0][1]) if page.points else None
    return (page.points[0][0], value) if value is not None else None


class Slope(msgspec.Struct, frozen=True):
    """A straight line through readings, fitted by least squares.

    Attributes:
        per_hour: the change per hour, in the metric's unit.
        is_real: True if the line rises or falls by more than the readings scatter around it.
        is_steady: True if the readings neither rise nor fall and stay close together. Readings that jump or swing are
            neither real nor steady.
    """

    per_hour: float
    value: float  # the newest reading
    is_real: bool
    is_steady: bool
    low: float
    high: float
    start: int
    end: int


def slope(track: Track) -> Slope | None:
    """Return the slope of a track. Return None if it has fewer than five readings or spans less than 30 seconds."""
    if len(track) < 5 or track.times[-1] - track.times[0] < 30_000:
        return None
    per_hour, residuals = _line(track.times, track.values)
    newest, hours = float(track.values[-1]), float(track.times[-1] - track.times[0]) / 3_600_000
    is_real = abs(per_hour) * hours > max(2 * float(np.std(residuals)), 1e-9 * max(1.0, abs(newest)))
    low, high = float(track.lows.min()), float(track.highs.max())
    noise = float(np.median(np.abs(np.diff(track.values))))
    is_steady = not is_real and high - low <= max(_STEADY_NOISE * noise, _STEADY_SHARE * max(abs(low), abs(high)))
    return Slope(per_hour, newest, is_real, is_steady, low, high, int(track.times[0]), int(track.times[-1]))


def recent_slope(track: Track) -> Slope | None:
    """Return the slope of the newest readings: over the last 30, 10 or 3 minutes.

    It is the longest of these periods in which a straight line fits the newest readings. With a fixed period, a
    machine that began to heat up two minutes ago would seem steady.
    """
    found = None
    for minutes in (30, 10, 3):
        place = int(np.searchsorted(track.times, track.times[-1] - minutes * MINUTE))
        part = track.from_place(place)
        candidate = slope(part)
        if candidate is None:
            break
        found = candidate
        _, residuals = _line(part.times, part.values)
        negligible = 1e-6 * max(1.0, abs(candidate.value))
        if abs(float(residuals[-3:].mean())) <= max(1.5 * float(np.std(residuals)), negligible):
            break
    return found


def _line(times: Floats, values: Floats) -> tuple[float, Floats]:
    """Return the slope per hour of a straight line through the readings, and the distance of each reading from it."""
    hours = (times - times[-1]) / 3_600_000
    per_hour, end = (float(each) for each in np.polyfit(hours, values, 1))
    return per_hour, values - per_hour * hours - end


class Episode(msgspec.Struct, frozen=True):
    """A period in which a condition was met. ``is_open`` is True if it was still met at the last reading."""

    start: int
    end: int
    is_open: bool
    is_cut: bool  # it held already at the first reading


def episodes(track: Track, holds: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[Episode]:
    """Return the periods in which ``holds`` is True. It has one entry for each reading of ``track``.

    A period lasts until the first reading for which ``holds`` is False again.
    """
    found: list[Episode] = []
    begin: int | None = None
    for place, held in enumerate(holds):
        if held and begin is None:
            begin = place
        elif not held and begin is not None:
            found.append(Episode(int(track.times[begin]), int(track.times[place]), False, begin == 0))
            begin = None
    if begin is not None:
        found.append(Episode(int(track.times[begin]), int(track.times[-1]), True, begin == 0))
    return found
