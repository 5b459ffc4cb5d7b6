"""Answers with the devices that meet a condition on a value, a state, the presence or an open alert."""

from __future__ import annotations

from hub.assistant.answers.conditions import combined, evaluated_conditions
from hub.assistant.answers.context import (
    CannotAnswer,
    ComputedAnswer,
    Context,
    about,
    shown_rows,
)
from hub.assistant.answers.current import MAX_ABOUT, listing, presence_counts
from hub.assistant.answers.slices import in_slices
from hub.assistant.answers.statistics import tracks_of
from hub.assistant.kinds import STATES
from hub.model import Device

_NAMED = 8
"""Maximum number of devices that an answer to "how many" names."""


async def filtered(context: Context) -> ComputedAnswer:
    """Answer which devices meet the conditions of the question, or how many devices do."""
    question, time = context.question, context.question.time
    if time is not None and not (time.is_point and question.compares):
        raise CannotAnswer(context.say("only_now"))
    conditions = await evaluated_conditions(context)
    if not conditions:  # "how many are online or offline"
        return await listing(context)
    found = combined(context, conditions)
    known = [each.considered for each in conditions if each.considered is not None]
    total = len(set.union(*known)) if known else len(context.devices)
    devices = [device async for device in in_slices(context.devices) if device.id in found]

    def line(device: Device) -> str:
        rows = found[device.id]
        if not rows:
            return f"{device.display_name}{context.stale_note(device)}"
        if all(row.value is None for row in rows):
            return f"{rows[0].target.name}: {rows[0].target.show(rows[0].target.latest.value)}"
        return f"{device.display_name}: {', '.join(dict.fromkeys(row.text for row in rows))}"

    is_long = question.has("how_many") and len(devices) > _NAMED
    lines = [] if is_long else shown_rows(devices, line, 20)
    head = context.say("of", n=len(devices), total=total, scope=context.scope_words) + (":" if lines else ".")
    of_metric = about(row.target for device in devices for row in found[device.id] if row.value is not None)
    return ComputedAnswer(context.lines(head, lines, 20), of_metric or tuple((d.id, None) for d in devices[:12]))


async def count(context: Context) -> ComputedAnswer:
    """Answer how many devices there are, how many devices meet a condition, or how many readings a metric has."""
    question = context.question
    if question.compares or question.has_any("online", "offline", "alert", "attention", *STATES):
        return await filtered(context)
    if context.mentions():
        if question.time is None:
            targets = await context.targets(numbers=False, most=None)
            devices = {target.device.id: target.device async for target in in_slices(targets)}
            head = context.say("of", n=len(devices), total=len(context.devices), scope=context.scope_words)
            lines = shown_rows(list(devices.values()), lambda each: each.display_name, 20)
            return ComputedAnswer(
                context.lines(f"{head}:", lines, 20), tuple((key, None) for key in list(devices)[:MAX_ABOUT])
            )
        span = context.span()
        tracks = await tracks_of(context, span)
        lines = [f"{t.target.name}: {context.count('readings', t.total)}" for t in tracks]
        return ComputedAnswer(
            context.lines(f"{span.words}:", lines), about(t.target for t in tracks), (span.start, span.end)
        )
    if question.time is not None:
        raise CannotAnswer(context.say("only_now"))
    if question.scope.is_all and not question.has("overall_fleet"):
        raise CannotAnswer(context.say("count_what"))
    found = await listing(context)
    return found if not question.scope.is_all else ComputedAnswer(await presence_counts(context), found.about)
