"""A queue of the devices on which the current rules have not been evaluated yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable


class UnjudgedDevices:
    """A queue of the devices whose rules still have to be evaluated, each of them once.

    A device leaves the queue early if its rules are evaluated for another reason.
    """

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._queue: deque[str] = deque()  # may contain devices that are no longer in _ids

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, device_id: str) -> bool:
        return device_id in self._ids

    def clear(self) -> None:
        self._ids.clear()
        self._queue.clear()

    def add(self, devices: Iterable[str]) -> None:
        """Add devices to the end of the queue, except those that are in it already."""
        new = [name for name in devices if name not in self._ids]
        self._queue.extend(new)
        self._ids.update(new)

    def discard(self, device_id: str) -> None:
        """Remove a device, because it has been evaluated or deleted."""
        self._ids.discard(device_id)

    def next(self) -> str | None:
        """Return the id of the next device; None if the queue is empty.

        The device is not returned again, but counts as part of the queue until :meth:`discard` is called for it.
        """
        while self._queue:
            name = self._queue.popleft()
            if name in self._ids:
                return name
        return None
