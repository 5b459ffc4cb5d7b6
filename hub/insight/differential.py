"""Other possible causes, each with a check that distinguishes it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.insight.causes import match_word
from hub.insight.signature import MatchWord
from hub.model import CauseMatch, CauseNature

LISTED = 0.3
"""Score from which a cause is worth mentioning."""
_MOST = 3


class Alternative(msgspec.Struct, frozen=True):
    """Another cause that fits in part, and the check that distinguishes it from the likeliest one."""

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
        named: The cause that the diagnosis names; None if it names none, then the likeliest is among the alternatives.
    """
    first = next((match for match in matches if match.cause == named), None) or next(iter(matches), None)
    if first is None:
        return ()
    others = [match for match in matches if match.cause != named and match.score >= LISTED]
    return tuple(
        Alternative(each.cause, each.title, each.component, each.nature, match_word(each.score), _check(first, each))
        for each in others[:_MOST]
    )


def _check(first: CauseMatch, other: CauseMatch) -> str:
    """Return the check that distinguishes two causes; without one, the check that confirms the other cause."""
    known = first.distinguish.get(other.cause) or other.distinguish.get(first.cause)
    return known or next(iter(other.confirm_by), "")
