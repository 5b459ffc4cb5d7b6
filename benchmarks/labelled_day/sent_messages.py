"""The messages about new alerts that a system sent."""

from __future__ import annotations

import time


class SentMessages:
    """When each message arrived (epoch seconds), and the device of its first new alert."""

    def __init__(self) -> None:
        self._sent: list[tuple[float, str]] = []

    def add(self, device: str) -> None:
        self._sent.append((time.time(), device))

    def between(self, start: float, end: float) -> list[str]:
        """Return the device of each message from ``start`` to before ``end``."""
        return [device for at, device in self._sent if start <= at < end]
