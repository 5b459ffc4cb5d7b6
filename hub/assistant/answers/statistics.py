"""Answers that summarize the readings of a time range: mean, median, extremes, standard deviation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

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
from hub.assistant.answers.readings import Track, load
from hub.assistant.answers.slices import in_slices
from hub.assistant.time_parser import HOUR, MINUTE
from hub.assistant.time_range import TimeRange

_RATE_OVER = 30 * MINUTE


async def tracks_of(context: Context, span: TimeRange, targets: Sequence[Target] | None = None) -> list[Track]:
    """Return the readings of ``targets`` (None: the metrics that the question is about) in the time range.

    Metrics without readings are left out, with a note in the answer. Raises CannotAnswer if no metric has readings.
    """
    wanted = await context.targets() if targets is None else targets
    tracks = await load(context, wanted, span.start, span.end)
    if not tracks:
        raise CannotAnswer(context.say("no_readings", scope=context.scope_words, time=span.words))
    missing = [target for target in wanted if target.key not in {track.target.key for track in tracks}]
    if missing:
        context.notes.append(context.say("no_readings", scope=", ".join(t.name for t in missing[:3]), time=span.words))
    if not all(track.is_exact for track in tracks):
        context.notes.append(context.say("from_means"))
    if late := [track for track in tracks if _begins_late(track, span)]:
        begin = context.clock(int(min(track.times[0] for track in late)))
        context.notes.append(context.say("begin_late", names=", ".join(t.target.name for t in late[:3]), time=begin))
    return tracks


def _begins_late(track: Track, span: TimeRange) -> bool:
    """Return whether the readings of ``track`` begin so late that they do not cover the first tenth of ``span``.

    A delay of up to two usual intervals between readings is ignored, because it only means that readings are rare.
    """
    interval = float(np.median(np.diff(track.times))) if len(track) > 1 else 0.0
    return bool(track.times[0] - span.start > max((span.end - span.start) / 10, 2 * interval))


def answer_each(
    context: Context, tracks: Sequence[Track], span: TimeRange, line_of: Callable[[Track], str], head: str
) -> ComputedAnswer:
    """Return an answer with one line for each track, made by ``line_of``. ``head`` is the heading."""
    lines = [f"{track.target.name}: {line_of(track)}" for track in tracks]
    text = f"{span.words}: {lines[0]}." if len(lines) == 1 else context.lines(head, lines)
    return ComputedAnswer(
        text[:1].upper() + text[1:], about(track.target for track in tracks), (span.start, span.end), True
    )


async def statistics(context: Context) -> ComputedAnswer:
    """Answer how metrics developed over a time range: extremes with their times, mean, first and last reading."""
    span = context.span(2 * HOUR)
    tracks = await tracks_of(context, span, (await context.targets(any_metric=True))[:24])

    def one(track: Track) -> str:
        (low, low_at), (high, high_at) = track.lowest(), track.highest()
        unit, change = track.target.unit, float(track.values[-1] - track.values[0])
        return context.say(
            "statistics",
            low=fmt.quantity(low, unit),
            low_at=context.clock(low_at),
            high=fmt.quantity(high, unit),
            high_at=context.clock(high_at),
            mean=fmt.quantity(track.mean, unit),
            first=fmt.quantity(float(track.values[0]), unit),
            last=fmt.quantity(float(track.values[-1]), unit),
            change=_signed(change, unit),
        )

    return answer_each(context, tracks, span, one, f"{span.words}:")


def _signed(change: float, unit: str | None) -> str:
    return ("+" if change > 0 else "−" if change < 0 else "±") + fmt.difference(abs(change), unit)


async def mean(context: Context) -> ComputedAnswer:
    """Answer with the mean of each metric over a time range.

    If the question names no time, answer with the mean of the devices' latest values.
    """
    time = context.question.time
    targets = await context.targets(most=None if time is None else MAX_TARGETS)
    if time is None and len(targets) > 1:
        return await _across(context, targets)
    span = _around(context, time) if time is not None and time.is_point else context.span()
    tracks = await tracks_of(context, span, targets)
    answer = answer_each(
        context,
        tracks,
        span,
        lambda t: context.say("mean_of", value=fmt.quantity(t.mean, t.target.unit), n=t.total),
        context.say("mean_head", time=span.words),
    )
    if len(tracks) > 1 and len({(track.target.unit, track.target.metric) for track in tracks}) == 1:
        overall = float(np.average([t.mean for t in tracks], weights=[t.total for t in tracks]))
        total = context.say("overall_mean", value=fmt.quantity(overall, tracks[0].target.unit), n=len(tracks))
        return ComputedAnswer(f"{answer.text}\n{total}", answer.about, answer.span, True)
    return answer


def _around(context: Context, time: TimeRange) -> TimeRange:
    return TimeRange(time.start - 5 * MINUTE, min(time.start + 5 * MINUTE, context.now), f"{time.words} ± 5 min")


async def _across(context: Context, targets: Sequence[Target]) -> ComputedAnswer:
    """Answer with the mean, the lowest and the highest of the latest values of several devices.

    Values are combined only if their metrics have the same title and unit, so the answer has one line for each title
    and unit. If there is only one, the value of each device follows.
    """
    lines = []
    for (title, unit), values in (await latest_by_title(targets)).items():
        lines.append(
            context.say(
                "now_summary",
                metric=title,
                mean=fmt.quantity(float(np.mean(values)), unit),
                n=len(values),
                low=fmt.quantity(min(values), unit),
                high=fmt.quantity(max(values), unit),
            ).rstrip(":")
        )
    each = shown_rows(targets, lambda t: f"{t.name}: {t.show(t.latest.value)}", MAX_LINES)
    head = f"{context.scope_words}: {lines[0]}:" if len(lines) == 1 else f"{context.scope_words}:"
    return ComputedAnswer(context.lines(head, each if len(lines) == 1 else lines), about(targets))


async def latest_by_title(targets: Sequence[Target]) -> dict[tuple[str, str | None], list[float]]:
    """Return the latest values that are numbers, grouped by metric title and unit."""
    found: dict[tuple[str, str | None], list[float]] = {}
    async for target in in_slices(targets):
        value = target.latest.value
        if isinstance(value, float):
            found.setdefault((target.title, target.unit), []).append(value)
    return found


async def median(context: Context) -> ComputedAnswer:
    """Answer with the median of the readings in a time range."""
    span = context.span()
    return answer_each(
        context,
        await tracks_of(context, span),
        span,
        lambda t: context.say(
            "median_of",
            value=fmt.quantity(float(np.median(np.repeat(t.values, t.counts.astype(int)))), t.target.unit),
            n=t.total,
        ),
        f"{span.words}:",
    )


async def deviation(context: Context) -> ComputedAnswer:
    """Answer with the standard deviation and the mean of the readings in a time range."""
    span = context.span()

    def one(track: Track) -> str:
        exact = float(np.sqrt(np.average((track.values - track.mean) ** 2, weights=track.counts)))
        spread = 0.0 if exact < 1e-9 * max(abs(track.mean), 1.0) else exact
        return context.say(
            "deviation_of",
            value=fmt.difference(spread, track.target.unit),
            mean=fmt.quantity(track.mean, track.target.unit),
            n=track.total,
        )

    return answer_each(context, await tracks_of(context, span), span, one, f"{span.words}:")


async def extent(context: Context) -> ComputedAnswer:
    """Answer with the lowest and the highest reading in a time range."""
    span = context.span()

    def one(track: Track) -> str:
        (low, low_at), (high, high_at) = track.lowest(), track.highest()
        unit = track.target.unit
        return context.say(
            "range_of",
            low=fmt.quantity(low, unit),
            low_at=context.clock(low_at),
            high=fmt.quantity(high, unit),
            high_at=context.clock(high_at),
            width=fmt.difference(high - low, unit),
        )

    return answer_each(context, await tracks_of(context, span), span, one, f"{span.words}:")
