"""Limit how often reactions run: rate limits with bursts, and the protection against loops."""

from __future__ import annotations

from collections import deque

from hub.model.reaction import Reaction, ReactionRun

MINUTE_MS = 60_000
MAX_DEVICES = 10_000
"""Maximum devices, and maximum pairs of rule and device, whose runs are counted for one reaction."""
STARTED = frozenset({"running", "ran", "failed", "dry_run", "interrupted"})
"""Outcomes that count as a run for the limits."""


class RunLimiter:
    """Counts the recent runs of each reaction, and decides whether another run is allowed. Times are in epoch ms."""

    def __init__(self) -> None:
        self._usage: dict[str, _Usage] = {}

    def permits(self, reaction: Reaction, now: int) -> bool:
        """Return whether the rate limit of the reaction allows a run now."""
        return self._of(reaction).total.permits(now, reaction.limits.per_minute, reaction.limits.burst)

    def permits_device(self, reaction: Reaction, device: str, now: int) -> bool:
        """Return whether the reaction's rate limit for single devices allows a run for this device now."""
        known = self._of(reaction).devices.get(device)
        return known is None or known.permits(now, reaction.limits.device_per_minute, 1)

    def loops(self, reaction: Reaction, rule: str, device: str, now: int) -> bool:
        """Return True if the reaction ran so often for alerts of this rule and device that it may cause them itself."""
        times = self._of(reaction).about.get((rule, device), ())
        since = now - reaction.limits.loop_within_ms
        return sum(since < at <= now for at in times) >= reaction.limits.loop_runs

    def add(self, reaction: Reaction, run: ReactionRun) -> None:
        """Count a run, if its outcome is in :data:`STARTED`."""
        if run.outcome not in STARTED:
            return
        usage, limits = self._of(reaction), reaction.limits
        usage.total.add(run.at, limits.per_minute, limits.burst)
        devices = [each.device for each in run.commands if each.problem is None]
        for device in devices or ([run.device] if run.device else []):
            usage.devices.setdefault(device, _Rate()).add(run.at, limits.device_per_minute, 1)
        if run.rule is not None and run.device is not None:
            usage.about.setdefault((run.rule, run.device), deque(maxlen=limits.loop_runs)).append(run.at)
        if len(usage.devices) > MAX_DEVICES:
            del usage.devices[next(iter(usage.devices))]
        if len(usage.about) > MAX_DEVICES:
            del usage.about[next(iter(usage.about))]

    def forget(self, reaction: str) -> None:
        """Reset the counts of a reaction, because it was changed or resumed."""
        self._usage.pop(reaction, None)

    def _of(self, reaction: Reaction) -> _Usage:
        return self._usage.setdefault(reaction.id, _Usage())


class _Usage:
    """The recent runs of one reaction, in total, by device, and by rule and device."""

    def __init__(self) -> None:
        self.total = _Rate()
        self.devices: dict[str, _Rate] = {}
        self.about: dict[tuple[str, str], deque[int]] = {}  # times of runs by rule and device


class _Rate:
    """A token bucket, stored as the time at which it will be full again (generic cell rate algorithm)."""

    def __init__(self) -> None:
        self._full_at = 0.0

    def permits(self, now: int, per_minute: float, burst: int) -> bool:
        interval = MINUTE_MS / per_minute
        # If the clock was set back, the wait would be too long. It is never longer than after a full burst.
        wait = min(self._full_at - now, burst * interval)
        return wait <= (burst - 1) * interval

    def add(self, now: int, per_minute: float, burst: int) -> None:
        interval = MINUTE_MS / per_minute
        self._full_at = min(max(self._full_at, now), now + (burst - 1) * interval) + interval
