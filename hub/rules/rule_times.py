"""When each rule was created or last changed, as far as the engine has seen it."""

from __future__ import annotations

from collections.abc import Iterable

from hub.model import Rule


class RuleTimes:
    """The times at which rules were created or changed. It is empty after a start: rules that do not change have none.

    A replay needs such a time to raise the same alerts: a condition that was met before its rule existed begins later.
    """

    def __init__(self) -> None:
        self._times: dict[str, int] = {}

    def note(self, before: Iterable[Rule], rules: Iterable[Rule], at: int) -> None:
        """Note that the rules ``before`` were replaced by ``rules`` at the time ``at`` (epoch ms)."""
        known = {rule.id: rule for rule in before}
        self._times = {
            rule.id: at if known.get(rule.id) != rule else self._times[rule.id]
            for rule in rules
            if known.get(rule.id) != rule or rule.id in self._times
        }

    def get(self, rule_id: str) -> int | None:
        """Return when a rule was created or last changed, in epoch ms; None if it has not changed since the start."""
        return self._times.get(rule_id)
