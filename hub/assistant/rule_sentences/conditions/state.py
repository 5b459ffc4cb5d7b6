"""Read the condition ``equals``: "is open", "stops", "is not running", "nobody closes the door"."""

from __future__ import annotations

from hub.assistant.metric_words import MetricMention
from hub.assistant.rule_sentences.clause import RuleClause, SpokenCondition
from hub.assistant.rule_sentences.refusal import NoSuchRule
from hub.model import Device, Value
from hub.model.metric import state_word

_WORDS: dict[str, tuple[str, ...]] = {
    "open": ("Open",), "closed": ("Closed",), "on": ("On", "Running", "Powered", "Light"),
    "off": ("Off", "Not running", "No power", "No light"), "running": ("Running", "On", "Moving"),
    "stopped": ("Not running", "Off", "Not moving"), "locked": ("Locked",), "unlocked": ("Unlocked",),
    "wet": ("Wet",), "dry": ("Dry",), "motion": ("Detected", "Moving"),
}  # fmt: skip
"""For each state in a sentence, the words with which the hub shows this state of a metric."""
_CLASSES = {"motion": ("motion", "occupancy", "presence", "moving")}
"""The device classes to which a state is limited, because metrics of other classes are shown with the same word."""

_TEXTS = ({"on", "off"}, {"open", "closed"}, {"locked", "unlocked"})
"""Pairs of opposite states that metrics may report as text."""


def read(clause: RuleClause) -> SpokenCondition | None:
    found = clause.parts("@s")
    if not found:
        return _flag(clause)
    state: str = found[0].value
    if not any(type(latest.value) in (bool, str) for device in clause.devices for latest in device.metrics.values()):
        raise NoSuchRule("no_state", state=clause.sentence.written(found[0]))
    items = [found[0], *clause.metric_items]
    if clause.mention is not None:
        wanted = {value for each in clause.devices for value in _named(each, clause.mention, state)}
    else:
        wanted = {value for each in clause.devices for value in _fitting(each, state)}
    if len(wanted) == 1:
        name, value = wanted.pop()
        return SpokenCondition({"kind": "equals", "metric": name, "value": value}, items)
    if len({name for name, _ in wanted}) > 1:
        names = ", ".join(sorted({name for name, _ in wanted}))
        raise NoSuchRule("several_metrics", metric=clause.sentence.written(found[0]), names=names)
    raise NoSuchRule("no_state", state=clause.sentence.written(found[0]))


def _flag(clause: RuleClause) -> SpokenCondition | None:
    """Return the condition for a clause that names only a boolean metric, such as "the UPS is on battery".

    The clause must name exactly one such metric (``on_battery``). The condition is met while the metric is True. Return
    None for any other clause.
    """
    mention = clause.mention
    names = {name for device in clause.devices for name in (mention.on(device)[:1] if mention else ())}
    if len(names) != 1 or len(clause.parts("@m")) != 1 or clause.parts("@a"):
        return None
    name = names.pop()
    values = [device.metrics[name].value for device in clause.devices if name in device.metrics]
    if not all(isinstance(value, bool) for value in values):
        return None
    return SpokenCondition({"kind": "equals", "metric": name, "value": True}, clause.metric_items)


def _named(device: Device, mention: MetricMention, state: str) -> list[tuple[str, Value]]:
    """Return the metric of ``device`` that the sentence mentions, with the value that means ``state``.

    The result is a list of one such pair. It is empty if the device has no such metric, or if none of its values means
    the state.
    """
    found = []
    for name in mention.on(device)[:1]:
        value = _value(device, name, state)
        if value is None and isinstance(device.metrics[name].value, bool):
            # The value True of a metric without a class means that the state in its name is on.
            value = None if _is_classified(device, name) else state in ("open", "on", "running", "unlocked", "wet")
        found += [] if value is None else [(name, value)]
    return found


def _is_classified(device: Device, name: str) -> bool:
    return state_word(True, device.describe(name).device_class) != "On"


def _fitting(device: Device, state: str) -> list[tuple[str, Value]]:
    """Return the metrics of ``device`` that can be in ``state``, each with the value that means this state.

    For ``open``, the value may be True or "OPEN". If a metric is named like the state (or ``door`` for open and
    closed), return only this metric.
    """
    found = []
    for name in device.metrics:
        wanted_class = _CLASSES.get(state)
        if wanted_class and device.describe(name).device_class not in wanted_class:
            continue
        value = _value(device, name, state)
        found += [] if value is None else [(name, value)]
    exact = [each for each in found if each[0] in (state, "door" if state in ("open", "closed") else state)]
    return exact or found


def _value(device: Device, name: str, state: str) -> Value | None:
    """Return the value with which the metric ``name`` reports a state: True or "OPEN", for example, for ``open``.

    Return None if the metric has no value for this state.
    """
    latest = device.metrics[name].value
    shown = device.describe(name).device_class
    if isinstance(latest, bool):
        return next((value for value in (True, False) if state_word(value, shown) in _WORDS[state]), None)
    text = {"running": "on", "stopped": "off"}.get(state, state)
    if isinstance(latest, str) and any({text, latest.lower()} <= pair for pair in _TEXTS):
        return text.upper() if latest.isupper() else text.capitalize() if latest[:1].isupper() else text
    return None
