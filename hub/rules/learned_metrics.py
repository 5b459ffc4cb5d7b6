"""Limit how many metrics rules without a limit (``kind = "anomaly"``) learn from, because learning needs memory.

The learned data of one metric needs at most 8 kB, many times as much as the metric itself, and a rule may watch all
metrics of all devices. Metrics beyond the limit are not watched; a log line and the state of the rule report this.
"""

from __future__ import annotations

import logging
from collections.abc import Collection

from hub.model import Device, Value

log = logging.getLogger(__name__)

MIN_LEARNED = 500
SHARE = 100
"""Of the metrics that the hub may keep, one in this many may be learned: an eighth of the memory for devices."""
MAX_REPORTED = 10_000
"""Maximum metrics beyond the limit that are remembered, so that each of them is counted once."""


class LearnedMetrics:
    """Counts the metrics that ``anomaly`` rules learn, and refuses new ones beyond ``limit``.

    A metric counts once for each rule that learns it. Metrics that are restored when the hub starts may exceed the
    limit.
    """

    def __init__(self, limit: int = MIN_LEARNED) -> None:
        self.limit = limit
        self.clear()

    def clear(self) -> None:
        """Forget everything, before devices are restored."""
        self._keys: dict[str, set[str]] = {}  # by device
        self._count = 0
        self._refused: dict[str, set[str]] = {}  # by device
        self._refusals = 0

    @property
    def full(self) -> bool:
        """True if no further metric can be learned."""
        return self._count >= self.limit

    def admits(self, device: Device, key: str, value: Value | None = None) -> bool:
        """Return True if the watch with this key may learn. A new watch is counted from now on.

        Texts and booleans are not learned. For such a ``value``, return True without counting the watch.
        """
        if isinstance(value, str | bool) or key in self._keys.get(device.id, ()):
            return True
        if self.full:
            if not self._refused:
                log.warning(
                    "Rules without a limit watch at most %d metrics; %s of device %s is not watched. Narrow the "
                    "rules' devices or metrics, or give the hub more memory.", self.limit, key, device.id,
                )  # fmt: skip
            if self._refusals < MAX_REPORTED and key not in self._refused.get(device.id, ()):
                self._refused.setdefault(device.id, set()).add(key)
                self._refusals += 1
            return False
        self._keys.setdefault(device.id, set()).add(key)
        self._count += 1
        if key in (refused := self._refused.get(device.id, set())):
            refused.discard(key)
            self._refusals -= 1
        return True

    def keep(self, device: Device, keys: Collection[str]) -> None:
        """Set which metrics of the device are learned.

        ``keys`` are those of the device's watches that learn. A watch is the state of one rule on one metric.
        """
        self._count += len(keys) - len(self._keys.pop(device.id, ()))
        if keys:
            self._keys[device.id] = set(keys)
        self._refusals -= len(self._refused.pop(device.id, ()))

    def forget(self, device_id: str) -> None:
        """Forget a deleted device."""
        self._count -= len(self._keys.pop(device_id, ()))
        self._refusals -= len(self._refused.pop(device_id, ()))

    def not_watched(self, rule_id: str) -> int:
        """Return how many metrics a rule does not watch because of the limit, at most MAX_REPORTED."""
        return sum(key.partition("/")[0] == rule_id for keys in self._refused.values() for key in keys)


def learned_limit(total_metrics: int) -> int:
    """Return how many metrics may be learned, if the hub may keep ``total_metrics`` metrics."""
    return max(MIN_LEARNED, total_metrics // SHARE)
