"""Answers about whether a metric is too hot, too high or too full. The values closest to their limits come first."""

from __future__ import annotations

import msgspec

from hub.assistant.answers.context import CannotAnswer, ComputedAnswer, Context, Target, about, shown_rows
from hub.assistant.answers.current import now
from hub.assistant.answers.facts import limit_words
from hub.assistant.answers.slices import in_slices, order_of
from hub.model import Limit

_SHOWN = 8


class _Row(msgspec.Struct, frozen=True, gc=False):
    """A metric with its distance from the nearest limit.

    ``margin`` is this distance as a fraction of the allowed range. It is negative if the value is beyond the limit.
    """

    target: Target
    margin: float


async def limit_check(context: Context) -> ComputedAnswer:
    """Answer which metrics are beyond their limits. If there are none, answer which metrics are closest to a limit."""
    targets = await context.targets(most=None) if context.mentions() else await _all_targets(context)
    found = [row async for target in in_slices(targets) if (row := _row(context, target))]
    margins = [row.margin async for row in in_slices(found)]
    rows = [found[place] async for place in in_slices(order_of(margins))]
    if not rows:
        text = context.say("no_limit", scope=context.scope_words)
        if not targets or len(targets) > _SHOWN:
            raise CannotAnswer(text)
        values = await now(context)
        return ComputedAnswer(f"{text}\n{values.text}", values.about)
    beyond = [row async for row in in_slices(rows) if row.margin < 0]
    if beyond:
        head = context.say("beyond_limits", n=len(beyond), total=len(rows))
    else:
        head = context.say("within_limits", total=len(rows), scope=context.scope_words)
    shown = beyond or rows[:3]

    def line(row: _Row) -> str:
        return context.say(
            "limit_row",
            name=row.target.name,
            limit=limit_words(context, row.target),
            value=row.target.show(row.target.latest.value),
        )

    return ComputedAnswer(
        context.lines(head, shown_rows(shown, line, _SHOWN), _SHOWN),
        about([row.target for row in shown[:_SHOWN]]),
        None,
        len(shown) == 1,
    )


async def _all_targets(context: Context) -> list[Target]:
    found: list[Target] = []
    async for device in in_slices(context.devices):
        found += [Target(device, metric) for metric in context.queries.limits(device) if metric in device.metrics]
    return found


def _row(context: Context, target: Target) -> _Row | None:
    limit = context.queries.limits(target.device).get(target.metric, Limit())
    value = target.latest.value
    bounds = [bound for bound in (limit.min, limit.max) if bound is not None]
    if not bounds or isinstance(value, bool | str):
        return None
    allowed = limit.max - limit.min if limit.max is not None and limit.min is not None else abs(bounds[0])
    distances = [
        *([limit.max - value] if limit.max is not None else []),
        *([value - limit.min] if limit.min is not None else []),
    ]
    return _Row(target, min(distances) / (allowed or 1.0))
