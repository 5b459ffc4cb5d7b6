"""Describe reactions as text: their trigger, condition and action."""

from __future__ import annotations

from urllib.parse import urlsplit

from hub import text_format as fmt
from hub.model import Scope
from hub.model.reaction import CommandAction, PublishAction, Reaction, ReactionCondition, WebhookAction
from hub.reactions.schedule import time_text
from hub.topics import printable

_STEPS = {"raised": "is raised", "cleared": "is cleared", "acknowledged": "is acknowledged"}


def describe_trigger(reaction: Reaction) -> str:
    """Return the trigger of a reaction as text: ``an alert of the rule leak-* is raised, for 30 s``."""
    if reaction.alert is None:
        zone = reaction.schedule[0].zone if reaction.schedule else ""
        return f"at {', '.join(map(time_text, reaction.schedule))} ({zone})"
    trigger = reaction.alert
    words = ["an alert" if not trigger.severities else f"an alert of severity {fmt.join([*trigger.severities], 'or')}"]
    words += [f"of the rule {fmt.join([*trigger.rules], 'or')}"] if trigger.rules else []
    words += [f"on {where}"] if (where := describe_scope(trigger.scope)) else []
    text = f"{' '.join(words)} {_STEPS[trigger.step]}"
    return f"{text}, for {fmt.duration(trigger.for_ms)}" if trigger.for_ms else text


def describe_condition(condition: ReactionCondition) -> str:
    """Return a condition as text: ``flow of meter-1 above 0.1 and pressure below 2``."""
    if condition.condition is not None:
        text = condition.condition.describe(condition.metric, None)
        of = f"{condition.metric} of {condition.device}"
        return text.replace(condition.metric, of, 1) if condition.device else text
    if condition.kind == "not":
        return f"not ({describe_condition(condition.conditions[0])})"
    parts = (
        describe_condition(each) if each.condition else f"({describe_condition(each)})" for each in condition.conditions
    )
    return (" and " if condition.kind == "all" else " or ").join(parts)


def describe_action(reaction: Reaction) -> str:
    """Return the action of a reaction as text: ``send close = true to valve-1``. URLs of webhooks are masked."""
    action = reaction.action
    if isinstance(action, CommandAction):
        value = "" if action.value is None else f" = {shown(action.value)}"
        return f"send {action.name}{value} to {_receivers(action)}"
    if isinstance(action, PublishAction):
        return f"publish to {printable(action.topic)}{' (retained)' if action.retain else ''}"
    return f"call the webhook {webhook_text(action)}"


def webhook_text(action: WebhookAction) -> str:
    """Return the masked URL of a webhook. If a file holds the URL, return the path of the file."""
    return masked_url(action.url) if action.url is not None else f"in {action.url_from}"


def masked_url(url: str) -> str:
    """Return a URL with everything after the host hidden, because paths and queries carry secrets."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/…"


def describe_scope(scope: Scope) -> str:
    """Return a scope as text: ``devices p*, area Hall 2``; an empty string if it selects all devices."""
    names = (("devices", "devices"), ("models", "models"), ("labels", "label"), ("areas", "area"), ("via", "gateway"))
    return ", ".join(f"{word} {fmt.join([*getattr(scope, key)], 'or')}" for key, word in names if getattr(scope, key))


def shown(value: object) -> str:
    """Return a command's value as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _receivers(action: CommandAction) -> str:
    if action.device is not None:
        return action.device
    return "the alert's device" if action.scope is None else f"each of {describe_scope(action.scope)}"
