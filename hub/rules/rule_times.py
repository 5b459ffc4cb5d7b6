"""Remember when each rule was created or last changed since the hub was started."""

from __future__ import annotations

from collections.abc import Iterable

from hub.model import Rule


class RuleTimes:
    """The time at which each rule was created or last changed. Rules that have not changed since the start have none.

    A replay needs these times to raise the same alerts, because a rule is not evaluated on readings before its change.
    """

    def __init__(self) -> None:
        self._times: dict[str, int] = {}

    def note(self, before: Iterable[Rule], rules: Iterable[Rule], at: int) -> None:
        """Record that the list of rules ``before`` was replaced by ``rules`` at the time ``at`` (epoch ms).

        Only rules that are new or differ from before get this time.
        """
        known = {rule.id: rule for rule in before}
        self._times = {
            rule.id: at if known.get(rule.id) != rule else self._times[rule.id]
            for rule in rules
            if known.get(rule.id) != rule or rule.id in self._times
        }

    def get(self, rule_id: str) -> int | None:
        """Return when a rule was created or last changed, in epoch ms; None if it has not changed since the start."""
        return self._times.get(rule_id)
