"""Reading a model's JSON while it is being written: the words of its summary as they come, each claim once it is whole.

Forgiving, since it only shows: what counts is the whole answer, which :mod:`hub.diagnosis.prompt` reads strictly.
"""

from __future__ import annotations

import json
import re
from typing import Any

from hub.bounds import check
from hub.errors import Rejected

_SUMMARY = re.compile(r'"summary"\s*:\s*"')
_CLAIMS = re.compile(r'"claims"\s*:\s*\[')
_BEGUN = re.compile(r"\\(u([0-9a-f]{0,3}|d[89ab][0-9a-f]{2}(\\(u[0-9a-f]{0,3})?)?))?$", re.I)
"""An escape that is not whole yet, or the first half of a pair of them."""
_LIMIT = 40_000


class PartialDiagnosis:
    """``feed`` takes what has come and gives the summary's new words and the claims that have become whole."""

    def __init__(self) -> None:
        self._text = ""
        self._summary: int | None = None
        self._shown = ""
        self._claims: int | None = None

    def feed(self, piece: str) -> tuple[str, list[dict[str, Any]]]:
        if len(self._text) < _LIMIT:
            self._text += piece
        return self._more_words(), self._more_claims()

    def _more_words(self) -> str:
        if self._summary is None:
            match = _SUMMARY.search(self._text)
            if match is None:
                return ""
            self._summary = match.end()
        raw = self._text[self._summary :]
        end = re.search(r'(?<!\\)(?:\\\\)*"', raw)
        raw = raw[: end.end() - 1] if end else _BEGUN.sub("", raw)
        try:
            words = _clean(json.loads(f'"{raw}"', strict=False))
        except ValueError:
            return ""
        fresh, self._shown = words[len(self._shown) :], words
        return fresh

    def _more_claims(self) -> list[dict[str, Any]]:
        if self._claims is None:
            match = _CLAIMS.search(self._text)
            if match is None:
                return []
            self._claims = match.end()
        found: list[dict[str, Any]] = []
        while (start := self._text.find("{", self._claims)) >= 0:
            if "]" in self._text[self._claims : start]:
                break  # the list of claims has ended
            try:
                claim, self._claims = json.JSONDecoder().raw_decode(self._text, start)
                check(claim)
            except (ValueError, RecursionError):
                break
            except Rejected:
                continue
            found.append(claim)
        return found


def _clean(text: str) -> str:
    """Half a surrogate pair is not a character and cannot be sent on."""
    return text.encode("utf-8", "replace").decode()
