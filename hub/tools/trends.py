"""Metrics on their way to a limit: slope, distance and the time left, over many devices at once."""

from __future__ import annotations

import msgspec
import numpy as np

from hub.insight.series import MetricSeries
from hub.insight.statistics import slope, spread
from hub.model import Limit

LOOK_BACK_MS = 3 * 3_600_000
RECENT_MS = 1_800_000


class Heading(msgspec.Struct, frozen=True):
    """``left_s`` is the time until ``limit`` at the present slope (``per_hour`` in the metric's unit)."""

    device: str
    name: str
    metric: str
    value: float
    unit: str | None
    limit: float
    per_hour: float
    left_s: float


def heading(device: str, name: str, track: MetricSeries, limit: Limit, within_s: float) -> Heading | None:
    """``track`` covers :data:`LOOK_BACK_MS`. The way to the limit, if the slope is more than noise and gets there
    within ``within_s`` seconds."""
    if track.kind != "number" or not len(track):
        return None
    split = track.at(-1) - RECENT_MS
    usual, track = track.until(split), track.since(split)
    if len(track) < 8 or track.times[-1] - track.times[0] < 30:
        return None
    pace = slope(track.times, track.values)
    length = float(track.times[-1] - track.times[0])
    detrended = track.values - pace * track.times
    # What the slope adds up to must stand clear of the scatter around it, else every noise heads somewhere.
    if abs(pace) * length < 4 * max(spread(detrended), 1e-9):
        return None
    value = float(np.median(track.values[-3:]))
    # Thermostats and tanks go up and down all day: only what has left the range of the hours before is on its way.
    if len(usual) >= 8 and usual.values.min() <= value <= usual.values.max():
        return None
    bound = limit.max if pace > 0 else limit.min
    if bound is None or (bound - value) * pace <= 0:
        return None
    left = (bound - value) / pace
    if left > within_s:
        return None
    return Heading(device, name, track.metric, value, track.unit, bound, pace * 3600, left)
