"""Storms: one rule raises alerts on many devices of an area, or with a label, in a short time.

Two alerts in one area within minutes may be a coincidence. Many of them are taken to share a cause.
"""

from __future__ import annotations

from collections import deque

from hub.model import IncidentLimits


class Storms:
    """Devices on which each rule raised an alert recently, by the keys that the alerts share."""

    def __init__(self, limits: IncidentLimits) -> None:
        self._limits = limits
        self._recent: dict[str, dict[str, int]] = {}  # epoch ms by key and device
        self._order: deque[tuple[int, str, str]] = deque()  # the same, oldest first

    def count(self, keys: list[str], device: str, at: int) -> None:
        """Note that an alert with these keys was raised on a device."""
        for key in keys:
            self._recent.setdefault(key, {})[device] = at
            self._order.append((at, key, device))

    def is_storm(self, key: str, device: str, now: int) -> bool:
        """Return whether an alert with the key is part of a storm: enough other devices had one recently."""
        self.forget(now)
        return len(self._recent.get(key, {}).keys() | {device}) >= self._limits.storm_devices

    def forget(self, now: int) -> None:
        """Forget alerts that are too old to be in one incident with a new alert."""
        while self._order and self._order[0][0] + self._limits.group_ms < now:
            at, key, device = self._order.popleft()
            if self._recent.get(key, {}).get(device) == at:
                del self._recent[key][device]
                if not self._recent[key]:
                    del self._recent[key]
