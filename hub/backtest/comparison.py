"""Summarize the firings of a rule, and compare them with the firings of the rule that it replaces.

A firing is an alert that the rule would have raised in the past.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from hub.backtest.firing import Firing

MAX_FIRINGS = 500
"""Maximum number of firings that a result lists. If there are more, it lists the newest."""


class RuleOutcome(msgspec.Struct, frozen=True):
    """Summary of the alerts (firings) that a rule would have raised in a period.

    Attributes:
        count: the number of firings.
        devices: the number of devices with a firing.
        longest_ms: how long the condition of the longest firing held.
        total_ms: the sum of the durations of all firings.
        different: the number of firings that overlap with no firing of the other rule on the same metric of the same
            device; 0 if there is no other rule.
        firings: the newest :data:`MAX_FIRINGS` firings, oldest first.
    """

    count: int
    devices: int
    longest_ms: int
    total_ms: int
    different: int
    firings: Sequence[Firing]


def outcome(firings: Sequence[Firing], others: Sequence[Firing] | None, end: int) -> RuleOutcome:
    """Return a summary of ``firings`` in a period that ends at ``end`` (epoch ms).

    ``others`` are the firings of the rule to compare with; None: there is no such rule.
    """
    durations = [each.duration(end) for each in firings]
    return RuleOutcome(
        count=len(firings),
        devices=len({each.device for each in firings}),
        longest_ms=max(durations, default=0),
        total_ms=sum(durations),
        different=0 if others is None else _different(firings, others, end),
        firings=sorted(firings, key=lambda each: each.start)[-MAX_FIRINGS:],
    )


def _different(firings: Sequence[Firing], others: Sequence[Firing], end: int) -> int:
    """Return how many firings overlap with no firing in ``others`` on the same metric of the same device."""
    spans: dict[tuple[str, str | None], list[Firing]] = defaultdict(list)
    for each in others:
        spans[each.device, each.metric].append(each)
    return sum(
        not any(
            other.start <= each.start + each.duration(end) and each.start <= other.start + other.duration(end)
            for other in spans[each.device, each.metric]
        )
        for each in firings
    )
