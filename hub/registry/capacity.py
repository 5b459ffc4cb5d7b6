"""Memory budget for devices: estimate the memory that they use, and refuse additions beyond the limit. Pure.

The estimate covers devices, metrics, texts, twins and descriptions, because clients can create any number of them.
Other data (rule windows, live clients) has other limits. The sizes were measured on a hub with 20,000 devices. They
include the device's columns for the dashboard's socket and the ids of its series.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from hub.errors import Rejected, RejectionReason
from hub.model import Device, FleetLimits, Identity, Info, Latest, Value

METRIC_BYTES = 550
DEVICE_BYTES = 4_000
PER_ENCODED_BYTE = 4
"""Memory of a parsed twin or description, as a multiple of its encoded size."""
MAX_TEXT_BYTES = 4_096
"""Upper bound for the memory of one text value. With it, a quick check shows that there is room."""
MAX_NATIVE_ID = 512
"""Maximum number of characters of a native id. An MQTT topic may have 65,535."""
_NO_INFO = Info()


class Capacity:
    """Counts the memory that devices use, in bytes, and limits it.

    Devices that are loaded at start-up may exceed the limit by a third, so that none is lost if the limit was lowered a
    little.
    """

    def __init__(self, limits: FleetLimits) -> None:
        self.limit = limits.total_metrics * METRIC_BYTES  # in bytes
        self.used = 0  # bytes counted for all devices
        self.left_out: set[str] = set()  # stored devices that did not fit at start-up; their state stays on disk
        self._devices = limits.devices
        self._total, self._each = limits.total_metrics, limits.metrics
        self._encode = msgspec.msgpack.Encoder().encode

    @property
    def restore_limit(self) -> int:
        """The limit for restored devices, in bytes."""
        return self.limit + self.limit // 3

    @property
    def full(self) -> bool:
        """True if there is no room for a new device with one metric."""
        return self.used + DEVICE_BYTES + METRIC_BYTES > self.limit

    @property
    def max_stored_bytes(self) -> int:
        """The maximum total size of the stored states to load at start-up, in bytes.

        It is a quarter of the memory for restored devices, because decoded states take several times as much memory.
        """
        return self.restore_limit // 4

    def take(self, size: int, reason: RejectionReason) -> None:
        """Reserve ``size`` bytes of the capacity. Raises Rejected, with ``reason``, if there is not enough room."""
        self._require(size, reason)
        self.used += size

    def exchange(self, before: Any, after: Any) -> None:
        """Count the memory of a changed twin or description: the size of ``after`` instead of that of ``before``.

        Raises Rejected if there is no room.
        """
        self.take(self.encoded(after) - self.encoded(before), "too_large")

    def take_device(self, identity: Identity, known: int) -> None:
        """Reserve memory for one more device. ``known`` is the number of devices that exist already.

        Raises:
            Rejected: There are too many devices, the memory for devices is used up, the native id is too long, or the
                device is stored but did not fit into memory when the hub started.
        """
        if known >= self._devices:
            raise Rejected("too_many_devices", f"The hub keeps at most {self._devices} devices.")
        if len(identity.native_id) > MAX_NATIVE_ID:
            raise Rejected("bad_name", f"A device's name has at most {MAX_NATIVE_ID} characters.")
        if identity.device in self.left_out:
            raise Rejected("too_many_devices", "The device is stored, but did not fit into memory at the hub's start.")
        self.take(DEVICE_BYTES, "too_many_devices")

    def restore(self, device: Device) -> bool:
        """Count the memory of a stored device. Return False if there is no room, so that it is not loaded."""
        size = self.size_of(device)
        if self.used + size > self.restore_limit:
            self.left_out.add(device.id)
            return False
        self.used += size
        return True

    def _require(self, size: int, reason: RejectionReason) -> None:
        if self.used + size > self.limit and size > 0:
            raise Rejected(
                reason,
                f"The hub's memory holds {self._total:,} metrics in all, and there is no room for more. Remove "
                "devices, give the hub more memory, or raise limits.total_metrics.",
            )

    def require_values(self, metrics: Mapping[str, Latest], values: dict[str, Value]) -> None:
        """Raise Rejected if a device with ``metrics`` has no room for the new metrics and texts in ``values``."""
        if len(metrics) + len(values) > self._each and len(metrics.keys() | values.keys()) > self._each:
            more = next(name for name in reversed(values) if name not in metrics)
            raise Rejected(
                "too_many_metrics", f"A device has at most {self._each} metrics; there is no room for {more[:60]!r}."
            )
        if self.used + len(values) * (METRIC_BYTES + MAX_TEXT_BYTES) <= self.limit:
            return
        grown = 0
        for name, value in values.items():
            latest = metrics.get(name)
            grown += METRIC_BYTES if latest is None else 0
            if type(value) is str:
                grown += len(value) - text_size(latest)
        self._require(grown, "too_many_metrics")

    def values_with_room(self, metrics: Mapping[str, Latest], values: dict[str, Value]) -> dict[str, Value]:
        """Return those of ``values`` for which there is room by the limits of :meth:`require_values`.

        ``metrics`` are the metrics that the device has already. New metrics beyond the limit for one device are left
        out. If the hub's memory has no room for the rest, all new metrics are left out. If there is still too little
        room, all texts are left out, too. Numbers of metrics that the device has already always fit.
        """
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
        """Return how many bytes of memory ``value`` uses.

        ``value`` is the description of a device, or one of the two sides of its twin: the desired or the reported
        values.
        """
        return 0 if not value or value == _NO_INFO else PER_ENCODED_BYTE * len(self._encode(value))

    def size_of(self, device: Device) -> int:
        """Return the bytes that a device uses: the sum of everything counted for it."""
        texts = sum(text_size(latest) for latest in device.metrics.values())
        described = sum(map(self.encoded, (device.info, device.desired, device.reported)))
        return DEVICE_BYTES + METRIC_BYTES * len(device.metrics) + texts + described


def text_size(latest: Latest | None) -> int:
    return len(latest.value) if latest is not None and isinstance(latest.value, str) else 0
