"""Answers with totals: the increase of a meter, the integral of a rate over time, or a sum over devices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hub import text_format as fmt
from hub.assistant.answers.context import (
    MAX_LINES,
    MAX_TARGETS,
    CannotAnswer,
    ComputedAnswer,
    Context,
    Target,
    about,
    shown_rows,
)
from hub.assistant.answers.readings import Track
from hub.assistant.answers.statistics import answer_each, latest_by_title, tracks_of

_RATES = {
    "m³/h": ("m³", 1.0),
    "l/min": ("l", 60.0),
    "L/min": ("L", 60.0),
    "l/h": ("l", 1.0),
    "L/h": ("L", 1.0),
    "W": ("kWh", 0.001),
    "kW": ("kWh", 1.0),
    "m³/s": ("m³", 3600.0),
    "l/s": ("l", 3600.0),
    "L/s": ("L", 3600.0),
}
"""For the unit of a rate, the unit of its integral over time, and the integral of the rate 1 over one hour."""
_COUNTERS = ("kWh", "Wh", "MWh", "m³", "l", "L", "gal")


async def total(context: Context) -> ComputedAnswer:
    """Answer how much was used or produced in a time range.

    The amount comes from a meter (kWh), or from a rate (kW) that is integrated over the time. If the question names no
    time, answer with the sum of the devices' latest values.
    """
    time = context.question.time
    targets = await context.targets(most=None if time is None else MAX_TARGETS)
    if time is None:
        return await _sum(context, targets)
    span = context.span()
    usable = [t for t in targets if t.unit in _RATES or t.unit in _COUNTERS]
    if not usable:
        raise CannotAnswer(context.say("no_total", metric=targets[0].title, unit=targets[0].unit or "–"))
    counters = [t for t in usable if t.unit in _COUNTERS]
    tracks = [track for track in await tracks_of(context, span, counters or usable) if len(track) > 1]
    if not tracks:
        raise CannotAnswer(context.say("one_reading", scope=context.scope_words, time=span.words))
    amounts = [_amount(track) for track in tracks]

    def one(track: Track) -> str:
        amount, unit = _amount(track)
        key = "counted" if track.target.unit in _COUNTERS else "integrated"
        return context.say(key, value=fmt.quantity(amount, unit), mean=fmt.quantity(track.mean, track.target.unit))

    answer = answer_each(context, tracks, span, one, f"{span.words}:")
    if (
        len(tracks) > 1
        and len({(unit, track.target.metric) for (_, unit), track in zip(amounts, tracks, strict=True)}) == 1
    ):
        whole = fmt.quantity(sum(amount for amount, _ in amounts), amounts[0][1])
        return ComputedAnswer(f"{answer.text}\n{context.say('total', value=whole)}", answer.about, answer.span)
    return answer


def _amount(track: Track) -> tuple[float, str | None]:
    """Return the amount (such as energy or water) that was used or produced during a track, and its unit.

    For a meter, this is the sum of the increases, so that a reset does not count. For a rate, such as l/min, it is the
    integral over time.
    """
    unit = track.target.unit or ""
    if unit in _COUNTERS:
        steps = np.diff(track.values)
        return float(steps[steps > 0].sum()), unit
    whole, factor = _RATES[unit]
    hours = np.diff(track.times) / 3_600_000
    return float((hours * (track.values[1:] + track.values[:-1]) / 2).sum()) * factor, whole


async def _sum(context: Context, targets: Sequence[Target]) -> ComputedAnswer:
    lines = []
    for (title, unit), values in (await latest_by_title(targets)).items():
        if unit not in (*_RATES, *_COUNTERS, "A", "kg", "W", "VA"):
            raise CannotAnswer(context.say("no_total", metric=title, unit=unit or "–"))
        lines.append(context.say("sum_now", metric=title, value=fmt.quantity(sum(values), unit), n=len(values)))
    each = shown_rows(targets, lambda t: f"{t.name}: {t.show(t.latest.value)}", MAX_LINES)
    return ComputedAnswer(context.lines(" ".join(lines), each), about(targets))
