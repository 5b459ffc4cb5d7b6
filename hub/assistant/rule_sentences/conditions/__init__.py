"""The kinds of conditions in words. A kind is a file with ``read(clause)`` and a line of the table."""

from __future__ import annotations

from collections.abc import Callable

from hub.assistant.rule_sentences.clause import RuleClause, SpokenCondition
from hub.assistant.rule_sentences.conditions import compare, count, no_data, range_, rate, state, stuck, threshold

Reader = Callable[[RuleClause], SpokenCondition | None]
READERS: tuple[Reader, ...] = (
    count.read, stuck.read, no_data.read, compare.read, rate.read, range_.read, threshold.read, state.read,
)  # fmt: skip
"""The first one that understands the words decides."""


def read_condition(clause: RuleClause) -> SpokenCondition | None:
    """Return the condition of a clause, None if no kind understands it. Nothing is used yet."""
    return next((found for read in READERS if (found := read(clause)) is not None), None)
