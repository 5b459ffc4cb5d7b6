"""Find the line of a key in ``reactions.toml``, for error messages."""

from __future__ import annotations

import re

_HEADER = re.compile(r"\s*(\[\[?)\s*reaction((?:\s*\.\s*\w+)*)\s*\]")


def line_of(text: str, index: int, key: str, path: tuple[int, ...] = ()) -> int | None:
    """Return the number of the line of a key, from 1.

    If the key is missing, return the line of the nearest header above it; None if there is no such header.

    Args:
        text: The file.
        index: Number of the reaction, from 1.
        key: The key with the tables around it: ``command.name``.
        path: The indices of a joined condition: ``(1, 0)`` is the first condition inside the second one.
    """
    *tables, name = key.split(".")
    wanted = (*tables, *("conditions" for _ in path))
    found, section, place, nearest = 0, tuple[str, ...](), tuple[int, ...](), None
    for number, line in enumerate(text.splitlines(), 1):
        if (match := _HEADER.match(line)) is not None:
            section = tuple(part.strip() for part in match[2].split(".")[1:])
            found += not section
            depth = section.count("conditions")
            if depth and match[1] == "[[":
                place = (*place[: depth - 1], place[depth - 1] + 1 if len(place) >= depth else 0)
            else:
                place = ()
            if found == index and place == path and section == (*wanted, name):
                return number
            if found == index and wanted[: len(section)] == section and path[: len(place)] == place:
                nearest = number
        elif found == index:
            if section == wanted and place == path and _assigns(line, name):
                return number
            if not section and tables and _assigns(line, tables[0]):
                nearest = number  # an inline table
    return nearest


def _assigns(line: str, name: str) -> bool:
    return re.match(rf"\s*[\"']?{re.escape(name)}[\"']?\s*[.=]", line) is not None
