"""Read the condition ``stuck``: "has not changed for two hours"."""

from __future__ import annotations

from hub.assistant.rule_sentences.clause import RuleClause, SpokenCondition


def read(clause: RuleClause) -> SpokenCondition | None:
    items = clause.find("unchanged")
    if not items:
        return None
    metric = clause.metric()[0]
    return SpokenCondition({"kind": "stuck", **metric}, [*items, *clause.metric_items], [] if metric else ["metric"])
