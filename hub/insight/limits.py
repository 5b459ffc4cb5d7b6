"""Find limits that are exceeded, since when and by how much, and limits that will soon be exceeded at this rate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from hub import text_format as fmt
from hub.insight.detected_change import DetectedChange
from hub.insight.findings import finding
from hub.insight.investigation_input import InvestigationInput
from hub.insight.series import MetricSeries
from hub.insight.statistics import runs, slope, strength
from hub.model import Evidence


def over_limit(case: InvestigationInput) -> Iterator[Evidence]:
    """Yield a finding for each metric beyond a limit: since when, and by how much. The alert's metric comes first."""
    alerting = case.alert.metric if case.alert else None
    found = sorted(_beyond_limits(case), key=lambda each: (each[0].metric != alerting, each[0].metric))
    for track, bound, sign in found:
        yield _beyond(case, track, bound, sign)


def _beyond_limits(case: InvestigationInput) -> Iterator[tuple[MetricSeries, float, float]]:
    """Yield each series whose newest value is beyond a limit, with this limit, and 1 (above) or -1 (below)."""
    for name, track in case.tracks.items():
        limit = case.limit(name)
        if track.kind != "number" or not len(track) or limit is None:
            continue
        for bound, sign in ((limit.max, 1.0), (limit.min, -1.0)):
            if bound is not None and sign * (track.values[-1] - bound) > 0:
                yield track, bound, sign


def beyond_since(case: InvestigationInput) -> int | None:
    """Return the time (epoch ms) since which a metric has been beyond its limit; None if no metric is.

    If several metrics are beyond their limits, return the earliest time.
    """
    found = [track.at(_first_beyond(sign * (track.values - bound) > 0)) for track, bound, sign in _beyond_limits(case)]
    return min(found, default=None)


def _first_beyond(beyond: npt.NDArray[np.bool_]) -> int:
    """Return the first index from which all elements of ``beyond`` are True."""
    inside = np.flatnonzero(~beyond)
    return int(inside[-1]) + 1 if len(inside) else 0


def _beyond(case: InvestigationInput, track: MetricSeries, bound: float, sign: float) -> Evidence:
    beyond = sign * (track.values - bound) > 0
    first = _first_beyond(beyond)
    since, newest = track.at(first), track.at(-1)
    peak = float((sign * track.values[first:]).max()) * sign
    side, extreme = ("above", "peak") if sign > 0 else ("below", "lowest")
    margin = abs(float(track.values[-1]) - bound)
    sentence = (
        f"{case.name(track.metric)} has been {side} its limit of {fmt.limit_quantity(bound, track.unit)} "
        f"since {fmt.clock(since)}{f', for {fmt.duration(newest - since)}' if newest > since else ''}; "
        f"at {fmt.clock(newest)} it read {fmt.quantity(float(track.values[-1]), track.unit)}, "
        f"{fmt.difference(margin, track.unit)} beyond it ({extreme} {fmt.quantity(peak, track.unit)})"
    )
    weight = 0.5 + min(margin / max(abs(bound), 1e-9), 0.5)
    return finding(
        case,
        "over_limit",
        track.metric,
        sentence,
        value=float(track.values[-1]),
        unit=track.unit,
        start=since,
        end=case.now,
        weight=weight,
        limit=bound,
        is_above=sign > 0,
        read_at=newest,
        peak=peak,
        is_usual=_was_so_before(case.week.get(track.metric, track), bound, sign, since, newest, peak),
        is_lasting=first == 0 and (case.alert is None or track.metric != case.alert.metric),
    )


_OCCASIONS = 3
_AS_FAR = 0.8
"""An earlier excess is similar if it reached at least this fraction of the present excess.

An excess is usual if there were at least :data:`_OCCASIONS` similar ones before.
"""


