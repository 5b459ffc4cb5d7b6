"""Answer whether a value is normal: compare it with the metric's limits and with its readings of the last day."""

from __future__ import annotations

import numpy as np

from hub import text_format as fmt
from hub.assistant.answers.context import CannotAnswer, ComputedAnswer, Context, Target, about
from hub.assistant.answers.current import MAX_ABOUT
from hub.assistant.answers.facts import limit_words
from hub.assistant.answers.readings import load
from hub.assistant.time_parser import DAY


async def meaning(context: Context) -> ComputedAnswer:
    """Answer what a value means, with the metrics' limits, their range over the last day, and their latest values."""
    question = context.question
    amount = next(iter(question.amounts), None)
    if not context.mentions() and amount is not None and amount.unit is not None:
        targets = [target async for target in context.shown_targets() if target.unit == amount.unit]
        if not targets:
            raise CannotAnswer(context.say("no_unit", unit=amount.unit, scope=context.scope_words))
    elif question.scope.is_all and not context.mentions():
        raise CannotAnswer(context.say("meaning_of_what"))
    else:
        targets = await context.targets(any_metric=True)
    tracks = {t.target.key: t for t in await load(context, targets[:24], context.now - DAY, context.now)}
    lines = []
    for target in targets[:24]:
        parts = []
        if target.metric in context.queries.limits(target.device):
            parts.append(context.say("allowed", limit=limit_words(context, target)))
        if (track := tracks.get(target.key)) is not None and len(track) > 9:
            low, high = (fmt.quantity(float(np.percentile(track.values, q)), target.unit) for q in (5, 95))
            parts.append(context.say("mostly", low=low, high=high))
        parts.append(context.say("now_is", value=target.show(target.latest.value)))
        if amount is not None and not amount.side:
            parts.append(_judged(context, target, amount.value))
        lines.append(f"{target.name}: {'; '.join(part for part in parts if part)}")
    text = lines[0] + "." if len(lines) == 1 else context.lines(context.say("meaning_head"), lines)
    return ComputedAnswer(text + "\n" + context.say("meaning_basis"), about(targets[:MAX_ABOUT]), None, len(lines) < 3)


def _judged(context: Context, target: Target, value: float) -> str:
    limit = context.queries.limits(target.device).get(target.metric)
    text = fmt.quantity(value, target.unit)
    if limit is not None and limit.max is not None and value > limit.max:
        return context.say("would_be_above", value=text)
    if limit is not None and limit.min is not None and value < limit.min:
        return context.say("would_be_below", value=text)
    return context.say("would_be_within", value=text) if limit is not None else ""
