"""Answers about the first and the newest reading, and about how much and how fast a metric rises or falls."""

from __future__ import annotations

import msgspec

from hub import text_format as fmt
from hub.assistant.answers.context import CannotAnswer, ComputedAnswer, Context, Target, about
from hub.assistant.answers.current import now
from hub.assistant.answers.readings import Track, first_reading, recent_slope, slope, value_at
from hub.assistant.answers.statistics import answer_each, tracks_of
from hub.assistant.time_parser import MINUTE
from hub.assistant.time_range import TimeRange
from hub.model import SeriesQuery

_RATE_OVER = 30 * MINUTE
_MOST_COMPARED = 150


async def first(context: Context) -> ComputedAnswer:
    """Answer with the first reading of a time range, or with the first stored reading."""
    time = context.question.time
    start, end = (time.start, time.end) if time is not None and time.kind == "range" else (0, context.now)
    targets = (await context.targets())[:12]
    lines = []
    for target in targets:
        if (found := await first_reading(context, target, start, end)) is not None:
            lines.append(
                context.say("read_at", name=target.name, value=target.show(found[1]), time=context.clock(found[0]))
            )
    if not lines:
        raise CannotAnswer(context.say("no_readings", scope=context.scope_words, time=time.words if time else ""))
    return ComputedAnswer(
        lines[0] if len(lines) == 1 else context.lines(context.say("first_head"), lines), about(targets), (start, end)
    )


async def latest(context: Context) -> ComputedAnswer:
    """Answer with the newest reading, or with as many of the newest readings as the question asks for."""
    top = context.question.top
    if not top or top < 2:
        return await now(context)
    targets = (await context.targets())[:3]
    queries = [SeriesQuery(t.device.id, t.metric, 0, context.now, limit=top) for t in targets]
    lines = [
        context.say("read_at", name=target.name, value=target.show(point[1]), time=context.clock(point[0]))
        for target, series in zip(targets, await context.queries.store.history(queries), strict=True)
        for point in reversed(series.points)
    ]
    return ComputedAnswer(
        context.lines(context.count("readings", len(lines)) + ":", lines, 40), about(targets), None, True
    )


async def change(context: Context) -> ComputedAnswer:
    """Answer how much a metric rose or fell over a time range, or since a moment ("since 8 o'clock")."""
    time = context.question.time
    if time is not None and time.is_point:
        return await _change_since(context, time)
    span = context.span()
    targets = context.first(await context.targets(any_metric=True), _MOST_COMPARED)
    tracks = [track for track in await tracks_of(context, span, targets) if len(track) > 1]
    if not tracks:
        raise CannotAnswer(context.say("one_reading", scope=context.scope_words, time=span.words))

    def one(track: Track) -> str:
        return _moved(context, track.target, float(track.values[0]), float(track.values[-1]))

    moved = sorted((track for track in tracks if _share(track)), key=_share, reverse=True)
    if len(tracks) < 3 or context.question.scope.named or not moved:
        return answer_each(context, tracks, span, one, f"{span.words}:")
    answer = answer_each(context, moved, span, one, f"{span.words}:")
    if same := len(tracks) - len(moved):
        answer = msgspec.structs.replace(answer, text=f"{answer.text}\n• {context.count('others_unchanged', same)}")
    return answer


def _share(track: Track) -> float:
    """Return the absolute change from the first to the last reading, as a fraction of the larger absolute value."""
    first, last = abs(float(track.values[0])), abs(float(track.values[-1]))
    return abs(float(track.values[-1] - track.values[0])) / (max(first, last) or 1.0)


async def _change_since(context: Context, time: TimeRange) -> ComputedAnswer:
    targets, lines = await context.targets(), []
    for target in targets[:12]:
        then = await value_at(context, target, time.start)
        if then is not None and isinstance(target.latest.value, float):
            lines.append(
                f"{target.name}, {time.words} → {context.say('now')}: "
                f"{_moved(context, target, then[1], target.latest.value)}"
            )
    if not lines:
        raise CannotAnswer(context.say("no_reading_at", scope=context.scope_words, time=time.words))
    return ComputedAnswer(
        lines[0] + "." if len(lines) == 1 else context.lines(f"{time.words}:", lines),
        about(targets),
        (time.start, context.now),
        True,
    )


def _moved(context: Context, target: Target, before: float, after: float) -> str:
    """Return a text that says how much a metric rose or fell from ``before`` to ``after``.

    The text begins with "no" if the question assumes the opposite direction.
    """
    moved, unit = after - before, target.unit
    key = "rose" if moved > 0 else "fell" if moved < 0 else "unchanged"
    text = context.say(
        key, by=fmt.difference(abs(moved), unit), first=fmt.quantity(before, unit), last=fmt.quantity(after, unit)
    )
    asked_up, asked_down = context.question.has("up"), context.question.has("down")
    if asked_up != asked_down and ((asked_up and moved < 0) or (asked_down and moved > 0)):
        return f"{context.say('no')} {text}"
    return text


async def rate(context: Context) -> ComputedAnswer:
    """Answer how fast a metric rises or falls: the slope of a straight line through its readings."""
    span = context.span(_RATE_OVER)
    tracks = await tracks_of(context, span)
    if context.question.time is not None and context.question.time.is_point:  # "faster than an hour ago"
        context.notes.append(context.say("not_used", words=f"“{context.question.time.words}”"))

    def one(track: Track) -> str:
        found = slope(track) if context.question.time is not None else recent_slope(track)
        if found is None:
            return context.say("too_few")
        if not found.is_real:
            unit, mean = track.target.unit, fmt.quantity(track.mean, track.target.unit)
            if found.is_steady:
                return context.say("steady", value=mean)
            low, high = fmt.quantity(found.low, unit), fmt.quantity(found.high, unit)
            return context.say("no_trend", low=low, high=high, mean=mean)
        key = "rises" if found.per_hour > 0 else "falls"
        text = context.say(
            key,
            rate=fmt.rate(abs(found.per_hour) / 3600, track.target.unit),
            value=fmt.quantity(found.value, track.target.unit),
        )
        asked_up, asked_down = context.question.has("up"), context.question.has("down")
        wrong = asked_up != asked_down and asked_up != (found.per_hour > 0)
        return f"{context.say('no')} {text}" if wrong else text

    return answer_each(context, tracks, span, one, f"{span.words}:")
