"""Sentences that cannot be a rule."""

from __future__ import annotations

from typing import Any


class NoSuchRule(Exception):
    """The sentence wants what no rule can do. ``reason`` is a key in ``answers_*.toml`` after ``no_rule_``."""

    def __init__(self, reason: str, **values: Any) -> None:
        self.reason, self.values = reason, values
        super().__init__(reason)
