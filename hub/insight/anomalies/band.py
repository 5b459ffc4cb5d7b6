"""Find the metrics of a device that stay outside their band, the usual range of their values.

The median of the last 5 readings of a metric is compared with its *band*. The band is computed from such medians of
calm readings, which are those at which the metric was not anomalous: its level is the median of the last 120 of them,
and one deviation is the robust standard deviation of the last 960 (1.4826 times the median absolute deviation,
Rousseeuw and Croux 1993). A metric becomes anomalous after 3 readings in a row beyond 4 deviations. Because of
hysteresis, it stays anomalous until a reading is within 2.4 deviations. A device is anomalous while any of its metrics
is anomalous.

A metric's band is learned only from the metric's own readings, and only while the metric is calm. So a temperature
that follows the room does not become anomalous because the pump beside it has failed, and the failed pump's flow does
not become normal. If a metric is anomalous for so long that none of the last 960 readings was calm, the band is
learned again from the new readings: a level that lasts becomes normal.

The stored state has only every second one of the last 960 medians, because successive medians have four of their five
readings in common. It takes 3.8 kB per metric.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from hub.errors import Invalid
from hub.insight.anomalies.state_bytes import StateReader, pack
from hub.insight.series import LARGEST, Floats
from hub.insight.statistics import median, spread

Flags = npt.NDArray[np.bool_]

LEARN = 400
"""Number of readings after which a metric can first be found anomalous."""
MAX_METRICS = 64
_ENTER, _LEAVE, _HOLD = 4.0, 2.4, 3
_MEDIAN = 5
_THINNED, _KEPT, _LEVEL = 2, 480, 60
_REFIT = 120
"""The band is computed again each time after this many readings."""
_ENOUGH = 60
"""A band is not computed again if there are fewer calm medians than this."""
_VERSION = 2


class Judgement(NamedTuple):
    """The result for each reading of each metric. Both arrays have the shape (readings, metrics).

    Attributes:
        anomalous: whether the metric is anomalous.
        deviation: how far the median of the last 5 readings is above the metric's normal level (below it if negative),
            as a multiple of the robust standard deviation; 0 if the level is not known yet.
    """

    anomalous: Flags
    deviation: Floats


@dataclass(slots=True)
class BandDetector:
    """Detector for one device with ``metrics`` metrics.

    Its results do not depend on how the readings are divided among calls of :meth:`update`.
    """

    metrics: int
    seen: int = 0
    tail: Floats = field(init=False)
    """The last readings, shape (4, metrics)."""
    calm: Floats = field(init=False)
    """Every second median, oldest first, shape (480, metrics); NaN where the metric was not calm."""
    level: Floats = field(init=False)
    scale: Floats = field(init=False)
    step: Floats = field(init=False)
    """The smallest change between two readings, by metric: the resolution of the sensor."""
    beyond: Floats = field(init=False)
    """How many readings in a row were beyond the band, by metric; infinite while the metric is anomalous."""

    def __post_init__(self) -> None:
        if not 1 <= self.metrics <= MAX_METRICS:
            raise Invalid(f"A band has 1 to {MAX_METRICS} metrics, not {self.metrics}.", "Choose the most important.")
        empty = np.full(self.metrics, np.nan)
        self.tail = np.full((_MEDIAN - 1, self.metrics), np.nan)
        self.calm = np.full((_KEPT, self.metrics), np.nan)
        self.level, self.scale = empty.copy(), empty.copy()
        self.step, self.beyond = np.full(self.metrics, np.inf), np.zeros(self.metrics)

    def update(self, values: Floats) -> Judgement:
        """Find the anomalous readings in ``values``, and learn from them.

        ``values`` has one row for each reading and one column for each metric. NaN means that the metric has no new
        value, so its previous value is used. The result has for each value whether it is anomalous, and its deviation
        from the usual level.
        """
        values = np.clip(np.where(np.isfinite(values), values, np.nan), -LARGEST, LARGEST)
        found = Judgement(np.zeros(values.shape, dtype=np.bool_), np.zeros(values.shape))
        at = 0
        while at < len(values):
            count = min(_REFIT - self.seen % _REFIT, len(values) - at)
            part = self._part(values[at : at + count])
            found.anomalous[at : at + count], found.deviation[at : at + count] = part
            at += count
        return found

    def _part(self, values: Floats) -> Judgement:
        """Find the anomalous readings in ``values``, all by the same band of usual values.

        Since the band is computed again after every 120 readings, ``values`` must not extend beyond the next such
        reading.
        """
        series = _filled(np.concatenate([self.tail, values]))
        steps = np.abs(np.diff(series[_MEDIAN - 2 :], axis=0))
        self.step = np.minimum(self.step, np.where(steps > 0, steps, np.inf).min(axis=0))
        self.tail = series[-(_MEDIAN - 1) :]
        medians = np.median(sliding_window_view(series, _MEDIAN, axis=0), axis=-1)
        deviation = np.nan_to_num((medians - self.level) / self.scale, nan=0.0)
        anomalous = self._latch(np.abs(deviation), medians)
        if self.seen % _REFIT == 0:
            self._fit()
        return Judgement(anomalous, deviation)

    def _latch(self, size: Floats, medians: Floats) -> Flags:
        """Return whether each metric is anomalous at each reading, and store the medians of calm metrics.

        A metric is calm while it is not anomalous. ``size`` has the absolute distances of ``medians`` from the normal
        level, as multiples of the robust standard deviation.
        """
        anomalous = np.zeros(size.shape, dtype=np.bool_)
        calm = np.ones(size.shape, dtype=np.bool_)
        if self.beyond.any() or (size > _ENTER).any():
            for row, each in enumerate(size):
                on = np.isinf(self.beyond)
                self.beyond = np.where(
                    each > _ENTER, self.beyond + 1, np.where(on & (each >= _LEAVE), self.beyond, 0.0)
                )
                self.beyond[self.beyond >= _HOLD] = np.inf
                anomalous[row], calm[row] = np.isinf(self.beyond), self.beyond == 0
        kept = (self.seen + np.arange(len(size))) % _THINNED == 0
        self.calm = np.concatenate([self.calm, np.where(calm, medians, np.nan)[kept]])[-_KEPT:]
        self.seen += len(size)
        return anomalous

    def _fit(self) -> None:
        """Compute again, for each metric, the level and the scale of its usual values.

        They are computed from the recent medians of times when the metric was calm. If there is none, the metric has
        been anomalous for so long that its level is reset and learned from new readings.
        """
        if self.seen < LEARN:
            return
        for metric in range(self.metrics):
            calm = self.calm[:, metric]
            calm = calm[~np.isnan(calm)]
            if len(calm) >= _ENOUGH:
                self.level[metric] = median(calm[-_LEVEL:])
                self.scale[metric] = _scale(calm, self.step[metric])
            elif not len(calm):
                # The metric was anomalous during all readings that are kept, so learn its new level.
                self.level[metric] = self.scale[metric] = np.nan
                self.beyond[metric] = 0.0

    def to_bytes(self) -> bytes:
        """Return the state as bytes, 4 kB for each metric, which :meth:`from_bytes` reads."""
        arrays = (self.tail, self.calm, self.level, self.scale, self.step, self.beyond)
        return pack(_VERSION, self.seen, np.array([float(self.metrics)]), *arrays)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the state that :meth:`to_bytes` wrote.

        Raises:
            Invalid: the bytes are not a state of this detector, or have another version.
        """
        reader = StateReader(data, _VERSION)
        metrics = float(reader.floats(1)[0])
        found = cls(int(metrics) if 1 <= metrics <= MAX_METRICS else 0, reader.count())
        found.tail = reader.floats(found.tail.size).reshape(found.tail.shape)
        found.calm = reader.floats(found.calm.size).reshape(found.calm.shape)
        found.level, found.scale, found.step, found.beyond = (reader.floats(found.metrics) for _ in range(4))
        reader.end()
        return found


def _scale(calm: Floats, step: float) -> float:
    """Return the size of one deviation for each metric, in its unit: the largest of three measures of its spread.

    The measures are the robust standard deviation of ``calm`` (the medians of times when the metric was calm), a
    quarter of the range between their outer percentiles, and ``step``, the sensor's resolution.
    """
    low, high = np.partition(calm, (3 * len(calm) // 100, 97 * len(calm) // 100))[
        [3 * len(calm) // 100, 97 * len(calm) // 100]
    ]
    # The median deviation of a signal that is constant most of the time is 0, so its outer percentiles count as well.
    return max(spread(calm), float(high - low) / 4, step if np.isfinite(step) else 0.0, 1e-9)


def _filled(values: Floats) -> Floats:
    """Replace each NaN with the previous value along the first axis."""
    missing = np.isnan(values)
    if not missing.any():
        return values
    last = np.maximum.accumulate(np.where(missing, 0, np.arange(len(values))[:, np.newaxis]), axis=0)
    return np.asarray(np.take_along_axis(values, last, axis=0))
