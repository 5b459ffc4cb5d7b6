"""List other possible causes beside the likeliest one, each with a check that tells the two apart."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.insight.decision import log_odds, match_word
from hub.insight.signature import MatchWord
from hub.model import CauseMatch, CauseNature

_LISTED = 0.3
"""Minimum score of another cause that is listed, if the diagnosis names a cause."""
_POSSIBLE, _FAR_BEHIND = 0.2, 2.0
"""Minimum score of a possible cause, if the diagnosis names none, and its maximum distance from the likeliest cause.

The distance is in log odds.
"""
_MOST = 3


class Alternative(msgspec.Struct, frozen=True):
    """Another cause that fits the findings in part.

    ``check`` tells it apart from the likeliest cause; it is empty if no such check is known.
    """

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
        named: The cause that the diagnosis names, which is left out. If it is None, the likeliest cause is included.
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
    """Return the check (a reading or an inspection) that decides between the two likeliest causes; empty if unknown.

    ``named`` is True if the diagnosis names a cause, which is then not among ``others``. If only one cause is possible,
    return the check that confirms it.
    """
    first_two = others[:1] if named else (*others[1:2], *others[:1])
    return next((each.check for each in first_two if each.check), "")


def _check(first: CauseMatch, other: CauseMatch) -> str:
    """Return a check that distinguishes two causes. If none is known, return one that confirms ``other``."""
    known = first.distinguish.get(other.cause) or other.distinguish.get(first.cause)
    return known or next(iter(other.confirm_by), "")
