"""Describe rules and alerts as text, with units and readable durations."""

from __future__ import annotations

from hub.model import Breach, MetricDescription, Rule, Value


def describe(rule: Rule) -> str:
    """Return a rule as text: ``temperature above 80 for 2 s, clears below 78``."""
    text = rule.condition.describe(rule.metric or "", None)
    if rule.for_ms:
        text += f" for {duration(rule.for_ms)}"
    recovery = rule.condition.describe_recovery()
    return f"{text}, {recovery}" if recovery else text


def message(rule: Rule, value: Value | None, unit: str | None, silent_ms: int, shown: MetricDescription | None) -> str:
    """Return what an alert says of its device: ``bearing temperature 89.2 °C, above 85 °C for 5 s``.

    ``shown`` gives the title of the rule's metric and the words of its states: ``front door is open``.
    """
    metric = rule.metric or ""
    device_class = shown.device_class if shown else None
    text = rule.condition.message(Breach(metric, value, unit, device_class, silent_ms))
    if shown:
        # "Air temperature" begins with a small letter within a sentence, "CO₂" does not.
        title = shown.title
        text = text.replace(metric, title[:1].lower() + title[1:] if title[1:2].islower() else title, 1)
    return f"{text} for {duration(rule.for_ms)}" if rule.for_ms else text


def quantity(value: Value, unit: str | None) -> str:
    """Return a value with its unit: ``80 °C``, ``true``, or a text of at most 60 characters."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value[:60]
    return f"{number(value)} {unit}" if unit else number(value)


def number(value: float) -> str:
    """At most four figures after the point, none that say nothing, with a real minus sign."""
    text = f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"
    return text.replace("-", "−")


def duration(ms: int) -> str:
    """``2 s``, ``90 s``, ``5 min``, ``3 h``, ``2 d``: the largest unit that divides it, else seconds."""
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000)):
        if ms >= size and ms % size == 0:
            return f"{ms // size} {unit}"
    return f"{ms / 1000:g} s" if ms < 600_000 else f"{ms // 60_000} min"
