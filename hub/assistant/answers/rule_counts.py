"""Answers about which rules raised the most alerts."""

from __future__ import annotations

from collections import Counter

from hub.assistant.answers.alerts import about_alerts
from hub.assistant.answers.context import ComputedAnswer, Context
from hub.assistant.time_parser import DAY
from hub.assistant.time_range import TimeRange

_SHOWN = 8


async def by_rule(context: Context) -> ComputedAnswer:
    """Answer how many alerts each rule raised in a time range, by default in the last 7 days."""
    question = context.question
    time = question.time or TimeRange(context.now - 7 * DAY, context.now, context.say("last", time="7 d"))
    alerts = await context.queries.raised_between(time.start, time.end, context.ids)
    titles = {rule.id: rule.name for rule in context.queries.engine.rules}
    counted = Counter(titles.get(alert.rule, alert.rule) for alert in alerts).most_common()
    if question.hint is not None and question.hint.lowest:
        counted.reverse()
    scope = "" if question.scope.is_all else f", {context.scope_words}"
    head = f"{time.words}{scope}: {context.count('alerts', len(alerts)).rstrip('.')}" + (":" if counted else ".")
    text = context.lines(head, [f"{name}: {number}" for name, number in counted], question.top or _SHOWN)
    return ComputedAnswer(text[:1].upper() + text[1:], about_alerts(alerts), (time.start, time.end))
