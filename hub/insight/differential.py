"""Other possible causes, each with a check that distinguishes it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.insight.decision import log_odds, match_word
from hub.insight.signature import MatchWord
from hub.model import CauseMatch, CauseNature

_LISTED = 0.3
"""Score from which a cause is worth mentioning beside one that is named."""
_POSSIBLE, _FAR_BEHIND = 0.2, 2.0
"""If none is named: score from which a cause is possible, and its largest distance in log odds from the likeliest."""
_MOST = 3


class Alternative(msgspec.Struct, frozen=True):
    """Another cause that fits in part, and the check that distinguishes it from the likeliest cause."""

    cause: str
    title: str
    component: str | None
    nature: CauseNature
    match: MatchWord
    check: str


def differential(matches: Sequence[CauseMatch], named: str | None) -> tuple[Alternative, ...]:
    """Return up to three other causes that fit the findings, best first.

    Args:
        matches: The causes that fit, best first.
        named: The cause that the diagnosis names. If None, all returned causes are possible.
    """
    first = next((match for match in matches if match.cause == named), None) or next(iter(matches), None)
    if first is None:
        return ()
    if named is None:
        far = log_odds(first) - _FAR_BEHIND
        others = [match for match in matches if match.score >= _POSSIBLE and log_odds(match) >= far]
    else:
        others = [match for match in matches if match.cause != named and match.score >= _LISTED]
    return tuple(
        Alternative(each.cause, each.title, each.component, each.nature, match_word(each.score), _check(first, each))
        for each in others[:_MOST]
    )


def deciding_check(others: Sequence[Alternative], *, named: bool) -> str:
    """Return the reading or inspection that decides between the two likeliest causes; empty if none is known.

    With a single possible cause, return the check that confirms it.
    """
    first_two = others[:1] if named else (*others[1:2], *others[:1])
    return next((each.check for each in first_two if each.check), "")


def _check(first: CauseMatch, other: CauseMatch) -> str:
    """Return the check that distinguishes two causes; without one, the check that confirms the other cause."""
    known = first.distinguish.get(other.cause) or other.distinguish.get(first.cause)
    return known or next(iter(other.confirm_by), "")
