"""Read the condition ``anomaly``: "is unusual", "behaves strangely", "is not as usual", "is very unusual"."""

from __future__ import annotations

from hub.assistant.rule_sentences.clause import RuleClause, SpokenCondition

_SENSITIVITIES = {"unusual_low": "low", "unusual_high": "high", "unusual": None}
"""The sensitivity for each pattern, by its name. "Very unusual" gets a low one. None means the rule's default."""


def read(clause: RuleClause) -> SpokenCondition | None:
    for name, sensitivity in _SENSITIVITIES.items():
        if items := clause.find(name):
            metric = clause.metric()[0]
            graded = {} if sensitivity is None else {"sensitivity": sensitivity}
            keys = {"kind": "anomaly", **metric, **graded}
            return SpokenCondition(keys, [*items, *clause.metric_items], [] if metric else ["metric"])
    return None
