"""Read the condition ``compare``: "3 degrees warmer than tomato house 2", "exceeds the median of its area by 2 bar"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.assistant.language import Hint
from hub.assistant.metric_words import MetricMention
from hub.assistant.rule_sentences.amounts import RuleAmount
from hub.assistant.rule_sentences.clause import RuleClause, SpokenCondition, amounts, comparatives, is_more, only_device
from hub.assistant.rule_sentences.refusal import NoSuchRule
from hub.assistant.rule_sentences.sentence import SentencePart

_OTHER_SIDES = frozenset(("@d", "@m", "median", "mediana", "other", "others", "rest", "neighbours", "neighbors")) | {
    *("anderen", "andere", "übrigen", "nachbarn", "demás", "otros", "otras", "vecinos"),
}
"""Symbols and words with which the second part of a comparison begins, such as "the others"."""


def read(clause: RuleClause) -> SpokenCondition | None:
    if clause.find("differs"):
        raise NoSuchRule("two_directions")
    for name, lowest in (("compared", None), ("exceeds", False), ("beneath", True)):
        for where in ("of_area", "of_other"):
            if items := clause.find(f"{name}_{where}"):
                return _condition(clause, items, where, lowest)
    return None


def _condition(
    clause: RuleClause, items: list[SentencePart], where: str, lowest: bool | None
) -> SpokenCondition | None:
    direction = _direction(items)
    others = [hint for hint in comparatives(items) if hint is not direction]
    if not is_more(others):
        return None  # "less than 3 degrees warmer"
    own = [item for item in clause.parts("@m") if item not in items][:1]
    lowest = direction.lowest if lowest is None and direction is not None else lowest
    amount = next(iter(amounts(items)), RuleAmount(0.0, None, ""))
    metric, units = clause.metric(amount if amount.unit else None, direction)
    if not metric:
        return SpokenCondition({"kind": "compare"}, items, ["metric"])
    if "metric" not in metric:
        raise NoSuchRule("several_metrics", metric=own[0].value.words if own else "", names=metric["quantity"])
    limit = clause.number(amount, units, metric, difference=True)
    if where == "of_area":
        _check_others(clause, items, metric["metric"])
    source = {"with_area": "median"} if where == "of_area" else _source(clause, items, metric["metric"], units)
    side = {"below": 0.0 - limit} if lowest else {"above": limit}
    return SpokenCondition({"kind": "compare", **metric, **source, **side}, [*items, *own])


def _check_others(clause: RuleClause, items: Sequence[SentencePart], metric: str) -> None:
    """Raise NoSuchRule if "the others" in a comparison are not all other devices of the area.

    "Warmer than the other freezers" is compared with the median of the area, so each device of the area that has this
    metric must be a freezer.
    """
    named = [item for item in items if item.symbol == "@d"]
    groups = [item.value.group for item in named if item.value.group]
    meant = {each.id for group in groups for each in group.devices if metric in each.metrics}
    areas = {each.area for each in clause.devices}
    around = {each.id for each in clause.fleet if each.area in areas and metric in each.metrics}
    if named and meant != around:
        raise NoSuchRule("others", words=" ".join(map(clause.sentence.written, named)))


def _direction(items: list[SentencePart]) -> Hint | None:
    """Return the comparative of a comparison, such as "warmer" in "warmer than the hall"; None if there is none.

    It is the last comparative before the second part of the comparison: a device, a metric, the median or the others.
    """
    end = next((n for n, item in enumerate(items) if item.symbol in _OTHER_SIDES), len(items))
    return next((item.value for item in reversed(items[:end]) if item.symbol == "@c"), None)


def _source(clause: RuleClause, items: list[SentencePart], metric: str, units: Sequence[str | None]) -> dict[str, Any]:
    """Return the rule's keys for the second metric of a comparison, the one with which ``metric`` is compared.

    It belongs to another device, or it is another metric of the same device. Raises NoSuchRule if the words name no
    such metric or several, or if its unit differs from ``units``, the units of ``metric``.
    """
    mentions: list[MetricMention] = [item.value for item in items if item.symbol == "@m"]
    device = only_device(items)
    others = [device] if device else clause.devices
    found = {name for each in others for mention in mentions for name in mention.on(each)[:1]} or {metric}
    name = found.pop()
    if found or any(name not in each.metrics for each in others) or (device is None and name == metric):
        raise NoSuchRule("compare_one")
    if len(known := {unit or "1" for unit in (*units, *(each.unit(name) for each in others))}) > 1:
        raise NoSuchRule("units_differ", metric=metric, units=", ".join(sorted(known)))
    return {**({"with_device": device.id} if device else {}), **({"with": name} if name != metric else {})}
