"""Read the condition ``range``: "between 2 and 6 bar", "not between 2 and 6", "deviates from 37 by more than 0.5"."""

from __future__ import annotations

import msgspec

from hub.assistant.rule_sentences.amounts import RuleAmount
from hub.assistant.rule_sentences.clause import RuleClause, SpokenCondition, amounts, comparatives, is_more
from hub.assistant.rule_sentences.sentence import SentencePart


def read(clause: RuleClause) -> SpokenCondition | None:
    if (items := clause.find("deviates")) and is_more(comparatives(items)):
        middle, width = amounts(items)
        return _condition(clause, items, "outside", middle, width, is_width=True)
    for name in ("outside", "inside"):
        if items := clause.find(name):
            low, high = amounts(items)
            return _condition(clause, items, name, low, high)
    return None


def _condition(
    clause: RuleClause,
    items: list[SentencePart],
    key: str,
    first: RuleAmount,
    second: RuleAmount,
    *,
    is_width: bool = False,
) -> SpokenCondition:
    """Return a condition of the kind ``range`` for two bounds; ``key`` is ``inside`` or ``outside``.

    With ``is_width``, ``first`` is the middle of the range, and ``second`` is the distance from it to both bounds.
    """
    first, second = _same_unit(first, second)
    metric, units = clause.metric(first)
    low = clause.number(first, units, metric)
    high = clause.number(second, units, metric, difference=is_width)
    bounds = [low - high, low + high] if is_width else sorted((low, high))
    missing = [] if metric else ["metric"]
    return SpokenCondition({"kind": "range", **metric, key: bounds}, [*items, *clause.metric_items], missing)


def _same_unit(first: RuleAmount, second: RuleAmount) -> tuple[RuleAmount, RuleAmount]:
    """Return both amounts. If only one of them has a unit, the other gets this unit."""
    if first.unit is None:
        return msgspec.structs.replace(first, unit=second.unit, degrees=second.degrees), second
    if second.unit is None:
        return first, msgspec.structs.replace(second, unit=first.unit, degrees=first.degrees)
    return first, second
