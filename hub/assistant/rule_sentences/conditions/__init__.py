"""Parse the condition that a clause describes. Each kind of condition has a module with a function ``read(clause)``."""

from __future__ import annotations

from collections.abc import Callable

from hub.assistant.rule_sentences.clause import RuleClause, SpokenCondition
from hub.assistant.rule_sentences.conditions import (
    anomaly,
    compare,
    count,
    no_data,
    range_,
    rate,
    state,
    stuck,
    threshold,
)

Reader = Callable[[RuleClause], SpokenCondition | None]
READERS: tuple[Reader, ...] = (
    *(count.read, stuck.read, no_data.read, anomaly.read, compare.read),
    *(rate.read, range_.read, threshold.read, state.read),
)
"""The functions that read a condition, in the order in which they are tried until one understands the words."""


def read_condition(clause: RuleClause) -> SpokenCondition | None:
    """Return the condition that the words of ``clause`` describe; None if they describe no known kind of condition.

    The words are not marked as used; the caller does this.
    """
    return next((found for read in READERS if (found := read(clause)) is not None), None)
