"""Read the condition ``count``: "opens more than 5 times in an hour", "exceeds 5 bar 3 times within 10 minutes"."""

from __future__ import annotations

from hub.assistant.rule_sentences.clause import RuleClause, SpokenCondition, comparatives, durations, is_more
from hub.assistant.rule_sentences.conditions import state, threshold
from hub.assistant.rule_sentences.sentence import SentencePart


def read(clause: RuleClause) -> SpokenCondition | None:
    for name, more in (("more_times", 1), ("times", 0)):
        if items := clause.find(name):
            return _condition(clause, items, more)
    return None


def _condition(clause: RuleClause, items: list[SentencePart], more: int) -> SpokenCondition | None:
    if not is_more(comparatives(items)):
        return None
    for item in items:
        item.used = True  # "more than 5 times" is no limit of a metric
    try:
        counted = threshold.read(clause) or state.read(clause)
    finally:
        for item in items:
            item.used = False
    if counted is None or counted.negatives:
        return None
    times = next(item.value for item in items if item.symbol == "@x") + more
    window = {"within": durations(items)[0]} if durations(items) else {}
    keys = {**counted.keys, "kind": "count", "times": times, **window}
    return SpokenCondition(keys, [*counted.items, *items], [*counted.missing, *([] if window else ["within"])])
