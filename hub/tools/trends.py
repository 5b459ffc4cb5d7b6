"""Predict from their slopes which metrics will reach a limit."""

from __future__ import annotations

import msgspec
import numpy as np

from hub.insight.series import MetricSeries
from hub.insight.statistics import slope, spread
from hub.model import Limit

LOOK_BACK_MS = 3 * 3_600_000
RECENT_MS = 1_800_000


class Heading(msgspec.Struct, frozen=True):
    """A metric that approaches a limit.

    Attributes:
        device: id of the device.
        name: display name of the device.
        metric: the metric.
        value: latest value of the metric.
        unit: unit of the value and the limit.
        limit: the limit that the metric approaches.
        per_hour: slope of the metric, in its unit per hour.
        left_s: seconds until the metric reaches the limit at this slope.
    """

    device: str
    name: str
    metric: str
    value: float
    unit: str | None
    limit: float
    per_hour: float
    left_s: float


def heading(device: str, name: str, track: MetricSeries, limit: Limit, within_s: float) -> Heading | None:
    """Return when a metric will reach its limit at its present slope.

    Return None if the slope is only noise or leads away from the limit, or if the metric needs more than ``within_s``
    seconds. ``track`` has the values of the last :data:`LOOK_BACK_MS`; the slope is computed over the last
    :data:`RECENT_MS`.
    """
    if track.kind != "number" or not len(track):
        return None
    split = track.at(-1) - RECENT_MS
    usual, track = track.until(split), track.since(split)
    if len(track) < 8 or track.times[-1] - track.times[0] < 30:
        return None
    rate = slope(track.times, track.values)
    length = float(track.times[-1] - track.times[0])
    detrended = track.values - rate * track.times
    # The change by the slope must be well above the scatter around it, else noise would count as a trend.
    if abs(rate) * length < 4 * max(spread(detrended), 1e-9):
        return None
    value = float(np.median(track.values[-3:]))
    # Thermostats and tanks go up and down all day: only a value outside the range of the hours before is a trend.
    if len(usual) >= 8 and usual.values.min() <= value <= usual.values.max():
        return None
    bound = limit.max if rate > 0 else limit.min
    if bound is None or (bound - value) * rate <= 0:
        return None
    left = (bound - value) / rate
    if left > within_s:
        return None
    return Heading(device, name, track.metric, value, track.unit, bound, rate * 3600, left)
