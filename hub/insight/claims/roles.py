"""Determine the role of a number from the words around it: a reading, a change, a limit, the level before the change.

The same rules apply to the hub's own findings and to the sentences that are checked against them.
"""

from __future__ import annotations

import re
from typing import Literal

from hub.insight.claims.text import CODED

Role = Literal["reading", "before", "difference", "limit", "rate", "duration", "deviation", "ratio", "any"]

_ABOUT = (
    r"(?:\s(?:about|around|roughly|approximately|nearly|almost|some|just|only|well|far|more than|less than|at least"
    r"|at most|over|up to|≈|~))*"
)
_LIMIT_BEFORE = re.compile(
    rf"\b(?:limit|threshold|maximum|minimum|set ?point)(?:\s(?:of|is|was|at|to))?{_ABOUT}\s?\(?$", re.I
)
_LIMIT_AFTER = re.compile(r"^\s(?:limit|threshold)\b", re.I)
_DIFFERENCE_BEFORE = re.compile(
    r"\b(?:by|(?:rise|drop|fall|increase|decrease|decline|change|difference|margin|jump)"
    rf"(?:\s(?:in|of)\s(?:the\s)?{CODED})?\sof"
    r"|rose|fell|dropped|increased|decreased|climbed|declined|gained|lost|jumped)"
    rf"{_ABOUT}\s?$",
    re.I,
)
_DIFFERENCE_AFTER = re.compile(
    r"^\)?,?\s(?:above|below|beyond|over|under|higher|lower|more|less|warmer|colder|cooler|past|too|drop|rise|fall"
    r"|increase|decrease|decline|reduction|jump)\b(?!\sthan\s\d)",
    re.I,
)
_BEFORE = re.compile(
    rf"\b(?:from|instead of|rather than|compared (?:to|with)|baseline|usual(?:ly)?|used to be|previously|formerly"
    rf"|originally)(?:\s(?:of|is|at|was))?{_ABOUT}\s?\(?$",
    re.I,
)
_READING = re.compile(
    r"\b(?:to|at|it reads?|reads?|reading|is|are|now|currently|reached|reaches|reach|of|shows?|measures?|draws?"
    r"|drawing|drew|equals?|peaked at|vibrates at|repeated exactly|was around)"
    rf"(?:\s(?:now|still|currently))?{_ABOUT}\s?$",
    re.I,
)
_PEAK = re.compile(r"\bpeak(?:\s(?:of|was|is|at))?\s?$", re.I)
_RANGE = re.compile(r"\b(?:(?:mostly|between|read)\s(?:[\d.,−-]+\s?\S*\s)?(?:to|and)|mostly|between)\s$", re.I)
_REACH = re.compile(r"\b(?:reach\w*|hits?|arriv\w*)\b[^.;,]*$", re.I)
_RESTATED = re.compile(
    r"(?:\b(?:which is|that is|equals?|i\.e\.|or|equal to|equivalent to)|=|≈|\()(?:\sto)?(?:\sabout)?\s?$", re.I
)


def role_of(before: str, after: str) -> Role | None:
    """Return the role of a number in a sentence, such as reading, limit or difference; None if it is not clear.

    ``before`` and ``after`` are the texts before and after the number.
    """
    if _LIMIT_BEFORE.search(before) or _LIMIT_AFTER.search(after):
        return "limit"
    if _DIFFERENCE_AFTER.search(after) or _DIFFERENCE_BEFORE.search(before):
        return "difference"
    if _BEFORE.search(before):
        return "before"
    if _RANGE.search(before):
        return None
    if _PEAK.search(before) or _READING.search(before):
        return "reading"
    return None


def is_restated(before: str) -> bool:
    """Return True if a number repeats the previous number in another unit, as in "20 °C, which is 68 °F".

    ``before`` is the text before the number.
    """
    return bool(_RESTATED.search(before))


def is_reached(before: str) -> bool:
    """Return True if a number is a future value, as in "it reaches 85 °C".

    ``before`` is the text before the number.
    """
    return bool(_REACH.search(before))
