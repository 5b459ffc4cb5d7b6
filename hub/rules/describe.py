"""Describe rules and alerts as text."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from hub import text_format as fmt
from hub.model import Breach, MetricDescription, Rule, Value
from hub.rules.window_text import window_text


def describe(rule: Rule) -> str:
    """Return a rule as text: ``temperature above 80 for 2 s, clears below 78; critical above 90``."""
    text = rule.condition.describe(rule.subject, None)
    if rule.for_ms:
        text += f" for {fmt.duration(rule.for_ms)}"
    recovery = rule.condition.describe_recovery()
    if rule.clear_for_ms:
        recovery = f"{recovery or 'clears when over'} for {fmt.duration(rule.clear_for_ms)}"
    text = (f"{text}, {recovery}" if recovery else text) + rule.condition.describe_steps()
    if rule.schedule:
        text += f"; only {', '.join(map(window_text, rule.schedule))} ({rule.schedule[0].zone})"
    return text


def schedule_fields(rule: Rule) -> dict[str, Any]:
    """Return the schedule of a rule as a dict with the keys of ``rules.toml``."""
    return {
        "schedule": [window_text(each) for each in rule.schedule],
        "time_zone": rule.schedule[0].zone if rule.schedule else None,
    }


def description_fields(rule: Rule) -> dict[str, Any]:
    """Return the fields with which the API describes a rule, in English and for translation.

    ``text`` is the English text. ``message_key`` is the key of the dashboard's translated text, and ``message_params``
    are the values to insert into it.
    """
    return {
        "text": describe(rule),
        "message_key": rule.condition.kind,
        "message_params": {
            "metric": rule.metric,
            "quantity": rule.quantity,
            "for_ms": rule.for_ms,
            "clear_for_ms": rule.clear_for_ms,
            "condition": msgspec.to_builtins(rule.condition),
            **schedule_fields(rule),
        },
    }


def message_fields(
    rule: Rule, value: Value | None, unit: str | None, silent_ms: int, shown: MetricDescription | None
) -> dict[str, Any]:
    """Return the message of an alert as fields of the alert, in English and for translation.

    Args:
        rule: The rule that raised the alert.
        value: The value that the message states; None for an alert without a value.
        unit: The unit of the value.
        silent_ms: For a silence rule, how long nothing has arrived, in ms.
        shown: The title of the metric and the names of its states; None for an alert on the whole device.

    Returns:
        ``message``, the English text; ``message_key``, the key of the dashboard's translated text; and
        ``message_params``, the values to insert into it.
    """
    params = {
        "name": shown.title if shown else None,
        "value": value,
        "unit": unit,
        "device_class": shown.device_class if shown else None,
        "silent_ms": silent_ms,
        "for_ms": rule.for_ms,
        "condition": msgspec.to_builtins(rule.condition),
    }
    return {
        "message": message(rule, value, unit, silent_ms, shown),
        "message_key": rule.condition.kind,
        "message_params": params,
    }


def message(rule: Rule, value: Value | None, unit: str | None, silent_ms: int, shown: MetricDescription | None) -> str:
    """Return the text of an alert, without the device's name: ``bearing temperature 89.2 °C, above 85 °C for 5 s``.

    Args:
        rule: The rule that raised the alert.
        value: The value with which it was raised; None for a silence rule.
        unit: The unit of the value.
        silent_ms: How long the device has been silent, for a silence rule.
        shown: The title of the metric (``front door``) and the names of its states (``open``).
    """
    metric = rule.metric or ""
    device_class = shown.device_class if shown else None
    text = rule.condition.message(Breach(metric, value, unit, device_class, silent_ms))
    if shown:
        title = fmt.in_sentence(shown.title)
        text = re.sub(rf"(?<![^\s(]){re.escape(metric)}(?![^\s,)])", lambda _: title, text, count=1)
    return f"{text} for {fmt.duration(rule.for_ms)}" if rule.for_ms else text
