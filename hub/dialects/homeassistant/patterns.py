"""Regular expressions from a device's template, so bounded that none runs long.

A pattern has few repeats and few choices, and none within a repeat. A search that fails tries each way to divide the
text among the repeats, from each place, times each way through the choices: a match runs only where these are few.
"""

from __future__ import annotations

import re
import re._constants as sre  # type: ignore[import-not-found]  # typeshed leaves the parser out
import re._parser as sre_parser  # type: ignore[import-not-found]
from functools import lru_cache
from math import comb
from typing import Any, NamedTuple

MAX_PATTERN, MAX_SUBJECT, MAX_REPEATS = 200, 256, 3
"""The length of a pattern and of the text it runs over, and the repeats in it."""
MAX_WAYS = 500_000
"""In which a pattern may be tried on a text: some 50 ms at worst."""


class _Pattern(NamedTuple):
    """``choices`` weighs the ways through the pattern's alternatives."""

    compiled: re.Pattern[str]
    repeats: int
    choices: int


@lru_cache(1_000)
def _pattern(text: str, ignore_case: bool) -> _Pattern:
    """A pattern that cannot run away: no repeat or choice within a repeat, no back reference, few repeats."""
    if len(text) > MAX_PATTERN:
        raise ValueError(f"a pattern has at most {MAX_PATTERN} characters")
    try:
        parsed = sre_parser.parse(text)
        repeats = _repeats(parsed, inside=False)
        compiled = re.compile(text, re.IGNORECASE if ignore_case else 0)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"{text[:40]!r} is no regular expression") from error
    if repeats > MAX_REPEATS:
        raise ValueError(f"a pattern has at most {MAX_REPEATS} repeats")
    return _Pattern(compiled, repeats, _choices(parsed))


def _choices(parsed: Any) -> int:
    """Return a weight for the ways through the alternatives: a step of theirs takes longer than one of a repeat."""
    ways = 1
    for operation, argument in parsed:
        if operation is sre.BRANCH:
            ways *= 2 * sum(_choices(each) for each in argument[1])
        elif operation is sre.SUBPATTERN:
            ways *= _choices(argument[3])
        elif operation is sre.ATOMIC_GROUP:
            ways *= _choices(argument)
    return ways


def _repeats(parsed: Any, inside: bool) -> int:
    found = 0
    for operation, argument in parsed:
        if operation in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            if inside:
                raise ValueError("a pattern has no repeat within a repeat")
            found += 1 + _repeats(argument[2], inside=True)
        elif operation in (sre.GROUPREF, sre.GROUPREF_EXISTS, sre.ASSERT, sre.ASSERT_NOT):
            raise ValueError("a pattern has no back reference and looks neither ahead nor behind")
        elif operation is sre.BRANCH:
            if inside:
                raise ValueError("a pattern has no choice within a repeat")
            found += sum(_repeats(each, inside) for each in argument[1])
        elif operation is sre.SUBPATTERN:
            found += _repeats(argument[3], inside)
        elif operation is sre.ATOMIC_GROUP:
            found += _repeats(argument, inside)
    return found


def _prepared(value: Any, find: str, ignore_case: bool) -> tuple[re.Pattern[str], str]:
    """Return the pattern and the text it runs over. Raises ValueError where that could take long."""
    text = str(value)
    if len(text) > MAX_SUBJECT:
        raise ValueError(f"a regular expression runs over at most {MAX_SUBJECT} characters")
    pattern = _pattern(str(find), ignore_case)
    parts = pattern.repeats + 1  # what comes before the match is one more
    if pattern.choices * comb(len(text) + parts, parts) > MAX_WAYS:
        raise ValueError(
            f"a regular expression with these repeats and choices takes too long on {len(text)} characters"
        )
    return pattern.compiled, text


def regex_match(value: Any, find: str = "", ignorecase: bool = False) -> bool:
    pattern, text = _prepared(value, find, ignorecase)
    return pattern.match(text) is not None


def regex_search(value: Any, find: str = "", ignorecase: bool = False) -> bool:
    pattern, text = _prepared(value, find, ignorecase)
    return pattern.search(text) is not None


def regex_replace(value: Any = "", find: str = "", replace: str = "", ignorecase: bool = False) -> str:
    if len(str(replace)) > MAX_PATTERN:
        raise ValueError(f"a replacement has at most {MAX_PATTERN} characters")
    pattern, text = _prepared(value, find, ignorecase)
    return pattern.sub(str(replace), text)


def regex_findall(value: Any, find: str = "", ignorecase: bool = False) -> list[Any]:
    pattern, text = _prepared(value, find, ignorecase)
    return pattern.findall(text)


def regex_findall_index(value: Any, find: str = "", index: int = 0, ignorecase: bool = False) -> Any:
    return regex_findall(value, find, ignorecase)[index]
