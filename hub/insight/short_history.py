"""Report metrics that have too little history to tell what is usual, and the largest jump in this history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from hub import text_format as fmt
from hub.insight.detected_change import DetectedChange
from hub.insight.findings import finding
from hub.insight.investigation_input import InvestigationInput
from hub.insight.series import MetricSeries
from hub.insight.statistics import median, resolution
from hub.model import Evidence


def too_little(case: InvestigationInput, moves: Sequence[DetectedChange]) -> Iterator[Evidence]:
    """Yield findings about each metric that has too little history to tell what is usual for it.

    The first finding about a metric says this. A second one follows if the value jumped: if one step between two
    readings is much larger than the others.
    """
    for m in moves:
        if m.doing != "unknown" or m.baseline is not None:
            continue
        track = m.track
        covered = fmt.duration(float(track.times[-1] - track.times[0]) * 1000)
        count = f"{len(track)} readings in {covered}" if len(track) > 1 else "a single reading"
        sentence = f"{case.name(m.metric)} has too little history to say what is usual: {count}"
        yield finding(
            case,
            "history",
            m.metric,
            sentence,
            value=float(len(track)),
            unit="readings",
            start=track.at(0),
            end=case.now,
            weight=0.3,
            covered_ms=round(float(track.times[-1] - track.times[0]) * 1000),
        )
        jump = _jump(case, track)
        if jump is not None:
            yield jump


def _jump(case: InvestigationInput, track: MetricSeries) -> Evidence | None:
    if len(track) < 2 or track.kind != "number":
        return None
    steps = np.diff(track.values)
    at = int(np.argmax(np.abs(steps)))
    step, before = float(steps[at]), float(track.values[at])
    others = np.abs(np.delete(steps, at))
    if abs(step) <= max(5 * median(others) if len(others) else 0.0, 0.02 * abs(before), resolution(track.values) / 2):
        return None
    stamp = track.at(at + 1)
    sentence = (
        f"{case.name(track.metric)} jumped from {fmt.quantity(before, track.unit)} to "
        f"{fmt.quantity(before + step, track.unit)} at {fmt.clock(stamp)}, between two readings"
    )
    return finding(
        case,
        "jump",
        track.metric,
        sentence,
        value=step,
        unit=track.unit,
        start=track.at(at),
        end=stamp,
        weight=0.6,
        before=before,
        after=before + step,
    )
