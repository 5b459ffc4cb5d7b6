"""Decide which cause a diagnosis names: one that fits well, and clearly better than causes of other components."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hub.insight.signature import MatchWord
from hub.model import CauseMatch

DECIDED = 0.46
"""A cause is named only if its score is at least this; see ``docs/ai.md``."""
BORDER, SLOPE = 0.4, 0.5
"""The sum of log odds at which the score is 0.5, and the steepness of the logistic function that gives the score."""
_WORDS: tuple[tuple[float, MatchWord], ...] = ((0.75, "strong"), (0.62, "medium"), (0.0, "weak"))
"""The lowest score for which each word is used; see ``docs/ai.md``."""
_MARGIN = 0.5
"""Minimum lead (in log odds) of the named cause over any likely cause of another component."""


def decide(matches: Sequence[CauseMatch]) -> CauseMatch | None:
    """Return the cause that a diagnosis should name, or None.

    Return None if no cause fits well enough, if causes of two components fit about equally well, or if the best match
    is normal operation.
    """
    chosen = next((each for each in matches if each.score >= DECIDED), None)
    if chosen is None or chosen.nature == "normal":
        return None
    rivals = (each for each in matches if each.score >= DECIDED and not _agree(each, chosen))
    rival = max(map(log_odds, rivals), default=-math.inf)
    return chosen if log_odds(chosen) - rival >= _MARGIN else None


def _agree(one: CauseMatch, other: CauseMatch) -> bool:
    """Return whether two causes are so similar that either may be named.

    This is so if both concern the same component, or if both are acts of people (such as opening a door or a window)
    and the same findings support both.
    """
    both_acts = one.nature == other.nature == "act"
    return one.component == other.component or (both_acts and set(one.supporting) == set(other.supporting))


def match_word(score: float) -> MatchWord:
    """Return the word for a score. The dashboard shows the word instead of the score."""
    return next(word for least, word in _WORDS if score >= least)


def log_odds(match: CauseMatch) -> float:
    """Return the log odds of a match. They are computed from the score if the match was stored without log odds."""
    if match.log_odds is not None:
        return match.log_odds
    held = min(max(match.score, 0.001), 0.999)
    return BORDER + math.log(held / (1 - held)) / SLOPE
