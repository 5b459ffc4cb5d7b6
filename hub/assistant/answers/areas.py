"""Answers for each area: the mean and the range of a metric."""

from __future__ import annotations

import numpy as np

from hub import text_format as fmt
from hub.assistant.answers.context import MAX_TARGETS, CannotAnswer, ComputedAnswer, Context, Target, about
from hub.assistant.answers.ranking import alike
from hub.assistant.answers.readings import load, value_at
from hub.tools.views import celsius


async def by_area(context: Context) -> ComputedAnswer:
    """Answer with the mean and the range of a metric in each area, the highest mean first."""
    hint = context.question.hint or context.question.comparative
    time = context.question.time
    targets = alike(context, context.targets(most=None if time is None else MAX_TARGETS))
    values: dict[str, list[tuple[Target, float]]] = {}
    for target, value in await _values(context, targets):
        values.setdefault(target.device.display_area or context.say("no_area"), []).append((target, value))
    if not values:
        raise CannotAnswer(
            context.say("no_readings", scope=context.scope_words, time=time.words if time else context.say("now"))
        )
    unit = targets[0].unit
    if any(target.unit != unit for target in targets):  # temperatures in several units
        values = {area: [(t, celsius(value, t.unit)) for t, value in rows] for area, rows in values.items()}
        unit = "°C"
    means = {area: float(np.mean([value for _, value in rows])) for area, rows in values.items()}
    order = sorted(means, key=lambda area: means[area], reverse=not (hint and hint.lowest))
    lines = [
        context.say(
            "mean_range",
            name=f"{area} ({len(values[area])})",
            mean=fmt.quantity(means[area], unit),
            low=fmt.number(min(value for _, value in values[area]), unit),
            high=fmt.quantity(max(value for _, value in values[area]), unit),
        )
        for area in order
    ]
    head = f"{time.words if time else context.say('now')}, {context.mentions()[0].words}:"
    span = (time.start, time.end) if time is not None and not time.is_point else None
    return ComputedAnswer(
        context.lines(head[:1].upper() + head[1:], lines), about(target for target, _ in values[order[0]][:6]), span
    )


async def _values(context: Context, targets: list[Target]) -> list[tuple[Target, float]]:
    """Return a value of each target: now, at a moment, or its mean over a time."""
    time = context.question.time
    if time is None:
        return [(t, t.latest.value) for t in targets if isinstance(t.latest.value, float)]
    if time.is_point:
        found = [(target, await value_at(context, target, time.start)) for target in targets]
        return [(target, pair[1]) for target, pair in found if pair is not None]
    return [(track.target, track.mean) for track in await load(context, targets, time.start, time.end)]
