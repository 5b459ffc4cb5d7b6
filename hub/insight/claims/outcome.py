"""The result of comparing one assertion of a sentence with the evidence."""

from __future__ import annotations

from typing import Literal, NamedTuple

Relation = Literal[
    "above", "below", "rose", "fell", "changed", "steady", "began", "on", "off", "open", "closed", "before", "after",
    "first", "together", "equals",
]  # fmt: skip


class Outcome(NamedTuple):
    """One assertion.

    Attributes:
        relation: the asserted relation; ``equals`` for a number or a time.
        metric: the metric that it is about; None: several metrics or none.
        holds: False: the evidence contradicts it; None: the evidence does not say.
        reason: why it does not hold, as a clause that follows "because".
    """

    relation: Relation
    metric: str | None
    holds: bool | None
    reason: str = ""
