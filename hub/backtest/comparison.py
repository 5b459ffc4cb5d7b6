"""Summarize the firings of a rule, and compare them with those of the rule that it replaces."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from hub.backtest.firing import Firing

MAX_FIRINGS = 500
"""Firings that a result lists; if there are more, the newest."""


class RuleOutcome(msgspec.Struct, frozen=True):
    """What a rule would have raised in a period.

    Attributes:
        count: the number of firings.
        devices: the number of devices with a firing.
        longest_ms: how long the longest condition held.
        total_ms: how long all conditions held together.
        different: firings that overlap with no firing of the other rule on the same metric; 0 without another rule.
        firings: the newest ones, oldest first.
    """

    count: int
    devices: int
    longest_ms: int
    total_ms: int
    different: int
    firings: Sequence[Firing]


def outcome(firings: Sequence[Firing], others: Sequence[Firing] | None, end: int) -> RuleOutcome:
    """Summarize firings. ``others`` are the firings of the rule to compare with, ``end`` is the end of the period."""
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
    """Return how many firings overlap with none of the others."""
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
