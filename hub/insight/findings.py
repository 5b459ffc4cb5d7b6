"""Findings about the device's own metrics: which changed, how unusual that is, and which are steady."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from hub import text_format as fmt
from hub.insight.baseline import Baseline
from hub.insight.detected_change import DetectedChange
from hub.insight.investigation_input import InvestigationInput
from hub.insight.normal_variation import normal_variation_weights
from hub.insight.statistics import strength
from hub.model import Evidence, EvidenceKind, Value

_NOTABLE = 3.0
"""Smallest distance from the usual level (in sigmas) for which there is a finding."""
_EXACT_MS = 30_000
"""If an onset is known to within this many ms, a finding states it as one time, else as a range of times."""


def finding(
    case: InvestigationInput,
    kind: EvidenceKind,
    metric: str | None,
    sentence: str,
    *,
    value: Value | None,
    unit: str | None,
    start: int,
    end: int,
    weight: float,
    **params: Any,
) -> Evidence:
    """Return a finding without an id. The function :func:`hub.insight.evidence.evidence` adds the id.

    Args:
        case: The input of the investigation, from which the names of device and metric are taken.
        kind: The kind of the finding.
        metric: The metric that the finding is about; None if it is not about one metric.
        sentence: The finding in English.
        value: The value that the sentence states; None if it states none.
        unit: The unit of ``value``.
        start: The beginning of the time that the finding is about, in epoch ms.
        end: The end of this time.
        weight: How important the finding is. It is limited to the range from 0 to 1.
        **params: The values in ``sentence``, unformatted. The name of the metric is added to them.
    """
    weight = round(min(max(weight, 0.0), 1.0), 3)
    if metric is not None:
        params["name"] = case.name(metric)
    return Evidence("", kind, case.device, metric, sentence, value, unit, min(start, end), end, weight, params)


def moved(case: InvestigationInput, moves: Sequence[DetectedChange]) -> Iterator[Evidence]:
    """Yield a finding for each metric that has changed, in the order of the changes in ``moves``.

    If the metric has risen or fallen, the ``value`` of the finding is the size of the change, negative for a fall.
    """
    weights = normal_variation_weights(case, moves)
    for m in moves:
        onset = m.onset if m.onset is not None else case.now
        if m.doing in ("rises", "falls"):
            verb = "rise" if m.doing == "rises" else "fall"
            verb = f"stepped {'up' if m.doing == 'rises' else 'down'}" if m.abrupt else f"began to {verb}"
            # Every finding quotes the newest reading, unless that is an outlier, with its time: people read this for as
            # long as the alert is open, and later.
            now = m.level if m.reading is None else m.reading
            change = now - m.before
            level = "what its operating conditions lead to expect" if m.conditional else "its level before"
            sentence = (
                f"{case.name(m.metric)} {verb} {_when(m, onset)}{_before_crossing(case, onset)}; "
                f"at {fmt.clock(m.track.at(-1))} it {'was around' if m.reading is None else 'read'} "
                f"{fmt.quantity(now, m.track.unit)}, "
                f"{fmt.difference(abs(change), m.track.unit)} {'above' if change >= 0 else 'below'} {level} "
                f"({fmt.quantity(m.before, m.track.unit)})"
            )
            if m.adjusted:
                sentence += ", more than its other metrics explain"
            yield finding(
                case,
                "step" if m.abrupt else "onset",
                m.metric,
                sentence,
                value=change,
                unit=m.track.unit,
                start=onset,
                end=case.now,
                weight=strength(m.deviation) * weights.get(m.metric, 1.0),
                read_at=m.track.at(-1),
                reading=now,
                is_outlier=m.reading is None,
                before=m.before,
                crossed_after_ms=_crossed_after(case, onset),
                earliest_at=m.earliest,
                latest_at=m.latest,
                is_adjusted=m.adjusted,
                is_conditional=m.conditional,
            )
        elif m.doing == "stuck":
            sentence = (
                f"{case.name(m.metric)} has repeated exactly {fmt.quantity(m.level, m.track.unit)} "
                f"since {fmt.clock(onset)}, for {fmt.duration(case.now - onset)}; before, it never stood "
                f"still for longer than {fmt.duration(m.baseline.still * 1000 if m.baseline else 0)}"
            )
            yield finding(
                case,
                "stuck",
                m.metric,
                sentence,
                value=m.level,
                unit=m.track.unit,
                start=onset,
                end=case.now,
                weight=strength(m.deviation),
                longest_ms=round(m.baseline.still * 1000) if m.baseline else 0,
            )
        elif m.doing in ("stays on", "stays off"):
            yield _stay(case, m, onset)


def _when(m: DetectedChange, onset: int) -> str:
    """Return "at 10:02:11", or "between 09:40 and 10:05" if the time is not known exactly."""
    if m.earliest is None or m.latest is None or m.latest - m.earliest <= _EXACT_MS:
        return f"at {fmt.clock(onset)}"
    return f"between {fmt.clock(m.earliest)} and {fmt.clock(m.latest)}"


def _crossed_after(case: InvestigationInput, onset: int) -> int | None:
    """Return how many ms after ``onset`` the alert's limit was crossed; None if it was not crossed after ``onset``."""
    alert = case.alert
    if alert is None or alert.metric is None or alert.threshold is None or onset >= alert.since:
        return None
    return alert.since - onset


