"""The error for sentences that cannot be a rule."""

from __future__ import annotations

from typing import Any


class NoSuchRule(Exception):
    """Raised if a sentence asks for something that no rule can do.

    ``no_rule_`` and ``reason`` form the key of the explanation in ``answers_*.toml``.
    """

    def __init__(self, reason: str, **values: Any) -> None:
        self.reason, self.values = reason, values
        super().__init__(reason)