def _was_so_before(series: MetricSeries, bound: float, sign: float, since: int, newest: int, peak: float) -> bool:
    """Return whether the metric regularly exceeds the limit, so that the present excess is not a symptom.

    For example, a motor draws more current than its limit each time it starts. The metric must have exceeded the limit
    several times before, for at least as long as now and nearly as far.

    Args:
        series: The readings of the metric.
        bound: The limit.
        sign: 1 for an upper limit, -1 for a lower limit.
        since: When the present excess began, in epoch ms.
        newest: The time of its newest reading, in epoch ms.
        peak: The value that is farthest beyond the limit now.
    """
    before = series.until(since - 1)
    if before.kind != "number":
        return False
    beyond = runs(before.times, (sign * (before.values - bound) > 0).astype(np.float64))
    ends = np.append(beyond.starts[1:], len(before))
    as_long = (beyond.states == 1) & (beyond.lengths >= (newest - since) / 1000)
    excess = sign * (before.values - bound)
    far = [
        float(excess[int(first) : int(end)].max()) >= _AS_FAR * sign * (peak - bound)
        for first, end in zip(beyond.starts[as_long], ends[as_long], strict=True)
    ]
    return sum(far) >= _OCCASIONS


def heading(case: InvestigationInput, moves: Sequence[DetectedChange]) -> Iterator[Evidence]:
    """Yield a finding for each metric that moves towards a limit: how fast, and when it will reach the limit."""
    for m in moves:
        limit = case.limit(m.metric)
        if m.doing not in ("rises", "falls") or m.onset is None or limit is None:
            continue
        since = max(m.onset, case.now - 600_000)
        recent = m.track.since(since)
        bound, sign = (limit.max, 1.0) if m.doing == "rises" else (limit.min, -1.0)
        pace = slope(recent.times, recent.values) if len(recent) >= 5 else 0.0
        if bound is None or sign * pace <= 0 or sign * (bound - m.level) <= 0:
            continue
        left = (bound - m.level) / pace
        if left > 86_400:
            continue
        sentence = (
            f"{case.name(m.metric)} {m.doing} by {fmt.rate(abs(pace), m.track.unit)}; at that rate it reaches its "
            f"limit of {fmt.limit_quantity(bound, m.track.unit)} in {fmt.duration(left * 1000)}"
        )
        yield finding(
            case,
            "slope",
            m.metric,
            sentence,
            value=pace * 60,
            unit=f"{m.track.unit}/min" if m.track.unit else None,
            start=since,
            end=case.now,
            weight=strength(m.deviation) * (0.5 + 0.5 * float(left < 3600)),
            limit=bound,
            metric_unit=m.track.unit,
            left_ms=round(left * 1000),
        )


_ENDING = ("position", "flow", "speed")
_NEAR_END = 0.01
"""A metric is at an end of its range if its distance from the end is at most this fraction of the range."""


def at_end(case: InvestigationInput) -> Iterator[Evidence]:
    """Yield a finding for each valve, drive and flow that is at an end of its range. ``value`` is the reading.

    A controller whose valve is at 0 or 100 % cannot correct any further. If no metric has an alert or is beyond its
    limit, yield nothing.
    """
    if not case.troubled:
        return
    for name, track in case.tracks.items():
        meaning = case.semantics[name]
        if meaning.quantity not in _ENDING or meaning.role not in ("measured", "command") or track.kind != "number":
            continue
        recent = track.values[-3:]
        full = 100.0 if track.unit == "%" else float("inf")
        near = _NEAR_END * min(full, float(np.abs(track.values).max(initial=0.0)))
        if np.all(np.abs(recent) <= near) or np.all(recent >= full - near):
            yield finding(
                case,
                "at_end",
                name,
                f"{case.name(name)} is at an end of its range: {fmt.quantity(float(recent[-1]), track.unit)}",
                value=float(recent[-1]),
                unit=track.unit,
                start=track.at(max(len(track) - 3, 0)),
                end=case.now,
                weight=0.6,
                is_above=bool(recent[-1] > near),
            )
