"""Which rules are within their schedules, as time goes on."""

from __future__ import annotations

from collections.abc import Sequence

from hub.model import Rule
from hub.rules.weekly_windows import next_edge, within

_SET_BACK_MS = 60_000
"""If the clock goes back by more than this, somebody has set it."""
_NEVER = 1 << 62


class Schedules:
    """The rules that are outside of their schedules (``outside``, their ids) until ``until`` in epoch ms."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        """Follow the schedules of a list of rules. Call :meth:`reset` when it has changed."""
        self._rules = rules
        self.reset()

    def reset(self) -> None:
        """Discard the state. The next call of :meth:`turn` computes it again."""
        self.outside: frozenset[str] = frozenset()
        self.until = 0
        self._turned: int | None = None  # epoch ms

    def turn(self, now: int) -> list[Rule]:
        """Update ``outside``. Return the rules whose schedule has begun or ended since the last call."""
        if self._turned is not None and self._turned - _SET_BACK_MS <= now < self.until:
            return []
        first, before = self._turned is None, self.outside
        scheduled = [rule for rule in self._rules if rule.schedule]
        self.outside = frozenset(rule.id for rule in scheduled if not within(rule.schedule, now))
        edges = (next_edge(rule.schedule, now) for rule in scheduled)
        self.until, self._turned = min((edge for edge in edges if edge is not None), default=_NEVER), now
        return [] if first else [rule for rule in scheduled if (rule.id in before) != (rule.id in self.outside)]