def _before_crossing(case: InvestigationInput, onset: int) -> str:
    after = _crossed_after(case, onset)
    return "" if after is None else f", {fmt.duration(after)} before the limit was crossed"


def _stay(case: InvestigationInput, m: DetectedChange, onset: int) -> Evidence:
    on = m.doing == "stays on"
    if m.track.kind == "boolean":
        what = f"{case.name(m.metric)} has been {state_text(m.metric, on)}"
    else:
        level = fmt.quantity(m.level, m.track.unit)
        what = f"{case.name(m.metric)} has stayed {'on' if on else 'off'} at about {level}"
    stays = (m.baseline.stays_high if on else m.baseline.stays_low) if m.baseline else ()
    usual = float(max(stays, default=0.0))
    sentence = f"{what} since {fmt.clock(onset)}, for {fmt.duration(case.now - onset)}"
    sentence += (
        f"; its longest stay before was {fmt.duration(usual * 1000)}" if usual else "; it had not been so before"
    )
    if m.shift and m.baseline and m.baseline.levels:
        side = "above" if m.shift > 0 else "below"
        sentence += f"; that is {side} its usual level of {fmt.quantity(m.baseline.levels.high, m.track.unit)}"
    value: Value = on if m.track.kind == "boolean" else m.level - m.before
    return finding(
        case,
        "stays_on" if on else "stays_off",
        m.metric,
        sentence,
        value=value,
        unit=m.track.unit,
        start=onset,
        end=case.now,
        weight=strength(m.deviation),
        level=None if m.track.kind == "boolean" else m.level,
        longest_ms=round(usual * 1000),
        usual_level=m.baseline.levels.high if m.shift and m.baseline and m.baseline.levels else None,
    )


def shifted(case: InvestigationInput, moves: Sequence[DetectedChange]) -> Iterator[Evidence]:
    """Yield a finding for each switching signal whose upper level has changed, as if a compressor draws less power."""
    for m in moves:
        if m.shift and m.onset is not None and m.baseline is not None and m.baseline.levels is not None:
            usual = m.baseline.levels.high
            side = "below" if m.shift < 0 else "above"
            sentence = (
                f"while on, {case.name(m.metric)} is around {fmt.quantity(m.level, m.track.unit)}, "
                f"{fmt.difference(abs(m.level - usual), m.track.unit)} {side} its usual "
                f"{fmt.quantity(usual, m.track.unit)}"
            )
            yield finding(
                case,
                "level",
                m.metric,
                sentence,
                value=m.level - usual,
                unit=m.track.unit,
                start=m.onset,
                end=case.now,
                weight=strength(abs(m.shift) * 30),
                level=m.level,
                usual_level=usual,
            )


