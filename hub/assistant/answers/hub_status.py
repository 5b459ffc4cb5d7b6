"""Answers about the hub itself: its problems, the devices it hears, and where the rest is shown."""

from __future__ import annotations

from hub.assistant.answers.context import ComputedAnswer, Context
from hub.assistant.answers.current import presence_counts


async def hub_status(context: Context) -> ComputedAnswer:
    """Answer whether the hub works: what is wrong or degraded, with the devices by presence and the open alerts."""
    problems = list(context.queries.hub_problems())
    head = context.count("hub_problems", len(problems)) + (":" if problems else "")
    alerts = len(context.queries.open_alerts())
    tail = context.count("open_alerts", alerts) if alerts else context.say("no_open_alert")
    text = context.lines(head, problems)
    return ComputedAnswer(f"{text}\n{await presence_counts(context)} {tail}\n{context.say('hub_details')}")
