"""What an alert says, in the language of the answer."""

from __future__ import annotations

from typing import Any

from hub import text_format as fmt
from hub.assistant.answers.context import Context
from hub.model import Alert


def alert_message(context: Context, alert: Alert) -> str:
    """Return the message of an alert in the language of the question.

    Messages about limits and silence are translated; those of other kinds of rules are in English.
    """
    params = alert.message_params
    if context.language.states is None or not params:
        return alert.message
    if alert.message_key == "no_data":
        return _silence(context, params)
    limits = params.get("condition") or {}
    side = next((side for side in ("above", "below") if limits.get(side) is not None), None)
    value = params.get("value")
    if alert.message_key != "threshold" or side is None or not isinstance(value, int | float):
        return alert.message
    unit = params.get("unit")
    limit = alert.threshold if alert.threshold is not None else limits[side]
    return context.say(
        "message_limit",
        metric=fmt.in_sentence(params.get("name") or ""),
        value=fmt.quantity(value, unit),
        side=context.say(side),
        limit=fmt.limit_quantity(limit, unit),
    ) + _duration(context, params)


def _silence(context: Context, params: dict[str, Any]) -> str:
    silent = fmt.duration(params.get("silent_ms") or 0)
    name = params.get("name")
    if name:
        return context.say("message_metric_silent", metric=fmt.in_sentence(name), duration=silent)
    return context.say("message_silent", duration=silent)


def _duration(context: Context, params: dict[str, Any]) -> str:
    lasting = params.get("for_ms")
    return context.say("message_for", duration=fmt.duration(lasting)) if lasting else ""
