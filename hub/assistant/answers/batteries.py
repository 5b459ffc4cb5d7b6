"""Answers about the charge of batteries."""

from __future__ import annotations

from hub import text_format as fmt
from hub.assistant.answers.context import (
    MAX_LINES,
    CannotAnswer,
    ComputedAnswer,
    Context,
    Target,
    about,
    shown_rows,
)
from hub.assistant.answers.slices import in_slices, order_of
from hub.assistant.metric_words import MetricMention

_LOW_BATTERY = 20.0
_VOLTAGES = 102.0


async def battery(context: Context) -> ComputedAnswer:
    """Answer with the charge of batteries, the lowest first.

    If the question asks for low batteries, the answer names only these.
    """
    mention = MetricMention("battery", quantity="state_of_charge")
    found: list[Target] = []
    async for device in in_slices(context.devices):
        schema = context.schemas.of(device)
        states = (name for name, each in schema.described.items() if each.device_class == "battery")
        found += [Target(device, m) for m in schema.meant_by(mention) or states]
    if not found:
        raise CannotAnswer(context.say("no_battery", scope=context.scope_words))
    levels = [_level(context, t) async for t in in_slices(found)]
    found = [found[place] for place in order_of(levels)]
    low = [target async for target in in_slices(found) if _is_low(context, target)]
    wants_low = context.question.has_any("weak") or context.question.hint is not None
    shown = low if context.question.has("weak") and not context.question.scope.is_single else found
    lines = shown_rows(
        shown, lambda t: f"{t.device.display_name}: {t.show(t.latest.value)}{context.stale_note(t.device)}", MAX_LINES
    )
    head = context.say(
        "low_batteries" if wants_low else "batteries",
        n=len(low),
        total=len(found),
        limit=fmt.quantity(_LOW_BATTERY, "%"),
    )
    if wants_low and not shown:
        lines = [
            context.say("lowest_battery", name=found[0].device.display_name, value=found[0].show(found[0].latest.value))
        ]
    return ComputedAnswer(context.lines(head, lines), about(shown or found[:1]))


def _level(context: Context, target: Target) -> float:
    """Return a number to sort batteries by, usually the charge in percent.

    A battery that only reports that it is low comes first. Voltages come last.
    """
    value = target.latest.value
    if isinstance(value, float):
        return value if target.unit in ("%", None) else _VOLTAGES
    return -1.0 if _is_low(context, target) else 101.0


def _is_low(context: Context, target: Target) -> bool:
    value = target.latest.value
    if isinstance(value, bool):
        return value  # device class battery: true means low
    limit = context.queries.limits(target.device).get(target.metric)
    bound = limit.min if limit is not None else None
    if bound is None and target.unit in ("%", None):
        bound = _LOW_BATTERY
    return isinstance(value, float) and bound is not None and value < bound
