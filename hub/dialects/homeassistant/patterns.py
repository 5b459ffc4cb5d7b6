"""Use regular expressions in templates, with limits so that no search takes long.

A pattern may have few repeats and alternatives, and neither of them inside a repeat. A search that fails backtracks: at
every position, it tries every division of the text among the repeats, for each combination of alternatives. The number
of these attempts is computed before the search, and limited.
"""

from __future__ import annotations

import re
import re._constants as sre  # type: ignore[import-not-found]  # typeshed leaves the parser out
import re._parser as sre_parser  # type: ignore[import-not-found]
from functools import lru_cache
from math import comb
from typing import Any, NamedTuple

MAX_PATTERN, MAX_SUBJECT, MAX_REPEATS = 200, 256, 3
"""Maximum number of characters of a pattern, of characters of the text, and of repeats in a pattern."""
MAX_ATTEMPTS = 500_000
"""Maximum number of attempts that a search makes by backtracking. The search then takes at most about 50 ms."""


class _Pattern(NamedTuple):
    """A compiled regular expression, with two numbers that determine how long a search can take."""

    compiled: re.Pattern[str]
    repeats: int
    choices: int  # combinations of alternatives, see _choices


@lru_cache(1_000)
def _pattern(text: str, ignore_case: bool) -> _Pattern:
    """Compile a pattern.

    Raises ValueError if it is invalid or too long, or has nested repeats, alternatives in a repeat or back references.
    """
    if len(text) > MAX_PATTERN:
        raise ValueError(f"a pattern may have at most {MAX_PATTERN} characters")
    try:
        parsed = sre_parser.parse(text)
        repeats = _repeats(parsed, inside=False)
        compiled = re.compile(text, re.IGNORECASE if ignore_case else 0)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"{text[:40]!r} is not a valid regular expression") from error
    if repeats > MAX_REPEATS:
        raise ValueError(f"a pattern may have at most {MAX_REPEATS} repeats")
    return _Pattern(compiled, repeats, _choices(parsed))


def _choices(parsed: Any) -> int:
    """Return how many combinations of alternatives (``a|b``) a parsed regular expression has.

    Each group of alternatives doubles the result, because an alternative takes longer to try than a repeat.
    """
    combinations = 1
    for operation, argument in parsed:
        if operation is sre.BRANCH:
            combinations *= 2 * sum(_choices(each) for each in argument[1])
        elif operation is sre.SUBPATTERN:
            combinations *= _choices(argument[3])
        elif operation is sre.ATOMIC_GROUP:
            combinations *= _choices(argument)
    return combinations


def _repeats(parsed: Any, inside: bool) -> int:
    """Return the number of repeats, such as ``*``, in a regular expression that Python has parsed.

    ``inside`` says that ``parsed`` is itself part of a repeat. Raises ValueError for repeats and alternatives inside a
    repeat, and for back references, lookahead and lookbehind.
    """
    found = 0
    for operation, argument in parsed:
        if operation in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            if inside:
                raise ValueError("a repeat inside a repeat is not allowed in a pattern")
            found += 1 + _repeats(argument[2], inside=True)
        elif operation in (sre.GROUPREF, sre.GROUPREF_EXISTS, sre.ASSERT, sre.ASSERT_NOT):
            raise ValueError("back references, lookahead and lookbehind are not allowed in a pattern")
        elif operation is sre.BRANCH:
            if inside:
                raise ValueError("alternatives inside a repeat are not allowed in a pattern")
            found += sum(_repeats(each, inside) for each in argument[1])
        elif operation is sre.SUBPATTERN:
            found += _repeats(argument[3], inside)
        elif operation is sre.ATOMIC_GROUP:
            found += _repeats(argument, inside)
    return found


def _prepared(value: Any, find: str, ignore_case: bool) -> tuple[re.Pattern[str], str]:
    """Return the pattern ``find``, compiled, and ``value`` as a text.

    Raises ValueError if a search could take too long.
    """
    text = str(value)
    if len(text) > MAX_SUBJECT:
        raise ValueError(f"a regular expression may be used on at most {MAX_SUBJECT} characters")
    pattern = _pattern(str(find), ignore_case)
    parts = pattern.repeats + 1  # one more for the text before the match
    if pattern.choices * comb(len(text) + parts, parts) > MAX_ATTEMPTS:
        raise ValueError(
            f"a regular expression with these repeats and alternatives takes too long on {len(text)} characters. "
            "Simplify the pattern: fewer repeats and alternatives"
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
        raise ValueError(f"a replacement may have at most {MAX_PATTERN} characters")
    pattern, text = _prepared(value, find, ignorecase)
    return pattern.sub(str(replace), text)


def regex_findall(value: Any, find: str = "", ignorecase: bool = False) -> list[Any]:
    pattern, text = _prepared(value, find, ignorecase)
    return pattern.findall(text)


def regex_findall_index(value: Any, find: str = "", index: int = 0, ignorecase: bool = False) -> Any:
    return regex_findall(value, find, ignorecase)[index]