def deviation(case: InvestigationInput, moves: Sequence[DetectedChange]) -> Iterator[Evidence]:
    """Yield findings that say how far the three largest changes are from the baseline. ``value`` is in sigmas.

    A change that stays within the usual range of its metric gets no finding here.
    """
    for m in sorted(moves, key=lambda m: -abs(m.deviation))[:3]:
        if m.doing not in ("rises", "falls") or m.baseline is None or m.conditional:
            continue
        usual = m.baseline
        deviations = _deviations(m, usual)
        beyond = m.level > usual.high if deviations > 0 else m.level < usual.low
        if abs(deviations) < _NOTABLE or not beyond:
            continue
        sizes = min(abs(deviations), 99.0)
        sentence = (
            f"{case.name(m.metric)} is {fmt.number(round(sizes, 1))} deviations "
            f"{'above' if deviations > 0 else 'below'} "
            f"what is usual for this device (its last {fmt.duration((usual.end - usual.start) * 1000)}: mostly "
            f"{fmt.number(usual.low, m.track.unit)} to {fmt.quantity(usual.high, m.track.unit)})"
        )
        yield finding(
            case,
            "deviation",
            m.metric,
            sentence,
            value=round(float(np.clip(deviations, -99, 99)), 2),
            unit="σ",
            start=m.track.stamp(usual.start),
            end=case.now,
            weight=strength(m.deviation),
            low=usual.low,
            high=usual.high,
            metric_unit=m.track.unit,
            usual_ms=round((usual.end - usual.start) * 1000),
        )


def _deviations(m: DetectedChange, usual: Baseline) -> float:
    """Return the distance of a metric's present level from the level that its baseline predicts, in sigmas."""
    now = np.array([float(m.track.times[-1])])
    return float(usual.deviations(now, np.array([m.level]))[0])


def steady(case: InvestigationInput, moves: Sequence[DetectedChange]) -> Iterator[Evidence]:
    """Yield a finding for each metric that shows nothing unusual.

    Such a finding is evidence against every cause that would have changed the metric. Its kind is ``steady``. The kind
    is ``running`` (on) or ``idle`` (off) for a metric that switches between two levels, and for a contact or relay that
    is in a rare state.
    """
    for m in moves:
        if m.doing != "steady" or m.baseline is None or m.shift:
            continue
        newest = float(m.track.values[-1])
        kind: EvidenceKind = "steady"
        shown, weight = fmt.quantity(newest, m.track.unit), max(0.0, 1 - m.unrest) * 0.9
        value: Value = newest
        rare = m.track.kind == "boolean" and _rare(m)
        if m.track.kind == "boolean":
            value = bool(m.track.values[-1])
            shown = state_text(m.metric, value)
            if rare:
                # A rare state is not unusual, but it may be how the trouble began.
                kind, weight = ("running" if value else "idle"), 0.6 if m.metric in case.troubled else 0.3
                shown += f" since {fmt.clock(m.onset or case.now)}, as it is now and then"
        elif m.baseline.levels is not None:
            running = m.level > m.baseline.levels.split
            kind, shown = ("running", f"on at {shown}") if running else ("idle", f"off at {shown}")
        sentence = f"{case.name(m.metric)} shows nothing unusual; it is {shown}"
        start = m.onset if m.onset is not None else m.track.stamp(m.baseline.end)
        yield finding(
            case,
            kind,
            m.metric,
            sentence,
            value=value,
            unit=m.track.unit,
            start=start,
            end=case.now,
            weight=weight,
            is_rare=rare,
        )


def _rare(m: DetectedChange) -> bool:
    """Return whether the contact or relay is usually in its present state for less than a quarter of the time."""
    usual = m.baseline
    return usual is not None and m.onset is not None and float(np.mean(m.track.values[: usual.count] == m.level)) < 0.25


def state_text(metric: str, on: bool) -> str:
    """Return "on" or "off", or "open" or "closed" if the name of the metric is that of a door, window or the like."""
    door = any(word in metric.lower() for word in ("door", "hatch", "lid", "gate", "window"))
    return ("closed", "open")[on] if door else ("off", "on")[on]
