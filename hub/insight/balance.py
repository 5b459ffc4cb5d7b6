"""Compare the movement of a tank's level with the flows into and out of the tank."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hub import text_format as fmt
from hub.insight.detected_change import DetectedChange
from hub.insight.findings import finding
from hub.insight.investigation_input import InvestigationInput
from hub.insight.series import MetricSeries
from hub.insight.statistics import median
from hub.model import Evidence

_CERTAIN = 0.15
"""Smallest difference of inflow and outflow that counts, as a fraction of the larger flow: flow meters have errors."""


def unbalanced(case: InvestigationInput, moves: Sequence[DetectedChange]) -> Iterator[Evidence]:
    """Yield a finding if a level falls although more flows in than out, or rises although more flows out than in.

    The device must have exactly one inflow and one outflow, in the same unit, and exactly one level that rises or
    falls. The ``value`` of the finding is the inflow minus the outflow.
    """
    levels = [m for m in moves if case.semantics[m.metric].quantity == "level" and m.doing in ("rises", "falls")]
    inflow, outflow = _flow(case, "inlet"), _flow(case, "outlet")
    if len(levels) != 1 or inflow is None or outflow is None or inflow.unit != outflow.unit:
        return
    level = levels[0]
    since = level.onset or case.now
    into, out = (median(each.since(since).values) if len(each.since(since)) else 0.0 for each in (inflow, outflow))
    surplus = into - out
    if surplus * level.change >= 0 or abs(surplus) <= _CERTAIN * max(into, out):
        return
    yield finding(
        case,
        "unbalanced",
        level.metric,
        f"{case.name(level.metric)} {level.doing} although {fmt.quantity(into, inflow.unit)} flow in and "
        f"{fmt.quantity(out, inflow.unit)} flow out",
        value=surplus,
        unit=inflow.unit,
        start=since,
        end=case.now,
        weight=0.8,
        flows_in=into,
        flows_out=out,
    )


def _flow(case: InvestigationInput, place: str) -> MetricSeries | None:
    found = [
        track
        for name, track in case.tracks.items()
        if case.semantics[name].quantity == "flow" and place in case.semantics[name].places and track.kind == "number"
    ]
    return found[0] if len(found) == 1 else None
