"""Decide which changes belong to the trouble that a diagnosis explains: an alert or an exceeded limit."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from hub.insight.detected_change import DetectedChange
from hub.insight.normal_changes import is_normal_change, is_normal_stay
from hub.insight.series import MetricSeries

_LEADING_RATIO = 2.0
"""A slow change that began before the trouble may be its cause only if its ratio is at least this."""
_CLEAR = 20.0
"""A fast change that began long before the trouble may be its cause only if it is at least this many sigmas."""
_ALARMING = 6.0
"""How many sigmas the state of a switch counts as that has an alert."""
_LEAD_MS = 600_000
"""A cause may begin this long (ms) before the trouble or, if that is longer, as long before it as it has lasted."""


def related_changes(
    found: Mapping[str, DetectedChange], week: Mapping[str, MetricSeries], moment: int, troubled: Collection[str]
) -> dict[str, DetectedChange]:
    """Return all changes, with "steady" in place of each change that does not belong to the trouble.

    The trouble is an alert or an exceeded limit of the metrics in ``troubled``. These changes do not belong to it:

    - changes that began long before it and are not very unusual
    - changes that began shortly before it and are normal or weak
    - if there is no trouble: all normal changes
    """
    own = [m for name, m in found.items() if name in troubled and m.moved and m.onset is not None]
    began = min((m.earliest or m.onset or 0 for m in own), default=None)
    # The longer the trouble lasts, the earlier its cause may have begun.
    lead = max(moment - began, _LEAD_MS) if began is not None else 0

    def is_usual(name: str, m: DetectedChange) -> bool:
        return name in week and _is_normal(m, week[name], moment)

    def belongs(name: str, m: DetectedChange) -> bool:
        if not m.moved or m.onset is None or m.doing == "stuck" or name in troubled:
            return True
        if began is None:
            return not is_usual(name, m)
        if m.onset < began - lead:
            # Long before the trouble: a controller may have made up for the cause until it could do no more. Such a
            # change goes on, and is unusual in itself.
            return m.ratio >= _LEADING_RATIO or (m.ratio == 0 and abs(m.deviation) >= _CLEAR and not is_usual(name, m))
        if m.onset < began and 0 < m.ratio < _LEADING_RATIO:
            return False
        if m.conditional:
            return True  # the comparison with the operating conditions has already excluded normal variation
        return m.onset >= began or not is_usual(name, m)

    return {name: m if belongs(name, m) else replace(m, doing="steady", onset=None) for name, m in found.items()}


def alarming_state(m: DetectedChange) -> DetectedChange:
    """Return a switch that has raised an alert with the change "stays on" or "stays off" instead of "steady".

    The rule of the alert says that the switch has been in this state for too long.
    """
    if m.track.kind != "boolean" or m.doing != "steady" or m.onset is None:
        return m
    return replace(m, doing="stays on" if m.track.values[-1] else "stays off", deviation=_ALARMING)


def _is_normal(m: DetectedChange, week: MetricSeries, moment: int) -> bool:
    onset = m.onset or moment
    end = max(moment, onset + 1)
    if m.doing in ("rises", "falls"):
        return is_normal_change(week, m.earliest or onset, m.level, m.change, end)
    split = m.baseline.levels.split if m.baseline and m.baseline.levels else 0.5
    return not m.shift and is_normal_stay(week, onset, split, on=m.doing == "stays on", end=end)
