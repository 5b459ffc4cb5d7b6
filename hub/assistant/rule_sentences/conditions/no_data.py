"""Read the condition ``no_data``: "has sent nothing for 10 minutes", "is offline"."""

from __future__ import annotations

from hub.assistant.rule_sentences.clause import RuleClause, SpokenCondition

_DEFAULT = "10m"


def read(clause: RuleClause) -> SpokenCondition | None:
    items = clause.find("silent")
    if not items:
        return None
    metric = clause.metric()[0] if clause.mention is not None else {}
    return SpokenCondition({"kind": "no_data", **metric, "silence": _DEFAULT}, [*items, *clause.metric_items])
