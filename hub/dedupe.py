"""Which deliveries have come before: a repeated one has the same key among the device's last ones.

Two windows: the last ``overall`` keys of all devices cover what a link has in flight when it breaks, and the last
``each`` of every device cover its own retries, whatever its neighbours send. Both travel with the commits, so a
restart reloads them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

OVERALL = 20_000
EACH = 128


class Window:
    """Remembers keys; forgets the oldest beyond its bounds."""

    def __init__(self, overall: int = OVERALL, each: int = EACH) -> None:
        self._overall: deque[tuple[str, str]] = deque()
        self._recent: dict[tuple[str, str], int] = {}
        self._max_overall = overall
        self._max_each = each
        self._each: dict[str, deque[str]] = {}

    def seen(self, device: str, key: str) -> bool:
        """True if this key of this device came before; remembers it if not."""
        pair = (device, key)
        own = self._each.get(device)
        if pair in self._recent:
            return True
        if own is None:
            own = self._each[device] = deque()
        self._recent[pair] = 2
        self._overall.append(pair)
        own.append(key)
        if len(own) > self._max_each:
            self._release((device, own.popleft()))
        if len(self._overall) > self._max_overall:
            self._release(self._overall.popleft())
        return False

    def _release(self, pair: tuple[str, str]) -> None:
        """A key is forgotten when both windows have let go of it."""
        held = self._recent.get(pair, 0)
        if held > 1:
            self._recent[pair] = held - 1
        else:
            self._recent.pop(pair, None)

    def forget(self, device: str) -> None:
        """A deleted device starts anew."""
        for key in self._each.pop(device, ()):
            self._recent.pop((device, key), None)

    def restore(self, keys: Iterable[tuple[str, str]]) -> None:
        for device, key in keys:
            self.seen(device, key)
