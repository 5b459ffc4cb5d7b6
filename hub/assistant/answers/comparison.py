"""Answers that compare devices, compare one device with other devices of its model, or compare two time ranges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from hub import text_format as fmt
from hub.assistant.answers.context import CannotAnswer, ComputedAnswer, Context, Target, about
from hub.assistant.answers.readings import Track, load, value_at
from hub.assistant.time_parser import HOUR
from hub.assistant.time_range import TimeRange
from hub.tools.views import celsius

_THERMAL = ("°C", "°F", "K")


async def compare(context: Context) -> ComputedAnswer:
    """Answer with a comparison of two time ranges, of several devices, or of one device with others of its model."""
    question = context.question
    if len(question.times) > 1:
        return await _times(context, question.times[0], question.times[1])
    if question.has("peers") or (len(context.devices) == 1 and len(question.metrics) < 2):
        return await _peers(context)
    if question.scope.is_all:
        raise CannotAnswer(context.say("compare_what"))
    return await _devices(context)


async def _devices(context: Context) -> ComputedAnswer:
    """Compare metrics of several devices over a time range.

    A question such as "is A hotter than B" without a time compares the latest values.
    """
    time = context.question.time
    targets = await context.targets() if context.mentions() else await _shared(context)
    comparative = context.question.comparative
    if time is None and comparative is not None and (answer := _groups(context, targets)) is not None:
        return answer
    if time is None and (comparative is not None or context.question.has("difference")):
        return _now(context, targets)
    if time is not None and time.is_point:
        span = TimeRange(time.start - 5 * 60_000, min(time.start + 5 * 60_000, context.now), f"{time.words} ± 5 min")
    else:
        span = context.span()
    tracks = await load(context, targets[:48], span.start, span.end)
    if not tracks:
        raise CannotAnswer(context.say("no_readings", scope=context.scope_words, time=span.words))
    lines = [
        context.say(
            "mean_range",
            name=t.target.name,
            mean=fmt.quantity(t.mean, t.target.unit),
            low=fmt.number(t.lowest()[0], t.target.unit),
            high=fmt.quantity(t.highest()[0], t.target.unit),
        )
        for t in sorted(tracks, key=lambda each: (each.target.title, -each.mean))
    ]
    lines += _differences(context, [(t.target, t.mean) for t in tracks])
    return ComputedAnswer(
        context.lines(f"{span.words}:", lines, 24), about(t.target for t in tracks), (span.start, span.end), True
    )


async def _shared(context: Context) -> list[Target]:
    """Return the numeric metrics that two or more of the devices have. Raises CannotAnswer if there are none."""
    found = [target async for target in context.shown_targets() if target.is_number]
    names = Counter(target.metric for target in found)
    shared = [target for target in found if names[target.metric] > 1]
    if not shared:
        raise CannotAnswer(context.say("nothing_shared", scope=context.scope_words, metrics=context.metric_names()))
    return sorted(shared, key=lambda target: list(names).index(target.metric))


def _now(context: Context, targets: Sequence[Target]) -> ComputedAnswer:
    values = {t.key: float(t.latest.value) for t in targets if isinstance(t.latest.value, float)}
    lines = [f"{t.name}: {t.show(t.latest.value)}{context.stale_note(t.device)}" for t in targets]
    head = _verdict(context, targets, values) or context.say("now_head", n=len(lines))
    lines += _differences(context, [(t, values[t.key]) for t in targets if t.key in values])
    return ComputedAnswer(context.lines(head, lines), about(targets))


def _groups(context: Context, targets: Sequence[Target]) -> ComputedAnswer | None:
    """Answer with a comparison of the means of two groups, as in "is the cold store colder than the loading dock".

    Return None if the question does not compare two groups of devices, or if their metrics have different units.
    """
    groups, comparative = context.question.scope.groups, context.question.comparative
    if len(groups) != 2 or comparative is None or len(targets) < 3:
        return None
    if not all(_alike(target.unit, targets[0].unit) for target in targets):
        return None
    thermal = any(t.unit != targets[0].unit for t in targets)
    means, lines = [], []
    for group in groups:
        members = {device.id for device in group.devices}
        values = [
            celsius(t.latest.value, t.unit) if thermal else t.latest.value
            for t in targets
            if t.device.id in members and isinstance(t.latest.value, float)
        ]
        if not values:
            return None
        unit = "°C" if thermal else targets[0].unit
        means.append(sum(values) / len(values))
        low, high = fmt.number(min(values), unit), fmt.quantity(max(values), unit)
        name = f"{group.words} ({len(values)})"
        lines.append(context.say("mean_range", name=name, mean=fmt.quantity(means[-1], unit), low=low, high=high))
    wins = means[0] < means[1] if comparative.lowest else means[0] > means[1]
    if context.question.has("which"):
        verdict = context.say("which_wins", name=groups[0 if wins else 1].words)
    else:
        verdict = context.say("yes" if wins else "no")
    return ComputedAnswer(context.lines(verdict, lines), about(targets))


def _verdict(context: Context, targets: Sequence[Target], values: dict[tuple[str, str], float]) -> str:
    """Return "Yes." or "No." for "is A hotter than B", and the name of a device for "which is hotter".

    Return an empty text if the question does not compare two values. ``values`` has the value of each target by its
    key.
    """
    comparative = context.question.comparative
    if context.question.has("how_much"):
        return ""
    if comparative is None or len(targets) != 2 or not _alike(targets[0].unit, targets[1].unit):
        return ""
    one, other = (celsius(values[t.key], t.unit) for t in targets)
    if one == other:
        return context.say("equal_values")
    wins = (one < other) if comparative.lowest else (one > other)
    if context.question.has("which"):
        return context.say("which_wins", name=targets[0 if wins else 1].device.display_name)
    return context.say("yes" if wins else "no")


def _alike(unit: str | None, other: str | None) -> bool:
    return unit == other or (unit in _THERMAL and other in _THERMAL)


def _differences(context: Context, pairs: Sequence[tuple[Target, float]]) -> list[str]:
    """Return a sentence on the difference between the two devices for each metric that both have in the same unit."""
    lines = []
    for metric in dict.fromkeys(target.title for target, _ in pairs):
        both = [(target, value) for target, value in pairs if target.title == metric]
        if len(both) == 2 and both[0][0].unit == both[1][0].unit:
            lines.append(_difference(context, *both))
    if not lines and len(pairs) == 2 and pairs[0][0].unit == pairs[1][0].unit:
        lines.append(_difference(context, pairs[0], pairs[1]))
    return lines


def _difference(context: Context, one: tuple[Target, float], other: tuple[Target, float]) -> str:
    (high, more), (low, less) = sorted((one, other), key=lambda each: -each[1])
    same = high.device.id == low.device.id
    name = high.name if same else high.device.display_name
    return context.say("difference", metric=high.title, value=fmt.difference(more - less, high.unit), name=name)


async def _times(context: Context, one: TimeRange, other: TimeRange) -> ComputedAnswer:
    """Compare the means of each metric in the time ranges ``one`` and ``other``."""
    targets = await context.targets()
    lines: list[str] = []
    comparative = context.question.comparative
    for target in targets[:12]:
        means = [await _mean_of(context, target, time) for time in (one, other)]
        first, second = means
        if first is None or second is None:
            gone = one if first is None else other
            lines.append(context.say("no_readings", scope=target.name, time=gone.words))
            continue
        change = fmt.difference(abs(first - second), target.unit)
        wins = comparative is not None and ((first < second) if comparative.lowest else (first > second))
        verdict = "" if comparative is None or len(targets) > 1 else context.say("yes" if wins else "no") + " "
        lines.append(
            verdict
            + context.say(
                "two_times",
                name=target.name,
                one=fmt.quantity(first, target.unit),
                other=fmt.quantity(second, target.unit),
                time=one.words,
                other_time=other.words,
                difference=change,
            )
        )
    start, end = min(one.start, other.start), max(one.end, other.end)
    text = lines[0] if len(lines) == 1 else context.lines(context.say("means"), lines)
    return ComputedAnswer(text, about(targets), (start, end), True)


async def _mean_of(context: Context, target: Target, time: TimeRange) -> float | None:
    if time.is_point:
        found = await value_at(context, target, time.start)
        return None if found is None else found[1]
    tracks: list[Track] = await load(context, [target], time.start, time.end)
    return tracks[0].mean if tracks else None


async def _peers(context: Context) -> ComputedAnswer:
    """Compare one device with the other devices of its model."""
    device, span = context.devices[0], context.span()
    if span.end < context.now - HOUR:
        raise CannotAnswer(context.say("peers_until_now"))
    rows = await context.queries.comparison(device, (context.now - span.start) / HOUR)
    wanted = {metric for mention in context.mentions() for metric in mention.on(device)}
    if context.mentions():
        rows = [row for row in rows if row.metric in wanted]
    if not rows:
        raise CannotAnswer(context.say("no_peer", name=device.display_name, model=device.info.model or "–"))
    lines = [
        context.say(
            "peer_row",
            metric=Target(device, row.metric).title,
            own=fmt.quantity(row.own, row.unit),
            median=fmt.quantity(row.median, row.unit),
            low=fmt.number(row.lowest, row.unit),
            high=fmt.number(row.highest, row.unit),
        )
        + (f" ← {context.say('stands_out')}" if abs(row.deviations) >= 3.5 else "")
        for row in rows
    ]
    head = context.say(
        "peers_head", name=device.display_name, n=rows[0].peers, model=device.info.model or "", time=span.words
    )
    tail = "" if any(abs(row.deviations) >= 3.5 for row in rows) else f"\n{context.say('nothing_stands_out')}"
    sources = tuple((device.id, row.metric) for row in rows[:6])
    return ComputedAnswer(context.lines(head, lines) + tail, sources, (span.start, span.end), True)
