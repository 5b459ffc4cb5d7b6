"""What an earlier question lends a later one: "and freezer 2?" asks the same of another device, "since when?" asks
more of the same one. Pure over the fleet."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from hub.assistant.intent_parser import Intent, parse_intent
from hub.assistant.target_selection import TargetSelection, select_targets
from hub.tools.lookup import Lookup

_SAME = re.compile(r"^\W*(and|what about|how about|or)\b", re.I)
_REFERS = re.compile(
    r"\b(it|its|it's|they|them|their|that one|this one|these|those|that device)\b"
    r"|^\W*(and |but )?(since when|why|how long|for how long|what happened|what now)\b",
    re.I,
)


def resolve_context(
    text: str, before: Sequence[str], lookup: Lookup, metrics: set[str], now: int
) -> tuple[Intent, TargetSelection]:
    """The question and whom it is about; ``before`` are the earlier questions, oldest first."""
    question, scope = parse_intent(text, metrics, now), select_targets(lookup, text)
    if not before:
        return question, scope
    if scope.mentioned and _SAME.match(text) and question.kind in ("unknown", "status", "history"):
        earlier = parse_intent(before[-1], metrics, now)
        return _in_words_of(earlier, question), scope
    if not scope.mentioned and (_REFERS.search(text) or _SAME.match(text)):
        for earlier_text in reversed(before):
            earlier_scope = select_targets(lookup, earlier_text)
            if earlier_scope.mentioned:
                return _with_metric(question, parse_intent(earlier_text, metrics, now)), earlier_scope
    return question, scope


def _in_words_of(earlier: Intent, later: Intent) -> Intent:
    """What was asked before, with the time and the metric that were named now."""
    return Intent(
        earlier.kind,
        later.text,
        later.metric or earlier.metric,
        earlier.lowest,
        earlier.since,
        later.span or earlier.span,
    )


def _with_metric(question: Intent, earlier: Intent) -> Intent:
    kind = "extreme" if question.since and earlier.kind == "extreme" else question.kind
    return msgspec.structs.replace(
        question, kind=kind, metric=question.metric or earlier.metric, lowest=question.lowest or earlier.lowest
    )
