"""Find the line of a key in ``rules.toml``, for error messages."""

from __future__ import annotations

import re

_HEADER = re.compile(r"\s*\[\[\s*rule((?:\s*\.\s*conditions)*)\s*\]\]")


def line_of(text: str, index: int, key: str, path: tuple[int, ...]) -> int | None:
    """Return the number of the line with ``key`` in rule number ``index``, both counted from 1.

    ``path`` has the indices of a joined condition: ``(1, 0)`` is the first condition inside the second condition of the
    rule. It is empty for the rule itself. If there is no line with the key, return the line of the header of the
    condition, or else of the rule. Return None if the rule has no header.
    """
    found, place, header, rule = 0, tuple[int, ...](), None, None
    for number, line in enumerate(text.splitlines(), 1):
        if (match := _HEADER.match(line)) is not None:
            depth = match[1].count("conditions")
            found += not depth
            place = (*place[: depth - 1], place[depth - 1] + 1 if len(place) >= depth else 0) if depth else ()
            rule = number if found == index and not depth else rule
            header = number if found == index and place == path else header
        elif found == index and place == path and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return number
    return header or rule
