"""Follow the schedules of rules: determine which rules are active at a time.

Rules with the same weekly window share one entry. When a window begins or ends, only the rules with this window are
updated, so windows that do not begin or end cost nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from heapq import heapify, heappop, heappush

from hub.model import Rule, WeeklyWindow
from hub.rules.weekly_windows import is_open_until

_SET_BACK_MS = 60_000
"""If the clock goes back by more than this (ms), somebody has set it, and all windows are computed again."""
_NEVER = 1 << 62


class Schedules:
    """Determines which rules are inactive because the time is outside of their schedules.

    ``outside`` has the ids of these rules. It is valid until ``until`` (epoch ms), when the next window begins or ends.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        """Follow the schedules of a list of rules. Call :meth:`reset` when the list has changed."""
        self._rules = rules
        self.reset()

    def reset(self) -> None:
        """Discard the state. The next call of :meth:`turn` computes the state again."""
        self.outside: frozenset[str] = frozenset()
        self.until = 0
        self._turned: int | None = None  # epoch ms
        self._readers: dict[WeeklyWindow, list[int]] = {}  # indices in ``_rules`` of the rules with this window
        self._open: set[WeeklyWindow] = set()
        self._opened: Counter[int] = Counter()  # by index in ``_rules``: how many windows of the rule are open
        self._edges: list[tuple[int, int]] = []  # heap of (when it begins or ends next, index in ``_windows``)
        self._windows: list[WeeklyWindow] = []

    def turn(self, now: int) -> list[Rule]:
        """Determine which rules are outside of their schedules now, and store their ids in ``outside``.

        Return the rules for which this has changed since the last call. The first call after :meth:`reset` returns an
        empty list.
        """
        if self._turned is not None and self._turned - _SET_BACK_MS <= now < self.until:
            return []
        first, before = self._turned is None, self.outside
        if self._turned is None or now < self._turned:
            self._begin(now)
        else:
            self._follow(now)
        self.until, self._turned = self._edges[0][0] if self._edges else _NEVER, now
        return [] if first else [rule for rule in self._rules if (rule.id in before) != (rule.id in self.outside)]

    def _begin(self, now: int) -> None:
        """Compute for all windows whether they are open, and when they begin or end next."""
        self.reset()
        readers: dict[WeeklyWindow, list[int]] = defaultdict(list)
        for place, rule in enumerate(self._rules):
            for window in set(rule.schedule):
                readers[window].append(place)
        self._readers, self._windows = readers, list(readers)
        for number, window in enumerate(self._windows):
            opened, edge = is_open_until(window, now)
            if opened:
                self._open.add(window)
                self._opened.update(readers[window])
            if edge is not None:
                self._edges.append((edge, number))
        heapify(self._edges)
        outside = (rule.id for place, rule in enumerate(self._rules) if rule.schedule and not self._opened[place])
        self.outside = frozenset(outside)

    def _follow(self, now: int) -> None:
        """Open and close the windows that have begun or ended by now."""
        changed: set[int] = set()
        while self._edges and self._edges[0][0] <= now:
            _, number = heappop(self._edges)
            window = self._windows[number]
            opened, edge = is_open_until(window, now)
            if edge is not None:
                heappush(self._edges, (edge, number))
            if opened == (window in self._open):
                continue
            self._open ^= {window}
            for place in self._readers[window]:
                self._opened[place] += 1 if opened else -1
            changed.update(self._readers[window])
        ids = {self._rules[place].id: not self._opened[place] for place in changed}
        if ids:
            closed = {rule_id for rule_id, is_outside in ids.items() if is_outside}
            self.outside = (self.outside - ids.keys()) | closed
