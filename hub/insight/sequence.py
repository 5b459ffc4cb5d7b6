"""Find what came first: an intervention before a change, and the order in which metrics began to change.

A person who switches a mode, moves a set point or opens a door causes the changes that follow, so interventions come
first. An order is stated only for changes whose times are certainly different: ``latest`` of the first is before
``earliest`` of the second.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hub import text_format as fmt
from hub.insight.detected_change import DetectedChange
from hub.insight.findings import finding, state_text
from hub.insight.investigation_input import InvestigationInput
from hub.insight.normal_changes import is_normal_change
from hub.insight.series import MetricSeries
from hub.insight.statistics import median, strength
from hub.model import Evidence, Value

_BY_CHANCE = 0.1
"""A change of state is an intervention only if at most this many are expected by chance in as much time."""
_ROUTINE = 2
"""A mode that was entered at least this often before is part of the normal cycle, as a defrost is."""
_ROUTINE_MS = 1_200_000
"""A change of a set point is compared with earlier changes that took at most this long, since means are coarse."""
_SOON_MS = 60_000
_ROLES = ("setpoint", "command")
_QUANTITIES = ("contact", "mode")
_CLEAR = 8.0
"""The deviation, in sigmas, that is assumed for an intervention."""
_MAX_LATER = 4


@dataclass(frozen=True, slots=True)
class Intervention:
    """A change of a mode, command, set point or contact from ``before`` to ``after``.

    It happened between ``earliest`` and ``latest`` (epoch ms), the times of the readings before and after it.
    """

    track: MetricSeries
    earliest: int
    latest: int
    before: Value
    after: Value


def interventions(case: InvestigationInput, moves: Sequence[DetectedChange]) -> list[Intervention]:
    """Return the interventions when the first metric began to change, or up to a minute before; earliest first."""
    began = [m for m in moves if m.moved and m.onset is not None and m.doing != "stuck"]
    if not began:
        return []
    first = min(began, key=lambda m: m.onset or 0)
    earliest, latest = first.earliest or first.onset or 0, first.latest or first.onset or 0
    semantics = case.semantics
    found = []
    for name, track in case.tracks.items():
        meaning = semantics[name]
        if track.kind == "text" or meaning.role in _ROLES or meaning.quantity in _QUANTITIES:
            change = _change(track, earliest - _SOON_MS, latest)
            if change is not None and not _is_routine(change, case.week.get(name), meaning.quantity == "mode"):
                found.append(change)
    return sorted(found, key=lambda change: change.latest)


def _is_routine(change: Intervention, week: MetricSeries | None, is_mode: bool) -> bool:
    """Return whether ``change`` belongs to the normal course of operation, so that it explains nothing.

    A mode is routine if it was entered often before. A number, such as a set point that follows the weather, is routine
    if it took a similar value after a similar change at least twice in the week before.

    ``week`` has the metric's values of the last seven days. If it is None, empty or not a series of texts, the mode is
    searched for in the readings in ``change.track`` instead.
    """
    if not is_mode:
        after, before = change.after, change.before
        if week is None or isinstance(after, str | bool) or isinstance(before, str | bool):
            return False
        end = change.latest + _ROUTINE_MS
        return is_normal_change(week, change.earliest, float(after), float(after) - float(before), end)
    track = week if week is not None and week.kind == "text" and len(week) else change.track
    entered = [each for each in np.flatnonzero(np.diff(track.values)) + 1 if track.at(int(each)) < change.latest]
    return sum(_value(track, int(each)) == change.after for each in entered) >= _ROUTINE


def _change(track: MetricSeries, start: int, end: int) -> Intervention | None:
    changes = np.flatnonzero(np.diff(track.values))
    if not len(changes):
        return None
    interval = median(np.diff(track.times))
    low, high = track.seconds(start) - interval, track.seconds(end) + interval
    at = track.times[changes + 1]
    inside = changes[(at >= low) & (at <= high)]
    earlier = int(np.count_nonzero(at < low))
    past = low - track.times[0]
    if not len(inside) or past <= 0 or earlier * (high - low) / past > _BY_CHANCE:
        return None
    index = int(inside[0])
    return Intervention(track, track.at(index), track.at(index + 1), _value(track, index), _value(track, index + 1))


def _value(track: MetricSeries, index: int) -> Value:
    value = float(track.values[index])
    if track.kind == "text":
        return track.words[int(value)]
    return bool(value) if track.kind == "boolean" else value


def changed(case: InvestigationInput, found: Sequence[Intervention]) -> Iterator[Evidence]:
    """Yield a finding for each intervention: which metric changed, from which value to which, and when."""
    for change in found:
        before, after = (_shown(change.track, value) for value in (change.before, change.after))
        yield finding(
            case,
            "mode" if case.semantics[change.track.metric].quantity == "mode" else "changed",
            change.track.metric,
            f"{case.name(change.track.metric)} changed from {before} to {after} at {fmt.clock(change.latest)}",
            value=change.after,
            unit=change.track.unit,
            start=change.latest,
            end=case.now,
            weight=strength(_CLEAR),
            before=change.before,
            earliest_at=change.earliest,
        )


def _shown(track: MetricSeries, value: Value) -> str:
    if isinstance(value, bool):
        return state_text(track.metric, value)
    return f"“{value}”" if isinstance(value, str) else fmt.quantity(value, track.unit)


@dataclass(frozen=True, slots=True)
class _Begin:
    metric: str
    earliest: int
    at: int
    latest: int
    deviation: float


def order(
    case: InvestigationInput, moves: Sequence[DetectedChange], set_before: Sequence[Intervention]
) -> Iterator[Evidence]:
    """Yield a finding on which metric changed first, and which metrics certainly changed later.

    The metric that raised the alert often changes last. ``set_before`` are the interventions before the changes.
    """
    timed = [
        _Begin(m.metric, m.earliest or m.onset, m.onset, m.latest or m.onset, abs(m.deviation))
        for m in moves
        if m.onset is not None and m.moved and m.doing != "stuck"
    ]
    names = {change.track.metric for change in set_before}
    begins = [_Begin(c.track.metric, c.earliest, c.latest, c.latest, _CLEAR) for c in set_before]
    begins += sorted((begin for begin in timed if begin.metric not in names), key=lambda begin: begin.at)
    if len(begins) < 2:
        return
    earliest = begins[0] if set_before else min(timed, key=lambda begin: begin.latest)
    # Changes whose onset ranges overlap count as simultaneous. Times are given relative to the metric in trouble or, if
    # it is not among them, relative to the clearest change.
    together = [b for b in begins if b is earliest or b.earliest <= earliest.latest]
    leader = earliest if set_before else min(together, key=lambda b: (b.metric not in case.troubled, -b.deviation))
    later = [b for b in begins if b not in together]
    first = [case.name(b.metric) for b in ([leader] if set_before else together)]
    steps = [(case.name(b.metric), b.at - leader.at) for b in later[:_MAX_LATER] if b.at > leader.at]
    told = [f"{name} {fmt.duration(after)} later" for name, after in steps]
    how = "first" if later or set_before else "together"
    sentence = f"{fmt.join(first)} changed {how}, at {fmt.clock(leader.at)}" + (f"; {fmt.join(told)}" if told else "")
    yield finding(
        case,
        "order",
        leader.metric,
        sentence,
        value=None,
        unit=None,
        start=leader.at,
        end=case.now,
        weight=min(strength(b.deviation) for b in begins[:2]),
        first=first,
        later=[{"name": name, "after_ms": after} for name, after in steps],
    )
