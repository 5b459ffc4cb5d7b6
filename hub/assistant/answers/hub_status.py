"""Answer whether the hub itself works: its problems, and the number of devices and alerts."""

from __future__ import annotations

from hub.assistant.answers.context import ComputedAnswer, Context, listed
from hub.assistant.answers.current import presence_counts


async def hub_status(context: Context) -> ComputedAnswer:
    """Answer whether the hub works: its failed or degraded parts, the devices by presence, and the open alerts."""
    problems = list(context.queries.hub_problems())
    head = context.count("hub_problems", len(problems)) + (":" if problems else "")
    alerts = len(context.queries.open_alerts())
    tail = context.count("open_alerts", alerts) if alerts else context.say("no_open_alert")
    text = context.lines(head, problems)
    question = context.question
    asked = [t.written for t in question.words.tokens if t.used_as == "concept" and _asks_for_more(context, t.word)]
    if unused := [*question.unknown, *question.limiting, *asked]:
        context.notes.append(context.say("not_used", words=listed([f"“{word}”" for word in dict.fromkeys(unused)])))
    return ComputedAnswer(f"{text}\n{await presence_counts(context)} {tail}\n{context.say('hub_details')}")


def _asks_for_more(context: Context, word: str) -> bool:
    return bool(context.language.concepts.get(word, frozenset()) & {"when", "firmware", "model"})
