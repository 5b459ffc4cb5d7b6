"""Compute all findings for one investigation, and number them, so that the sentences of a diagnosis can cite them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import msgspec
import numpy as np

from hub.insight import (
    balance,
    correlation,
    findings,
    limits,
    oscillation,
    past_alerts,
    same_incident,
    sequence,
    short_history,
    witnesses,
)
from hub.insight.change_detection import detect_changes
from hub.insight.detected_change import DetectedChange
from hub.insight.investigation_input import InvestigationInput
from hub.insight.operating_state import rank_of_condition
from hub.insight.running_time import running_time
from hub.insight.series import MetricSeries
from hub.insight.statistics import median
from hub.model import Evidence

_MOST_METRICS = 16
"""Maximum number of metrics that are examined, since a device may have 256.

If there are more, these are the metric of the alert and the metrics that changed most relative to their own range.
"""
_STOPPED_AND_STARTED = frozenset(
    ("pump", "motor", "fan", "air_handler", "compressor", "chiller", "heat_pump", "boiler", "conveyor", "cooling_tower")
)
"""Kinds of machine that are judged by the times at which they run."""


def evidence(case: InvestigationInput) -> list[Evidence]:
    """Return the findings, with the ids ``e1``, ``e2`` and so on. It never raises an error, and all numbers are finite.

    Findings on exceeded limits come first, then changes (earliest first), their order, rates of change, other metrics
    and devices, steady metrics, and the quality of the data. 8 metrics of 3,600 points take about 20 ms.
    """
    seen = replace(case, tracks=_chosen(case))
    with np.errstate(all="ignore"):
        stops = bool(seen.kinds & _STOPPED_AND_STARTED)
        running, running_weeks = (
            running_time(history, seen.tracks, seen.semantics) if stops else None for history in (seen.week, seen.weeks)
        )
        changes = detect_changes(
            seen.tracks, _moment(seen), seen.week, seen.troubled, seen.weeks, _ranks(seen), running, running_weeks
        )
        swinging = oscillation.oscillating(seen.tracks)
        # A metric that oscillates gets a finding on that, and none on its last rise or its last change of mode.
        moves = sorted((m for name, m in changes.items() if name not in swinging), key=_rank)
        others = replace(seen, tracks={name: t for name, t in seen.tracks.items() if name not in swinging})
        set_before = sequence.interventions(others, moves)
        found = [
            *limits.over_limit(seen),
            *correlation.silence(seen),
            *sequence.changed(others, set_before),
            *findings.moved(seen, moves),
            *findings.shifted(seen, moves),
            *oscillation.hunting(seen, swinging.values()),
            *sequence.order(seen, moves, set_before),
            *limits.heading(seen, moves),
            *findings.deviation(seen, moves),
            *limits.at_end(seen),
            *balance.unbalanced(seen, moves),
            *correlation.moved_with(seen, moves),
            *correlation.peers(seen, moves),
            *witnesses.contradicted(seen, moves),
            *witnesses.disagreeing(seen, moves),
            *findings.steady(seen, moves),
            *short_history.too_little(seen, moves),
            *correlation.quality(seen, moves),
            *past_alerts.past(seen),
            *same_incident.same_incident(seen),
        ]
    return [msgspec.structs.replace(item, id=f"e{number}") for number, item in enumerate(found, 1)]


def _moment(case: InvestigationInput) -> int:
    """Return the latest time (epoch ms) at which the trouble can have begun.

    This is the time at which the alert's condition began or, without an alert, the time at which a metric exceeded its
    limit. It is the time of the last reading if there is neither, or if the last reading is earlier.
    """
    newest = max((track.at(-1) for track in case.tracks.values() if len(track)), default=case.now)
    moment = min(case.now, newest)
    since = case.alert.since if case.alert else limits.beyond_since(case)
    return moment if since is None else min(since, moment)


def _ranks(case: InvestigationInput) -> dict[str, int]:
    return {name: rank_of_condition(meaning) for name, meaning in case.semantics.items()}


def _rank(m: DetectedChange) -> tuple[bool, int, str]:
    return (not m.moved, m.onset if m.onset is not None and m.moved else 0, m.metric)


def _chosen(case: InvestigationInput) -> dict[str, MetricSeries]:
    """Return the series to investigate, by metric, each with its readings up to ``now``.

    If the device has too many metrics, these are the metric of the alert and the metrics that changed most.
    """
    tracks: Iterable[MetricSeries] = (track.until(case.now) for track in case.tracks.values())
    usable = [track for track in tracks if len(track)]
    alerting = case.alert.metric if case.alert else None
    if len(usable) > _MOST_METRICS:
        usable.sort(key=lambda track: (track.metric != alerting, -_liveliness(track), track.metric))
    return {track.metric: track for track in usable[:_MOST_METRICS]}


def _liveliness(track: MetricSeries) -> float:
    """Return how much the last readings of a metric differ from its earlier readings, as a multiple of their range."""
    usual = track.values[: max(len(track) * 2 // 3, 1)]
    return float(abs(median(track.values[-3:]) - median(usual)) / (np.ptp(usual) + 1e-9))
