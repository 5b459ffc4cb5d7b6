"""Rewrite the statements of the store, which are written for SQLite, for PostgreSQL.

======================================  ==========================================================
``?``, ``?1``                           ``$1``
``IN (SELECT value FROM json_each(?))``  ``= ANY($1)``, with an array as the parameter
``json_each(?) AS name``                ``jsonb_array_elements(…) WITH ORDINALITY``: ``key`` and ``value``
``json_extract(value, '$[0]')``         ``(value ->> 0)``, a text: statements cast it to the type that they need
======================================  ==========================================================
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_PARAMETER = re.compile(r"\?(\d*)")
_MEMBER = re.compile(r"(NOT )?IN \(SELECT value FROM json_each\(\?(\d*)\)\)")
_ELEMENTS = re.compile(r"json_each\((\?\d*)\) AS (\w+)")
_EXTRACT = re.compile(r"json_extract\(value, '\$\[(\d+)\]'\)")


class Rewritten(NamedTuple):
    """A statement for PostgreSQL. ``lists`` has the indices of the parameters that PostgreSQL gets as arrays."""

    text: str
    lists: frozenset[int]


@lru_cache(1024)
def rewrite(sql: str) -> Rewritten:
    """Return a statement of the store in the form that PostgreSQL runs."""
    sql = _ELEMENTS.sub(r"jsonb_array_elements(CAST(\1 AS JSONB)) WITH ORDINALITY AS \2(value, key)", sql)
    sql = _EXTRACT.sub(r"(value ->> \1)", sql)
    # Marked, so that the numbering below knows which parameters are arrays.
    sql = _MEMBER.sub(lambda found: f"{'<> ALL' if found[1] else '= ANY'}(?{found[2]}[])", sql)
    lists, count = set[int](), 0

    def number(found: re.Match[str]) -> str:
        nonlocal count
        place = int(found[1] or count + 1)
        count = max(count, place)  # as in SQLite, `?` has the number after the highest one so far
        if sql.startswith("[]", found.end()):
            lists.add(place - 1)
        return f"${place}"

    return Rewritten(_PARAMETER.sub(number, sql).replace("[])", ")"), frozenset(lists))
