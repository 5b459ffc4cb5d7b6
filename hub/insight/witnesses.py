"""Find sensors that other metrics of the device (witnesses) contradict, because they may be faulty.

Witnesses are companions of the metric, which explained most of its variation so far. They contradict the metric if it
has moved and they have not. A level or temperature switch, for example, can also contradict a sensor.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hub import text_format as fmt
from hub.insight.baseline import at_same_state
from hub.insight.detected_change import DetectedChange
from hub.insight.findings import finding, state_text
from hub.insight.investigation_input import InvestigationInput
from hub.insight.statistics import median, strength
from hub.model import Evidence

_KEPT = 0.7
"""A change is contradicted if at least this fraction of it remains after removing the influence of the companions."""


_RELATION = 0.2
"""Factor on the weight if no companion measures the same quantity, since the machine may really have changed then."""


_SWITCHED = ("level", "temperature", "pressure", "flow")
_DISAGREES = 0.6


def disagreeing(case: InvestigationInput, moves: Sequence[DetectedChange]) -> Iterator[Evidence]:
    """Yield a finding for each steady sensor that a switch for the same quantity contradicts.

    The switch is in a state in which it has never been before, but the sensor shows nothing unusual.
    """
    semantics = case.semantics
    for switch in moves:
        meaning = semantics[switch.metric]
        rare = switch.baseline is not None and not len(
            switch.baseline.stays_high if switch.doing == "stays on" else switch.baseline.stays_low
        )
        if switch.track.kind != "boolean" or switch.doing not in ("stays on", "stays off") or not rare:
            continue
        state = state_text(switch.metric, switch.doing == "stays on")
        for m in moves:
            same = semantics[m.metric].quantity == meaning.quantity and semantics[m.metric].role == "measured"
            if not same or meaning.quantity not in _SWITCHED or m.doing != "steady" or m.track.kind != "number":
                continue
            yield finding(
                case,
                "contradicted",
                m.metric,
                f"{case.name(switch.metric)} is {state} as never before "
                f"and {case.name(m.metric)} shows nothing unusual at {fmt.quantity(m.level, m.track.unit)}",
                value=m.level,
                unit=m.track.unit,
                start=switch.onset or case.now,
                end=case.now,
                weight=_DISAGREES,
                companions=[case.name(switch.metric)],
            )


def _has_second(case: InvestigationInput, moved: DetectedChange, steady: Sequence[DetectedChange]) -> bool:
    """Return whether any steady metric measures the same quantity at the same place as ``moved``."""
    semantics = case.semantics
    own = semantics[moved.metric]
    others = (semantics[each.metric] for each in steady)
    return own.quantity is not None and any(
        each.quantity == own.quantity and each.role == "measured" and _same_place(own.places, each.places)
        for each in others
    )


def _same_place(own: frozenset[str], other: frozenset[str]) -> bool:
    """Return whether ``own`` and ``other``, the places of two metrics, have a place in common or are both empty."""
    return bool(own & other) if own or other else True


def contradicted(case: InvestigationInput, moves: Sequence[DetectedChange]) -> Iterator[Evidence]:
    """Yield a finding for each metric that has moved while its companions have stayed steady.

    Companions are other metrics of the device that have usually moved together with the metric. If they do not move
    now, they contradict the metric.
    """
    moves = [m for m in moves if m.metric not in case.calculated]
    steady = [m for m in moves if m.doing == "steady" and m.track.kind == "number"]
    for m in moves:
        if m.doing not in ("rises", "falls") or m.baseline is None or not steady:
            continue
        companions = [s.track for s in steady]
        adjusted = at_same_state(m.track, companions, m.baseline.end)
        if adjusted is None:
            continue
        usual = adjusted.values[: m.baseline.count]
        remaining = median(adjusted.values[-5:]) - median(usual)
        if remaining * m.change <= 0 or abs(remaining) < _KEPT * abs(m.change):
            continue
        names = fmt.join([case.name(s.metric) for s in steady[:3]])
        expected = m.level - remaining
        yield finding(
            case,
            "contradicted",
            m.metric,
            f"{names} usually move with {case.name(m.metric)} and lead to expect about "
            f"{fmt.quantity(expected, m.track.unit)}; it reads {fmt.quantity(m.level, m.track.unit)}",
            value=remaining,
            unit=m.track.unit,
            start=m.onset or case.now,
            end=case.now,
            weight=strength(m.deviation) * (1.0 if _has_second(case, m, steady) else _RELATION),
            expected=expected,
            companions=[case.name(s.metric) for s in steady[:3]],
        )
