"""Read the condition ``rate``: "rises by more than 5 degrees in 10 minutes", "drops 2 bar within an hour"."""

from __future__ import annotations

from hub.assistant.rule_sentences.clause import RuleClause, SpokenCondition, amounts, comparatives, durations, is_more
from hub.assistant.rule_sentences.refusal import NoSuchRule


def read(clause: RuleClause) -> SpokenCondition | None:
    if clause.find("changes"):
        raise NoSuchRule("two_directions")
    for name in ("rises", "falls"):
        if not (items := clause.find(name)):
            continue
        if not is_more(comparatives(items)):
            return None
        metric, units = clause.metric(amounts(items)[0])
        by = clause.number(amounts(items)[0], units, metric, difference=True)
        window = {"within": durations(items)[0]} if durations(items) else {}
        falling = {"falling": True} if name == "falls" else {}
        missing = [key for key, given in (("metric", metric), ("within", window)) if not given]
        return SpokenCondition(
            {"kind": "rate", **metric, "by": by, **window, **falling}, [*items, *clause.metric_items], missing
        )
    return None
