"""The JSON of the rules' text: read, checked, changed. A rule itself is in ``shapes.py``."""

from __future__ import annotations

from typing_extensions import TypedDict

from hub.api.shapes import RuleShape


class RulesText(TypedDict):
    text: str
    revision: str


class RulesChecked(TypedDict):
    """``problem`` says what is wrong with the text and what is allowed; there are no rules then."""

    items: list[RuleShape]
    problem: str | None
