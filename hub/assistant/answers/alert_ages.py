"""Answers about how long alerts have been open, and since when a metric has been beyond its limit."""

from __future__ import annotations

from hub.assistant.answers.alerts import about_alerts, duration_line
from hub.assistant.answers.context import CannotAnswer, ComputedAnswer, Context

_SHOWN = 4


async def longest(context: Context) -> ComputedAnswer:
    """Answer which open alert began first. The next oldest alerts follow."""
    alerts = sorted(context.queries.open_alerts(context.ids), key=lambda alert: alert.since)
    if not alerts:
        return ComputedAnswer(context.say("nothing_alarming", scope=context.scope_words))
    shown = alerts[: context.question.top or _SHOWN]
    first, *others = [duration_line(context, alert) for alert in shown]
    return ComputedAnswer(context.lines(first, others) if others else first, about_alerts(shown))


async def since(context: Context) -> ComputedAnswer:
    """Answer since when metrics have been beyond their limits. The times come from the open alerts on these metrics."""
    alerts = context.queries.open_alerts(context.ids)
    if context.mentions():
        keys = {target.key for target in await context.targets(most=None)}
        alerts = [alert for alert in alerts if (alert.device, alert.metric) in keys]
    if not alerts:
        raise CannotAnswer(context.say("not_beyond", scope=context.scope_words))
    lines = [duration_line(context, alert) for alert in alerts]
    text = lines[0] if len(lines) == 1 else context.lines(context.count("alerts", len(lines)) + ":", lines)
    return ComputedAnswer(text, about_alerts(alerts))
