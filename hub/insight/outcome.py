"""Determine how definite a diagnosis is: it names a cause, some causes are possible, none fits, or all is normal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from hub.insight.differential import differential
from hub.model import CauseMatch, Evidence

Outcome = Literal["named", "possible", "unknown", "normal"]
"""``named``: the diagnosis names a cause. ``possible``: known causes fit, but none well enough to be named.
``unknown``: something is unusual but no known cause fits, or there is too little evidence. ``normal``: nothing is
unusual.
"""

URGENT = ("over_limit", "silent", "gateway", "alone")
MOVED = ("mode", "step", "onset", "stuck", "stays_on", "stays_off", "hunting", "cycling")
NOTABLE = (*URGENT, *MOVED, "jump", "history")
"""Kinds of evidence which say that something is unusual, or that the history is too short to tell."""


def outcome(
    cause: str | None, matches: Sequence[CauseMatch], evidence: Sequence[Evidence], *, alerted: bool
) -> Outcome:
    """Return how definite a diagnosis is.

    Args:
        cause: The cause that the diagnosis names; None if it names none.
        matches: The causes that fit, best first.
        evidence: The findings.
        alerted: Whether the diagnosis explains an alert. If so, the outcome is never ``normal``.
    """
    if cause is not None:
        return "named"
    if not alerted and not any(item.kind in NOTABLE for item in evidence):
        return "normal" if evidence else "unknown"
    return "possible" if differential(matches, None) else "unknown"
