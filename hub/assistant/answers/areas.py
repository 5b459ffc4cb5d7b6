"""Answers with the mean and the range of a metric in each area."""

from __future__ import annotations

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
from hub.assistant.answers.ranking import alike
from hub.assistant.answers.readings import load, value_at
from hub.assistant.answers.slices import in_slices
from hub.assistant.metric_words import semantics
from hub.tools.views import celsius


async def by_area(context: Context) -> ComputedAnswer:
    """Answer with the mean and the range of a metric in each area, the highest mean first."""
    hint = context.question.hint or context.question.comparative
    time = context.question.time
    targets = await alike(context, await context.targets(most=None if time is None else MAX_TARGETS))
    is_about_rooms = context.question.has("room")
    if is_about_rooms:  # the temperature of a pump's bearing is not that of the room
        open_air = [target async for target in in_slices(targets) if not semantics(target.device, target.metric).places]
        targets = open_air or targets
    values: dict[str, list[tuple[Target, float]]] = {}
    async for target, value in in_slices(await _values(context, targets)):
        without = target.device.display_name if is_about_rooms else context.say("no_area")
        values.setdefault(target.device.display_area or without, []).append((target, value))
    if not values:
        raise CannotAnswer(
            context.say("no_readings", scope=context.scope_words, time=time.words if time else context.say("now"))
        )
    unit = targets[0].unit
    units = {target.unit async for target in in_slices(targets)}
    if len(units) > 1:  # temperatures in several units
        for area, rows in values.items():
            values[area] = [(t, celsius(value, t.unit)) async for t, value in in_slices(rows)]
        unit = "°C"
    numbers: dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]] = {}
    for area, rows in values.items():
        numbers[area] = np.array([value async for _, value in in_slices(rows)])
    means = {area: float(each.mean()) for area, each in numbers.items()}
    order = sorted(means, key=lambda area: means[area], reverse=not (hint and hint.lowest))

    def line(area: str) -> str:
        return context.say(
            "mean_range",
            name=f"{area} ({len(values[area])})",
            mean=fmt.quantity(means[area], unit),
            low=fmt.number(float(numbers[area].min()), unit),
            high=fmt.quantity(float(numbers[area].max()), unit),
        )

    lines = shown_rows(order, line, MAX_LINES)
    head = f"{time.words if time else context.say('now')}, {context.mentions()[0].words}:"
    span = (time.start, time.end) if time is not None and not time.is_point else None
    return ComputedAnswer(
        context.lines(head[:1].upper() + head[1:], lines), about(target for target, _ in values[order[0]][:6]), span
    )


async def _values(context: Context, targets: list[Target]) -> list[tuple[Target, float]]:
    """Return one value for each metric, and leave out metrics without a value.

    Depending on the time in the question, it is the latest value, the value at a moment, or the mean over a time range.
    """
    time = context.question.time
    if time is None:
        return [(t, t.latest.value) async for t in in_slices(targets) if isinstance(t.latest.value, float)]
    if time.is_point:
        found = [(target, await value_at(context, target, time.start)) for target in targets]
        return [(target, pair[1]) for target, pair in found if pair is not None]
    return [(track.target, track.mean) for track in await load(context, targets, time.start, time.end)]
