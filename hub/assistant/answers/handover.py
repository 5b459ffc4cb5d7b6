"""The handover of a shift: alerts, silent devices, and metrics that approach a limit."""

from __future__ import annotations

from hub import text_format as fmt
from hub.assistant.answers.alerts import about_alerts, duration_line
from hub.assistant.answers.context import ComputedAnswer, Context, names
from hub.assistant.answers.current import presence_counts
from hub.assistant.answers.slices import in_slices
from hub.assistant.time_parser import SHIFT_MS
from hub.assistant.time_range import TimeRange


async def summary(context: Context) -> ComputedAnswer:
    """Answer with a handover: presence of devices, alerts of the shift, open alerts, notes, metrics near a limit."""
    time = context.question.time
    span = (
        time
        if time is not None and not time.is_point
        else TimeRange(context.now - SHIFT_MS, context.now, context.say("last", time=fmt.duration(SHIFT_MS)))
    )
    raised = await context.queries.raised_between(span.start, span.end, context.ids)
    still = context.queries.open_alerts(context.ids)
    cleared = [alert for alert in raised if alert.cleared_at is not None]
    lines = [
        context.say("summary_alerts", raised=len(raised), cleared=len(cleared), open=len(still)),
        *(
            f"{context.say('open_label')}: {duration_line(context, alert)}"
            + (f" {context.say('note_is', note=alert.note)}" if alert.note else "")
            for alert in still[:6]
        ),
        *(f"{context.say('over_label')}: {duration_line(context, alert)}" for alert in cleared[:4]),
    ]
    gone = [device async for device in in_slices(context.devices) if device.presence != "online"]
    lines += [context.say("not_online", names=names(gone))] if gone else []
    rows = await context.queries.headings(context.devices, 3 * 3600)
    lines += [
        context.say(
            "heading",
            name=r.name,
            metric=fmt.spoken(r.metric),
            value=fmt.quantity(r.value, r.unit),
            limit=fmt.limit_quantity(r.limit, r.unit),
            duration=fmt.duration(r.left_s * 1000),
        )
        for r in rows[:3]
    ]
    head = f"{context.say('summary_head', time=span.words)} {await presence_counts(context)}"
    return ComputedAnswer(context.lines(head, lines, 16), about_alerts([*still, *cleared]), (span.start, span.end))
