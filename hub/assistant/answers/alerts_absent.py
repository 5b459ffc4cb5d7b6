"""Answers about which devices have no alert, or had no alert in a time range."""

from __future__ import annotations

from hub.assistant.answers.context import ComputedAnswer, Context, shown_rows
from hub.assistant.answers.current import MAX_ABOUT
from hub.assistant.answers.slices import in_slices

_SHOWN = 20


async def without(context: Context) -> ComputedAnswer:
    """Answer which devices have no open alert, or had no alert in a time range.

    If the question says "never", all stored alerts count.
    """
    question, time = context.question, context.question.time
    if time is None and not question.has("never"):
        alerts, words = context.queries.open_alerts(context.ids), context.say("now")
    else:
        start, end = (time.start, time.end) if time is not None else (0, context.now)
        alerts = await context.queries.raised_between(start, end, context.ids)
        words = time.words if time is not None else context.say("all_alerts")
    alarmed = {alert.device for alert in alerts}
    found = [device async for device in in_slices(context.devices) if device.id not in alarmed]
    head = context.say("without_alert", n=len(found), total=len(context.devices), time=words, scope=context.scope_words)
    lines = shown_rows(found, lambda device: device.display_name, _SHOWN)
    text = context.lines(head + (":" if lines else "."), lines, _SHOWN)
    return ComputedAnswer(text[:1].upper() + text[1:], tuple((device.id, None) for device in found[:MAX_ABOUT]))
