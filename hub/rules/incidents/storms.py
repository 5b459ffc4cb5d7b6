"""Storms: one rule raises alerts on many devices of an area, or on many devices with a label, in a short time.

Two alerts in one area within minutes may be a coincidence. Many such alerts are taken to have the same cause.
"""

from __future__ import annotations

from collections import deque

from hub.model import IncidentLimits


class Storms:
    """Remembers which devices recently raised alerts of the same rule, to recognize an alert storm on many devices.

    Alerts of a rule in one area, or on devices with one label, share a key: see
    :func:`hub.rules.incidents.relations.rule_keys`.
    """

    def __init__(self, limits: IncidentLimits) -> None:
        self._limits = limits
        self._recent: dict[str, dict[str, int]] = {}  # epoch ms by key and device
        self._order: deque[tuple[int, str, str]] = deque()  # the same, oldest first

    def count(self, keys: list[str], device: str, at: int) -> None:
        """Remember that an alert was raised on a device at the time ``at`` (epoch ms).

        ``keys`` are the keys that the alert shares with alerts of the same rule on other devices.
        """
        for key in keys:
            self._recent.setdefault(key, {})[device] = at
            self._order.append((at, key, device))

    def is_storm(self, key: str, device: str, now: int) -> bool:
        """Return whether an alert with the key is part of a storm: many devices had such an alert recently.

        ``device`` is the device of the alert, and counts as one of these devices.
        """
        self.forget(now)
        return len(self._recent.get(key, {}).keys() | {device}) >= self._limits.storm_devices

    def forget(self, now: int) -> None:
        """Forget alerts that are so old at ``now`` (epoch ms) that a new alert cannot belong to the same incident."""
        while self._order and self._order[0][0] + self._limits.group_ms < now:
            at, key, device = self._order.popleft()
            if self._recent.get(key, {}).get(device) == at:
                del self._recent[key][device]
                if not self._recent[key]:
                    del self._recent[key]
