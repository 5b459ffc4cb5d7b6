"""How much memory the devices may take, and how much they take. Pure.

It counts what there can be very many of: devices, metrics, texts, twins and descriptions. Other parts (windows of
rules, live viewers) have bounds of their own. The figures were measured on a hub of 20,000 devices; they include its
columns for live pages and its ids of series.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from hub.errors import Rejected
from hub.model import Device, FleetLimits, Identity, Info, Latest, Value

METRIC_BYTES = 550
DEVICE_BYTES = 4_000
PER_ENCODED_BYTE = 4
"""A parsed twin or description takes so many times its encoded size."""
MAX_TEXT_BYTES = 4_096
"""More than any text of a message takes; used to see quickly that there is room."""
MAX_NATIVE_ID = 512
"""Characters of what a device is called by its dialect; a topic may have 65,535."""
_NO_INFO = Info()


class Capacity:
    """The memory of the devices in bytes. At a start it may exceed the limit by a third, rather than lose devices."""

    def __init__(self, limits: FleetLimits) -> None:
        self.most = limits.total_metrics * METRIC_BYTES  # the limit
        self.used = 0
        self.left_out: set[str] = set()  # devices without room at the start; their stored state stays as it is
        self._devices = limits.devices
        self._total, self._each = limits.total_metrics, limits.metrics
        self._encode = msgspec.msgpack.Encoder().encode

    @property
    def most_restored(self) -> int:
        return self.most + self.most // 3

    @property
    def full(self) -> bool:
        """Return whether a new device with one metric has no room any more."""
        return self.used + DEVICE_BYTES + METRIC_BYTES > self.most

    @property
    def most_encoded(self) -> int:
        """Return how many bytes of stored states are worth loading: decoded, they take several times as much."""
        return self.most_restored // 4

    def take(self, size: int, reason: str) -> None:
        """Count ``size`` bytes more. Raise Rejected where there is no room for them."""
        self._require(size, reason)
        self.used += size

    def exchange(self, before: Any, after: Any) -> None:
        """Count a twin or a description that takes the place of another. Raise Rejected where there is no room."""
        self.take(self.encoded(after) - self.encoded(before), "too_large")

    def take_device(self, identity: Identity, known: int) -> None:
        """Count one more device than the ``known`` ones. Raises Rejected if there is no room for it, or was none at
        the start."""
        if known >= self._devices:
            raise Rejected("too_many_devices", f"The hub keeps at most {self._devices} devices.")
        if len(identity.native_id) > MAX_NATIVE_ID:
            raise Rejected("bad_name", f"A device's name has at most {MAX_NATIVE_ID} characters.")
        if identity.device in self.left_out:
            raise Rejected("too_many_devices", "The device is stored, but did not fit into memory at the hub's start.")
        self.take(DEVICE_BYTES, "too_many_devices")

    def restore(self, device: Device) -> bool:
        """Count a stored device. Return False where it does not fit: it is left out."""
        size = self.size_of(device)
        if self.used + size > self.most_restored:
            self.left_out.add(device.id)
            return False
        self.used += size
        return True

    def _require(self, size: int, reason: str) -> None:
        if self.used + size > self.most and size > 0:
            raise Rejected(
                reason,
                f"The hub's memory holds {self._total:,} metrics in all, and there is no room for more. Remove "
                "devices, give the hub more memory, or raise limits.total_metrics.",
            )

    def require_values(self, metrics: Mapping[str, Latest], values: dict[str, Value]) -> None:
        """Raise Rejected unless there is room for what is new in ``values`` of a device that has ``metrics``."""
        if len(metrics) + len(values) > self._each and len(metrics.keys() | values.keys()) > self._each:
            more = next(name for name in reversed(values) if name not in metrics)
            raise Rejected("too_many_metrics", f"A device has at most {self._each} metrics; {more[:60]!r} is one more.")
        if self.used + len(values) * (METRIC_BYTES + MAX_TEXT_BYTES) <= self.most:
            return
        grown = 0
        for name, value in values.items():
            latest = metrics.get(name)
            grown += METRIC_BYTES if latest is None else 0
            if type(value) is str:
                grown += len(value) - text_size(latest)
        self._require(grown, "too_many_metrics")

    def within(self, metrics: Mapping[str, Latest], values: dict[str, Value]) -> dict[str, Value]:
        """Return those of ``values`` for which there is room, as :meth:`require_values` sees it: numbers of known
        metrics always have it, then comes what is new as far as it fits."""
        room = max(0, self._each - len(metrics))
        new = [name for name in values if name not in metrics]
        kept = {name: value for name, value in values.items() if name not in new[room:]}
        known = {name: value for name, value in kept.items() if name in metrics}
        numbers = {name: value for name, value in known.items() if type(value) is not str}
        for choice in (kept, known):
            try:
                self.require_values(metrics, choice)
            except Rejected:
                continue
            return choice
        return numbers

    def encoded(self, value: Any) -> int:
        """Return what a twin's side or a description takes."""
        return 0 if not value or value == _NO_INFO else PER_ENCODED_BYTE * len(self._encode(value))

    def size_of(self, device: Device) -> int:
        """Return what a device takes, as the sum of all that was counted one by one."""
        texts = sum(text_size(latest) for latest in device.metrics.values())
        described = sum(map(self.encoded, (device.info, device.desired, device.reported)))
        return DEVICE_BYTES + METRIC_BYTES * len(device.metrics) + texts + described


def text_size(latest: Latest | None) -> int:
    return len(latest.value) if latest is not None and isinstance(latest.value, str) else 0
