"""Rules and alerts as sentences. Every number carries its unit; a duration reads as people say it."""

from __future__ import annotations

from hub.model import Equals, MetricDescription, NoData, RateOfChange, Rule, Threshold, Value, state_word


def describe(rule: Rule) -> str:
    """``temperature above 80 for 2 s, clears below 78``."""
    text = _condition(rule, None)
    if rule.for_ms:
        text += f" for {duration(rule.for_ms)}"
    condition = rule.condition
    if isinstance(condition, Threshold) and condition.clear is not None:
        text += f", clears {'below' if condition.above is not None else 'above'} {number(condition.clear)}"
    return text


def message(
    rule: Rule, value: Value | None, unit: str | None, silent_ms: int, shown: MetricDescription | None = None
) -> str:
    """Return what an alert says of its device: ``bearing temperature 89.2 °C, above 85 °C for 5 s``.

    ``shown`` gives the title of the rule's metric and the words of its states: ``front door is open``."""
    if isinstance(rule.condition, NoData):
        return f"silent for {duration(silent_ms)}"
    held = f" for {duration(rule.for_ms)}" if rule.for_ms else ""
    metric, condition = rule.metric or "", _condition(rule, unit)
    if value is not None and not isinstance(rule.condition, Equals):
        condition = f"{metric} {quantity(value, unit)}, {condition.removeprefix(metric + ' ')}"
    elif isinstance(rule.condition, Equals) and shown is not None:
        word = state_word(rule.condition.value, shown.device_class)
        condition = f"{metric} is {word.lower()}" if word else condition
    title = shown.title if shown is not None else metric.replace("_", " ")
    return condition.replace(metric, title[:1].lower() + title[1:] if title[1:2].islower() else title, 1) + held


def _condition(rule: Rule, unit: str | None) -> str:
    condition = rule.condition
    if isinstance(condition, NoData):
        return f"silent for {duration(condition.silence_ms)}"
    if isinstance(condition, Equals):
        return f"{rule.metric} is {quantity(condition.value, unit)}"
    if isinstance(condition, RateOfChange):
        verb = "falls" if condition.falling else "rises"
        return f"{rule.metric} {verb} more than {quantity(condition.by, unit)} in {duration(condition.window_ms)}"
    if condition.above is not None:
        return f"{rule.metric} above {quantity(condition.above, unit)}"
    return f"{rule.metric} below {quantity(condition.below or 0.0, unit)}"


def quantity(value: Value, unit: str | None) -> str:
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
