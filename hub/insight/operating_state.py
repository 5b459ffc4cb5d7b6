"""Remove the influence of operating conditions (weather, demand, set points) from a metric.

A fault often shows only under comparable conditions: a fouled condenser at half load has the pressure of a clean one at
full load. So a regression on each condition and its square learns from earlier days which values the conditions lead
to. These values are subtracted from the metric, and the residual is searched for a change. The residual of each day
comes from a regression over the other days.

S. Katipamula and M. Brambley, "Methods for fault detection, diagnostics, and prognostics for building systems", HVAC&R
Research 11, 2005 (black-box models of normal operation; residuals against driving conditions).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hub.insight.metric_semantics import MetricSemantics
from hub.insight.series import Floats, MetricSeries
from hub.insight.statistics import spread

_DAY_S = 86_400.0
_MIN_DAYS = 3
_EXPLAINED = 0.6
"""The conditions explain a metric if removing their influence leaves at most this fraction of its spread."""
_RIDGE = 1e-3
_KNOWN_RANGE = 0.1
"""How far a condition may be outside the range from which its influence was learned, as a fraction of the range."""
_ASKED = ("load", "radiation", "illuminance", "wind_speed", "occupancy", "weight")
_ENTERING = ("inlet", "return", "outdoor", "ambient")
_RESULT = 3


def rank_of_condition(meaning: MetricSemantics) -> int:
    """Return the rank of a metric in the order of cause and effect.

    The rank is 0 for demand, set points and weather, 1 for flow, 2 for speed, and 3 for all other metrics, which result
    from these. The operating conditions of a metric are the metrics of a lower rank.
    """
    if meaning.role in ("setpoint", "command") or "outdoor" in meaning.places or meaning.quantity in _ASKED:
        return 0
    if (
        meaning.role == "measured"
        and meaning.quantity in ("temperature", "humidity")
        and meaning.places & set(_ENTERING)
    ):
        return 0
    return {"flow": 1, "speed": 2, "frequency": 2}.get(meaning.quantity or "", _RESULT)


def without_conditions(
    history: MetricSeries, conditions: Sequence[MetricSeries], moment: int, recent: float
) -> MetricSeries | None:
    """Return the history up to ``moment`` (epoch ms) without the influence of operating conditions.

    ``conditions`` are other metrics that influence this metric, such as the load of a motor. Their influence is learned
    from the history without its last ``recent`` seconds. Return None if this part of the history is too short, if the
    conditions explain too little, or if a condition is now outside the range that it had in this part.
    """
    series = history.until(moment)
    learned = int(np.searchsorted(series.times, series.seconds(moment) - recent))
    days = (series.times // _DAY_S).astype(int)
    if learned < 24 * _MIN_DAYS or days[learned - 1] < _MIN_DAYS - 1:
        return None
    columns = [_on(series, each) for each in conditions]
    usable = [each for each in columns if np.ptp(each[:learned]) > 0]
    if not usable or not all(_is_known(each, learned) for each in usable):
        return None
    return _remaining(series, _features(usable, learned), days, learned)


def _on(series: MetricSeries, other: MetricSeries) -> Floats:
    size = len(series)
    if other.origin == series.origin and np.array_equal(other.times[:size], series.times):
        return other.values[:size]
    return np.interp(series.times, other.times + (other.origin - series.origin) / 1000, other.values)


def _is_known(column: Floats, learned: int) -> bool:
    low, high = float(column[:learned].min()), float(column[:learned].max())
    reach = _KNOWN_RANGE * (high - low)
    now = float(np.median(column[-5:]))
    return low - reach <= now <= high + reach


def _features(columns: Sequence[Floats], learned: int) -> Floats:
    found = [np.ones(len(columns[0]))]
    for each in columns:
        scaled = (each - each[:learned].mean()) / each[:learned].std()
        found += [scaled, scaled * scaled]
    return np.stack(found, axis=1)


def _remaining(series: MetricSeries, features: Floats, days: np.ndarray, learned: int) -> MetricSeries | None:
    values = series.values
    grams, products = {}, {}
    for day in np.unique(days[:learned]):
        own = np.flatnonzero(days[:learned] == day)
        grams[day] = features[own].T @ features[own]
        products[day] = features[own].T @ values[own]
    gram, product = sum(grams.values()), sum(products.values())
    ridge = _RIDGE * learned * np.eye(features.shape[1])
    ridge[0, 0] = 0.0
    rest = values - features @ np.linalg.solve(gram + ridge, product)
    for day in grams:
        own = np.flatnonzero(days[:learned] == day)
        rest[own] = values[own] - features[own] @ np.linalg.solve(
            gram - grams[day] + ridge + 1e-9 * np.eye(len(ridge)), product - products[day]
        )
    if spread(rest[:learned]) > _EXPLAINED * spread(values[:learned]):
        return None
    return replace(series, values=rest)
