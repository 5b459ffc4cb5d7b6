"""Decide which cause a diagnosis names: one that fits well, and clearly better than causes of other components."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hub.insight.signature import MatchWord
from hub.model import CauseMatch

DECIDED = 0.46
"""A cause is named only if its score is at least this; see ``docs/ai.md``."""
BORDER, SLOPE = 0.4, 0.5
"""The sum of log odds that gives a score of 0.5, and how steeply the score rises there."""
_WORDS: tuple[tuple[float, MatchWord], ...] = ((0.75, "strong"), (0.62, "medium"), (0.0, "weak"))
"""The lowest score for which each word is used; see ``docs/ai.md``."""
_MARGIN = 0.5
"""The named cause must lead by at least this, in log odds, over any cause of another component."""


def decide(matches: Sequence[CauseMatch]) -> CauseMatch | None:
    """Return the cause to name, or None.

    None if no cause fits well enough, if causes of two components fit about equally, or if operation is normal.
    """
    chosen = next((each for each in matches if each.score >= DECIDED), None)
    if chosen is None or chosen.nature == "normal":
        return None
    rivals = (each for each in matches if each.score >= DECIDED and not _agree(each, chosen))
    rival = max(map(log_odds, rivals), default=-math.inf)
    return chosen if log_odds(chosen) - rival >= _MARGIN else None


def _agree(one: CauseMatch, other: CauseMatch) -> bool:
    """Return whether naming one of two causes also covers the other.

    This is so if both concern the same component. It is also so if both are acts of people, such as opening a door or a
    window, and the same findings support both.
    """
    both_acts = one.nature == other.nature == "act"
    return one.component == other.component or (both_acts and set(one.supporting) == set(other.supporting))


def match_word(score: float) -> MatchWord:
    """Return the word for a score. Pages show the word, never the score as a percentage."""
    return next(word for least, word in _WORDS if score >= least)


def log_odds(match: CauseMatch) -> float:
    """Return the log odds of a match. If it was stored without log odds, compute these from its score."""
    if match.log_odds is not None:
        return match.log_odds
    held = min(max(match.score, 0.001), 0.999)
    return BORDER + math.log(held / (1 - held)) / SLOPE
