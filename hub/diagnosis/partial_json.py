"""Parse a model's JSON while it is being written: return each statement as soon as it is complete.

Malformed JSON is ignored here, because these statements are only displayed until the answer is complete. Then
:mod:`hub.diagnosis.reply` parses the whole answer strictly.
"""

from __future__ import annotations

import json
import re
from typing import Any

from hub.bounds import check
from hub.errors import Rejected

_STATEMENTS = re.compile(r'"(?:statements|claims)"\s*:\s*\[')
_LIMIT = 40_000


class PartialStatements:
    """Finds the statements in JSON text that arrives in pieces."""

    def __init__(self) -> None:
        self._text = ""
        self._read: int | None = None  # offset of the first unread character of the list; None before the list

    def feed(self, piece: str) -> list[dict[str, Any]]:
        """Append a piece of the text, and return the statements that it completes."""
        if len(self._text) < _LIMIT:
            self._text += piece
        if self._read is None:
            match = _STATEMENTS.search(self._text)
            if match is None:
                return []
            self._read = match.end()
        found: list[dict[str, Any]] = []
        while (start := self._text.find("{", self._read)) >= 0:
            if "]" in self._text[self._read : start]:
                break  # the list has ended
            try:
                statement, self._read = json.JSONDecoder().raw_decode(self._text, start)
                check(statement)
            except (ValueError, RecursionError):
                break
            except Rejected:
                continue
            found.append(statement)
        return found
