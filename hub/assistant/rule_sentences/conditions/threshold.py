"""Read the condition ``threshold``: "above 5 bar", "falls below 5", "warmer than 5 degrees", "at least 5".

"Exactly 5" is read as the condition ``equals``.
"""

from __future__ import annotations

from hub.assistant.language import Hint
from hub.assistant.rule_sentences.clause import RuleClause, SpokenCondition, amounts, comparatives, negatives
from hub.assistant.rule_sentences.sentence import SentencePart

_PARTS = {"at_least": "below", "at_most": "above", "above": "above", "below": "below", "than": "", "equal": "value"}
"""The rule's key for the limit, by the name of the pattern. "Is at least 5" is read as "is not below 5"."""


def read(clause: RuleClause) -> SpokenCondition | None:
    for name, key in _PARTS.items():
        if items := clause.find(name):
            return _condition(clause, name, key, items)
    return None


def _condition(clause: RuleClause, name: str, key: str, items: list[SentencePart]) -> SpokenCondition:
    amount = amounts(items)[0]
    hint: Hint | None = next(iter(comparatives(items)), None)
    metric, units = clause.metric(amount, hint)
    missing = [] if metric else ["metric"]
    limit = clause.number(amount, units, metric)
    if name in ("at_least", "at_most"):
        key = "above" if hint is not None and hint.lowest else key  # "5 or less" is "not above 5"
    elif hint is not None:
        key = "below" if hint.lowest else "above"
    kind = {"kind": "equals"} if key == "value" else {}
    flips = negatives(items) + (name in ("at_least", "at_most"))
    return SpokenCondition({**kind, **metric, key: limit}, [*items, *clause.metric_items], missing, flips)
