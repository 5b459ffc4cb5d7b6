"""Regular expressions from a device's template, so bounded that none runs long.

A pattern has few repeats, and none within another: what it costs grows with the text's length to the power of their
number, and the text is short.
"""

from __future__ import annotations

import re
import re._constants as sre  # type: ignore[import-not-found]  # typeshed leaves the parser out
import re._parser as sre_parser  # type: ignore[import-not-found]
from functools import lru_cache
from typing import Any

MAX_PATTERN, MAX_SUBJECT, MAX_REPEATS = 200, 256, 3
"""The length of a pattern and of the text it runs over, and the repeats in it."""


@lru_cache(1_000)
def _pattern(text: str, ignore_case: bool) -> re.Pattern[str]:
    """A pattern that cannot run away: no repeat or choice within a repeat, no back reference, few repeats."""
    if len(text) > MAX_PATTERN:
        raise ValueError(f"a pattern has at most {MAX_PATTERN} characters")
    try:
        unbounded = _repeats(sre_parser.parse(text), inside=False)
        pattern = re.compile(text, re.IGNORECASE if ignore_case else 0)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"{text[:40]!r} is no regular expression") from error
    if unbounded > MAX_REPEATS:
        raise ValueError(f"a pattern has at most {MAX_REPEATS} repeats")
    return pattern


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


def _subject(value: Any) -> str:
    text = str(value)
    if len(text) > MAX_SUBJECT:
        raise ValueError(f"a regular expression runs over at most {MAX_SUBJECT} characters")
    return text


def regex_match(value: Any, find: str = "", ignorecase: bool = False) -> bool:
    return _pattern(str(find), ignorecase).match(_subject(value)) is not None


def regex_search(value: Any, find: str = "", ignorecase: bool = False) -> bool:
    return _pattern(str(find), ignorecase).search(_subject(value)) is not None


def regex_replace(value: Any = "", find: str = "", replace: str = "", ignorecase: bool = False) -> str:
    if len(str(replace)) > MAX_PATTERN:
        raise ValueError(f"a replacement has at most {MAX_PATTERN} characters")
    return _pattern(str(find), ignorecase).sub(str(replace), _subject(value))


def regex_findall(value: Any, find: str = "", ignorecase: bool = False) -> list[Any]:
    return _pattern(str(find), ignorecase).findall(_subject(value))


def regex_findall_index(value: Any, find: str = "", index: int = 0, ignorecase: bool = False) -> Any:
    return regex_findall(value, find, ignorecase)[index]
