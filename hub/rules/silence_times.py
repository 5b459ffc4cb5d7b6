"""Compute when a silence of alerts is active: from its start to its end, or in weekly windows between the two."""

from __future__ import annotations

from hub.model import AlertSilence
from hub.rules.weekly_windows import intervals


def next_interval(silence: AlertSilence, now: int) -> tuple[int, int | None] | None:
    """Return start and end (epoch ms) of the interval that contains ``now``, or else of the next interval.

    Returns None if no interval follows. The end is exclusive; it is None if the silence has no end.
    """
    first, last = silence.starts_at, silence.ends_at
    if last is not None and last <= max(now, first):
        return None
    if silence.weekly is None:
        return first, last
    for start, end in intervals(silence.weekly, max(now, first)):
        begins, ends = max(start, first), end if last is None else min(end, last)
        if begins < ends and ends > now:
            return begins, ends
    return None
