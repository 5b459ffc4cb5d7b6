"""Search the last week of a metric, and the weeks before, for a change.

They are searched as they are, and again after removing the influence of operating conditions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from hub.insight.operating_state import without_conditions
from hub.insight.series import MetricSeries
from hub.insight.slow_changes import LAGS_S, LONG_LAGS_S, SlowChange, find_slow_change
from hub.insight.statistics import median

_WEEK_RECENT_S, _WEEKS_RECENT_S = 30 * 3_600.0, 8 * 86_400.0
"""The influence of conditions is learned from readings older than this: 30 hours in the week, 8 days in the weeks."""
_LONG_BASE = 0.33
"""Minimum length of the history before a change, relative to the length of the change, in a search over weeks."""
_UNEXPLAINED = 0.35
"""Operating conditions explain a change if removing their influence leaves at most this fraction of it."""
_CONDITIONAL = 1.3
"""A change that shows only without their influence needs a ratio this many times as high, as the model may be wrong."""


@dataclass(frozen=True, slots=True)
class HistoricalChange:
    """A change, and the history of the metric in which it was found.

    ``conditional`` is True if the change shows only after the influence of operating conditions was removed from the
    history.
    """

    history: MetricSeries
    change: SlowChange
    conditional: bool


@dataclass(frozen=True, slots=True)
class MetricHistory:
    """The history of each metric, as means over intervals.

    Attributes:
        week: The history of the last week, by metric.
        weeks: The longer, coarser history of several weeks, by metric.
        ranks: The rank of each metric, by metric. Metrics of a lower rank are operating conditions of those of a higher
            rank; see :func:`operating_state.rank_of_condition`.
    """

    week: Mapping[str, MetricSeries]
    weeks: Mapping[str, MetricSeries]
    ranks: Mapping[str, int]

    def search(self, metric: str, moment: int, least: float) -> HistoricalChange | None:
        """Return the change of a metric up to ``moment`` (epoch ms); None if its ``ratio`` is below ``least``.

        The ratio is the change divided by the largest normal change. The history ``week`` is searched first, because
        its values are more exact than those of ``weeks``.
        """
        for history, lags, base in ((self.week, LAGS_S, 1.0), (self.weeks, LONG_LAGS_S, _LONG_BASE)):
            series = history.get(metric)
            change = find_slow_change(series, moment, lags, base) if series is not None and _is_number(series) else None
            if series is not None and change is not None and change.ratio >= least:
                return HistoricalChange(series, change, conditional=False)
        return None

    def search_against_conditions(
        self, metric: str, moment: int, least: float, steady: Collection[str]
    ) -> HistoricalChange | None:
        """Return the change that remains when the influence of operating conditions is removed; None if there is none.

        The operating conditions are the metrics in ``steady`` that have a lower rank than ``metric``. The history up
        to ``moment`` (epoch ms) is searched. Since the model of the conditions may be wrong, the ratio of the change
        must be at least 1.3 times ``least``, the minimum of :meth:`search`.
        """
        for history, lags, base, recent in (
            (self.week, LAGS_S, 1.0, _WEEK_RECENT_S),
            (self.weeks, LONG_LAGS_S, _LONG_BASE, _WEEKS_RECENT_S),
        ):
            rest = self._rest(history, metric, moment, recent, steady)
            change = find_slow_change(rest, moment, lags, base) if rest is not None else None
            if change is not None and change.ratio >= _CONDITIONAL * least:
                return HistoricalChange(history[metric], change, conditional=True)
        return None

    def is_explained(self, metric: str, onset: int, moment: int, change: float, steady: Collection[str]) -> bool:
        """Return whether the operating conditions of a metric explain most of its ``change``.

        The change lies between ``onset`` and ``moment`` (epoch ms). The conditions are the metrics in ``steady`` that
        have a lower rank than ``metric``, such as the weather or a set point.
        """
        rest = self._rest(self.week, metric, moment, _WEEK_RECENT_S, steady)
        if rest is None:
            return False
        before = rest.until(onset).values[-3:]
        return len(before) > 0 and abs(median(rest.values[-3:]) - median(before)) <= _UNEXPLAINED * abs(change)

    def _rest(
        self, history: Mapping[str, MetricSeries], metric: str, moment: int, recent: float, steady: Collection[str]
    ) -> MetricSeries | None:
        series = history.get(metric)
        if series is None or not _is_number(series):
            return None
        rank = self.ranks.get(metric, 0)
        names = [each for each in steady if self.ranks.get(each, rank) < rank and len(history.get(each, ())) > 1]
        conditions = [history[each] for each in names if _is_number(history[each])]
        return without_conditions(series, conditions, moment, recent) if conditions else None


def _is_number(series: MetricSeries) -> bool:
    return series.kind == "number" and len(series) > 0
