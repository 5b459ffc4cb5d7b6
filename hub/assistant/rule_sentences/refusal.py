"""The error for sentences that no rule can express."""

from __future__ import annotations

from typing import Any


class NoSuchRule(Exception):
    """Raised if a sentence asks for something that no rule can do.

    The explanation in ``answers_*.toml`` has the key ``no_rule_`` followed by ``reason``.
    """

    def __init__(self, reason: str, **values: Any) -> None:
        self.reason, self.values = reason, values
        super().__init__(reason)
