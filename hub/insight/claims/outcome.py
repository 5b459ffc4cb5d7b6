"""The result of checking one assertion of a sentence against the evidence."""

from __future__ import annotations

from typing import Literal, NamedTuple

Relation = Literal[
    "above", "below", "rose", "fell", "changed", "steady", "began", "on", "off", "open", "closed", "before", "after",
    "first", "together", "equals",
]  # fmt: skip


class Outcome(NamedTuple):
    """The result for one assertion.

    Attributes:
        relation: the asserted relation; ``equals`` for a number or a time.
        metric: the metric that the assertion is about; None if it is about several metrics or none.
        holds: True if the evidence supports the assertion, False if it contradicts it, None if it does neither.
        reason: why the assertion does not hold, as a clause that can follow "because"; empty if it holds.
    """

    relation: Relation
    metric: str | None
    holds: bool | None
    reason: str = ""
