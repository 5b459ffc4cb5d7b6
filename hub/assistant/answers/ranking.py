"""Answers that rank devices by a metric, say when a metric was highest or lowest, or how two metrics correlate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from hub import text_format as fmt
from hub.assistant.answers.context import (
    MAX_TARGETS,
    CannotAnswer,
    ComputedAnswer,
    Context,
    Target,
    about,
    names,
)
from hub.assistant.answers.readings import load, value_at
from hub.assistant.answers.slices import in_slices, order_of
from hub.assistant.answers.statistics import tracks_of
from hub.assistant.time_parser import DAY, HOUR
from hub.assistant.time_range import TimeRange
from hub.model import SeriesQuery
from hub.tools.views import celsius

_THERMAL = ("°C", "°F", "K")
_LOOK_BACK, _STEPS, _RIVALS = 6 * HOUR, 360, 12


async def rank(context: Context) -> ComputedAnswer:
    """Answer which device has the highest or lowest value of a metric, now, at a moment, or within a time range."""
    question = context.question
    hint = question.hint or question.comparative
    lowest = bool(hint and hint.lowest)
    if not context.mentions():
        raise CannotAnswer(context.say("which_metric_rank", metrics=context.metric_names()))
    time = question.time
    targets = await alike(context, await context.targets(most=None if time is None else MAX_TARGETS))
    if time is not None and not time.is_point:
        return await _rank_in(context, targets, time, lowest=lowest)
    if time is not None:
        found = [(t, await value_at(context, t, time.start)) for t in targets]
        targets = [t for t, pair in found if pair is not None]
        values = [pair[1] for _, pair in found if pair is not None]
    else:
        online = [t async for t in in_slices(targets) if t.device.presence != "offline"]
        if 0 < len(online) < len(targets):
            gone = {t.device.id: t.device async for t in in_slices(targets) if t.device.presence == "offline"}
            context.notes.append(context.say("without_offline", names=names(list(gone.values()), 4)))
        targets = online or targets
        values = [float(t.latest.value) async for t in in_slices(targets)]
    best_of: dict[str, int] = {}
    async for place in in_slices(await _order(targets, values, lowest=lowest)):
        best_of.setdefault(targets[place].device.id, place)
    shown = list(best_of.values())[: max(question.top or 4, _RIVALS)]
    rows = [targets[place] for place in shown]
    if not rows:
        raise CannotAnswer(context.say("no_reading_at", scope=context.scope_words, time=time.words if time else ""))
    lines = [f"{targets[place].name}: {targets[place].show(values[place])}" for place in shown]
    head = context.say(
        "lowest_is" if lowest else "highest_is",
        row=lines[0],
        time=time.words if time else context.clock(rows[0].latest.ts),
    )
    if question.has("since_when") and time is None:
        head += " " + await _leading_since(context, rows[:_RIVALS], lowest=lowest)
    rest = lines[1 : question.top or 4] if question.top != 1 else []
    if question.top and question.top > 1:
        return ComputedAnswer(
            context.lines(
                context.say("top_head", n=len(lines[: question.top]), total=len(best_of)), lines[: question.top], 40
            ),
            about(rows[: question.top]),
            None,
            True,
        )
    text = context.lines(f"{head} {context.say('next')}", rest) if rest else head
    if len(rows) > 1:
        text += f"\n{context.say('compared', n=len(best_of))}"
    return ComputedAnswer(text, about(rows), None, True)


async def alike(context: Context, targets: list[Target]) -> list[Target]:
    """Return the metrics with the most frequent unit, because only values in the same unit can be ranked.

    Add a note if other metrics are left out. All units of temperature count as the same unit.
    """
    units = Counter([t.unit async for t in in_slices(targets)])
    main = max(units, key=lambda unit: (units[unit], unit is not None))
    same = _THERMAL if main in _THERMAL else (main,)
    if left := sorted(unit or "–" for unit in units if unit not in same):
        kept = [t async for t in in_slices(targets) if t.unit in same]
        context.notes.append(context.say("other_units", n=len(targets) - len(kept), units=", ".join(left)))
        return kept
    return targets


async def _order(targets: Sequence[Target], values: Sequence[float], *, lowest: bool) -> list[int]:
    """Return the indices of the targets, sorted by value. Targets with equal values keep their order."""
    keys = [celsius(values[place], target.unit) async for place, target in in_slices([*enumerate(targets)])]
    return order_of(keys, descending=not lowest)


async def _rank_in(context: Context, targets: Sequence[Target], time: TimeRange, *, lowest: bool) -> ComputedAnswer:
    """Rank metrics by their extremes within a time range, or by their means if the question asks for the mean."""
    series = await context.queries.store.history(
        [SeriesQuery(t.device.id, t.metric, time.start, time.end + 1, buckets=1) for t in targets]
    )
    by_mean = context.question.has("mean")
    place = 2 if by_mean else 1 if lowest else 3
    values = {
        t.key: float(one.points[0][place])
        for t, one in zip(targets, series, strict=True)
        if one.points and len(one.points[0]) == 5
    }
    read = [t for t in targets if t.key in values]
    rows = [read[place] for place in await _order(read, [values[t.key] for t in read], lowest=lowest)]
    if not rows:
        raise CannotAnswer(context.say("no_readings", scope=context.scope_words, time=time.words))
    lines = [f"{t.name}: {t.show(values[t.key])}" for t in rows]
    (best,) = await load(context, rows[:1], time.start, time.end)
    at = (
        "" if by_mean else " " + context.say("at", time=context.clock((best.lowest() if lowest else best.highest())[1]))
    )
    if len(rows) == 1:
        return ComputedAnswer(
            f"{time.words}: {context.say('lowest' if lowest else 'highest')} {lines[0]}{at}.",
            about(rows),
            (time.start, time.end),
            True,
        )
    kept = lines[: context.question.top or 5]
    kept[0] += at
    key = ("lowest_mean" if lowest else "highest_mean") if by_mean else ("lowest_head" if lowest else "highest_head")
    text = context.lines(context.say(key, time=time.words, n=len(rows)), kept, 40)
    return ComputedAnswer(text, about(rows), (time.start, time.end), True)


async def _leading_since(context: Context, rows: Sequence[Target], *, lowest: bool) -> str:
    """Return a sentence that says since when the first metric in ``rows`` has had a higher value than all the others.

    With ``lowest``, the sentence says since when it has had a lower value. Only the last six hours are compared.
    """
    if len(rows) == 1:
        return context.say("no_rival")
    end = context.now
    start, step = end - _LOOK_BACK, _LOOK_BACK // _STEPS
    series = await context.queries.store.history(
        [SeriesQuery(t.device.id, t.metric, start, end, buckets=_STEPS) for t in rows]
    )
    sign = -1 if lowest else 1
    slots = [
        {round((p[0] - start) / step): sign * celsius(float(p[2]), t.unit) for p in one.points if len(p) == 5}
        for t, one in zip(rows, series, strict=True)
    ]
    own, rivals = slots[0], slots[1:]
    earliest: int | None = None
    for slot in sorted(own, reverse=True):
        others = [values[slot] for values in rivals if slot in values]
        if others and max(others) > own[slot]:
            break
        earliest = slot
    if earliest is None:
        return context.say("leads_just_now")
    if earliest == min(own):
        return context.say("leads_always", over=fmt.duration(_LOOK_BACK), time=context.clock(start + earliest * step))
    return context.say("leads_since", time=fmt.clock_minute(start + earliest * step))


async def when_extreme(context: Context) -> ComputedAnswer:
    """Answer when a metric was highest or lowest."""
    span = context.span(DAY)
    lowest = bool(context.question.hint and context.question.hint.lowest)
    tracks = await tracks_of(context, span)
    lines = []
    for track in tracks:
        value, at = track.lowest() if lowest else track.highest()
        key = "lowest_at" if lowest else "highest_at"
        lines.append(f"{track.target.name}: {context.say(key, value=track.target.show(value), time=context.clock(at))}")
    text = f"{span.words}: {lines[0]}." if len(lines) == 1 else context.lines(f"{span.words}:", lines)
    return ComputedAnswer(text, about(t.target for t in tracks), (span.start, span.end), True)


async def correlation(context: Context) -> ComputedAnswer:
    """Answer how closely two metrics correlate over a time range.

    The answer has Pearson's coefficient of the means over short parts of the time range.
    """
    targets, span = await context.targets(), context.span(2 * HOUR)
    if len(targets) != 2:
        raise CannotAnswer(context.say("two_needed", metrics=", ".join(t.name for t in targets[:6])))
    series = await context.queries.store.history(
        [SeriesQuery(t.device.id, t.metric, span.start, span.end, buckets=120) for t in targets]
    )
    one, other = ({p[0]: p[2] for p in each.points if len(p) == 5} for each in series)
    common = sorted(one.keys() & other.keys())
    x, y = np.array([one[at] for at in common], dtype=float), np.array([other[at] for at in common], dtype=float)
    pair = f"{targets[0].name} ↔ {targets[1].name}"
    if len(common) < 8 or not np.std(x) or not np.std(y):
        raise CannotAnswer(context.say("no_correlation", pair=pair, time=span.words))
    r = float(np.corrcoef(x, y)[0, 1])
    word = "strong" if abs(r) >= 0.7 else "moderate" if abs(r) >= 0.4 else "weak_or_none"
    text = context.say(
        "correlation", pair=pair, time=span.words, r=fmt.number(round(r, 2)), n=len(common), word=context.say(word)
    )
    return ComputedAnswer(text, about(targets), (span.start, span.end), True)
