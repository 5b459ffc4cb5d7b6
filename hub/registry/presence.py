"""Presence of devices: online, stale after too long a silence, or offline because somebody said so.

::

                a sign of life                      silent for longer than device_stale_after
    stale, offline ----------> online     online --------------------------------------------> stale

    any -- "offline" from the device, its will or its gateway --> offline
    offline -- its gateway is back, or a retained "online" --> what it was before, or stale

Only what a device sends while the hub is connected is a sign of life. What the broker retains shows that a device was
there once: a retained ``offline`` holds all the same (a will), a retained ``online`` means no more than that the device
is not known to be offline. A device is also a sign of life of the gateways that it speaks through.

Each device has one deadline at which its silence is checked, never earlier than it could be stale. Messages do not move
it: a check that comes too early sets the next one. It is brought forward only when the device turns out to report more
often than was expected. Deadlines lie in a heap; one that is no longer the device's own is skipped.

Pure: no clock, no network.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

from hub.events import Event, PresenceChanged
from hub.model import Availability, Device, FleetLimits, Info, Presence
from hub.registry.expected_interval import device_stale_after

SET_BACK_MS = 60_000
"""A clock that goes back by more was set."""
MAX_GATEWAYS = 8
"""Gateways behind each other that are followed; it ends a circle."""
_NOTHING: list[Event] = []


class PresenceTracker:
    """The presence of ``devices``.

    ``on_deadline`` is called with the time at which a device will be checked for silence, ``touch`` with a device whose
    state has to be stored.
    """

    def __init__(
        self,
        limits: FleetLimits,
        devices: dict[str, Device],
        on_deadline: Callable[[str, int], None],
        touch: Callable[[str], None],
    ) -> None:
        self._limits = limits
        self._devices = devices
        self._on_deadline, self._touch = on_deadline, touch
        self._deadlines: dict[str, int] = {}  # by device, when its silence is checked
        self._queue: list[tuple[int, str]] = []  # the same as a heap, with deadlines that no longer hold
        self._gateways: dict[str, str] = {}  # by device, the gateway that it speaks through
        self._seen_gateways: dict[str, int] = {}  # gateways seen through others since take_seen_gateways
        self._ticked = 0  # time of the last tick
        self.connected = 0  # since when the hub can hear devices; what it knows from before may have changed

    def stale_deadline(self, device_id: str) -> int:
        """Return when the device will be checked for silence."""
        return self._deadlines[device_id]

    def add(self, device: Device, now: int) -> None:
        """Follow a device that is new or restored."""
        self._correct_last_seen(device, now)
        if device.last_seen is None and device.presence == "online":
            device.presence = "stale"  # no sign of life is known
        self._note_gateway(device)
        self._restart_deadline(device, now)

    def describe(self, device: Device, info: Info, now: int) -> None:
        """Set the device's description: how it reports tells how long it may be silent."""
        if info.reports != device.info.reports:
            device.announces_offline = False  # one that turns out to sleep goes without a will
        device.info = info
        device.withdrawn = False
        self._note_gateway(device)
        self.set_earlier_deadline(device, now + device_stale_after(device, self._limits))

    def _note_gateway(self, device: Device) -> None:
        if device.info.via:
            self._gateways[device.id] = device.info.via
        else:
            self._gateways.pop(device.id, None)

    def remove(self, device_id: str) -> None:
        """Forget a device."""
        del self._deadlines[device_id]
        self._gateways.pop(device_id, None)
        self._seen_gateways.pop(device_id, None)

    # -- signs of life ----------------------------------------------------------------------------------------

    def mark_seen(self, device: Device, at: int) -> list[Event]:
        """Note a sign of life: a device that speaks is there, whatever a will said before."""
        first, device.last_seen = device.last_seen is None, at
        if device.withdrawn:
            device.withdrawn = False
        return _NOTHING if device.presence == "online" else self._turn(device, "online", at, first=first)

    def mark_gateway_seen(self, device_id: str, at: int) -> None:
        """Note that the gateways of a device have passed on a message of it; see :meth:`take_seen_gateways`."""
        gateway = self._gateways.get(device_id)
        for _ in range(MAX_GATEWAYS):
            if gateway is None or self._seen_gateways.get(gateway) == at:
                return
            self._seen_gateways[gateway] = at
            gateway = self._gateways.get(gateway)

    def take_seen_gateways(self) -> dict[str, int]:
        """Return the gateways that have passed on messages since the last call, and when."""
        if not self._seen_gateways:
            return self._seen_gateways
        seen, self._seen_gateways = self._seen_gateways, {}
        return seen

    def set_earlier_deadline(self, device: Device, due: int) -> None:
        """Check the device for silence at ``due``, unless that is planned earlier."""
        if device.presence == "online" and due < self._deadlines[device.id]:
            self._set_deadline(device.id, due)

    # -- availability -----------------------------------------------------------------------------------------

    def available(self, device: Device, availability: Availability) -> list[Event]:
        """Apply what the device, its will or its gateway says on whether it is there."""
        at = availability.received
        if availability.through:
            return self._gateway_turned(device, availability)
        announces_offline = availability.online and availability.announces_offline
        if device.announces_offline != announces_offline:
            device.announces_offline = announces_offline
            self._touch(device.id)
            if device.presence == "online":
                self._restart_deadline(device, at)
        if not availability.online:
            if availability.retained and device.presence == "online" and (device.last_seen or 0) >= self.connected:
                return _NOTHING  # left over: the device has spoken since the hub has connected
            device.presence_before_gateway = None
            return self._turn(device, "offline", at)
        if availability.retained:
            return self._turn(device, "stale", at, replayed=True) if device.presence == "offline" else _NOTHING
        self._touch(device.id)
        return self.mark_seen(device, at)

    def _gateway_turned(self, device: Device, availability: Availability) -> list[Event]:
        """Follow the gateway, which went or came back. That is no sign of life: the device is what it was before."""
        if not availability.online:
            if device.presence != "offline":
                device.presence_before_gateway = device.presence
            return self._turn(device, "offline", availability.received)
        if device.presence != "offline":
            return _NOTHING
        presence, device.presence_before_gateway = device.presence_before_gateway or "stale", None
        replayed = availability.retained or presence == "stale"
        return self._turn(device, presence, availability.received, replayed=replayed)

    def _turn(
        self, device: Device, presence: Presence, now: int, *, first: bool = False, replayed: bool = False
    ) -> list[Event]:
        if device.presence == presence:
            return _NOTHING
        device.presence = presence
        self._touch(device.id)
        if presence == "online":
            self._restart_deadline(device, now)
            if device.first_seen == now:
                return _NOTHING  # this message has added the device
        return [PresenceChanged(device.id, presence, now, first, replayed)]

    # -- silence ----------------------------------------------------------------------------------------------

    def tick(
        self,
        now: int,
        listening_since: int | None,
        find: Callable[[str], Device | None],
        mutable: Callable[[str], Device],
    ) -> list[Event]:
        """Find the devices that have gone silent. While the hub cannot hear, no device counts as silent.

        Args:
            now: The hub's time in ms.
            listening_since: When the hub has connected to the broker, None while it is not connected.
            find: Returns a device with its latest values.
            mutable: Returns a device whose presence is about to change.
        """
        if now < self._ticked - SET_BACK_MS:  # deadlines by the wrong clock must not wait for it
            self.connected = min(self.connected, now)
            for each in [*self._devices]:
                if (found := find(each)) is not None:
                    self._correct_last_seen(found, now)
                    self._restart_deadline(found, now)
        self._ticked = now
        if listening_since is None:
            self.connected = now
            return []
        listening_since = min(listening_since, now)
        self.connected = max(self.connected, listening_since)
        events: list[Event] = []
        while self._queue and self._queue[0][0] <= now:
            deadline, device_id = heapq.heappop(self._queue)
            device = find(device_id)
            if device is None or device.presence != "online" or self._deadlines[device_id] != deadline:
                continue
            self._correct_last_seen(device, now)
            seen = max(device.last_seen or min(device.first_seen, now), listening_since)
            due = seen + device_stale_after(device, self._limits)
            if due <= now:
                events += self._turn(mutable(device_id), "stale", now)
            else:
                self._set_deadline(device_id, due)
        return events

    def _correct_last_seen(self, device: Device, now: int) -> None:
        """Take a device that was seen in the future, by a clock that was ahead, for seen now."""
        if device.last_seen is not None and device.last_seen > now + SET_BACK_MS:
            device.last_seen = now
            self._touch(device.id)

    def _restart_deadline(self, device: Device, now: int) -> None:
        self._set_deadline(device.id, now + device_stale_after(device, self._limits))

    def _set_deadline(self, device_id: str, due: int) -> None:
        """Check the device for silence at ``due``, and no more when it was planned before."""
        self._deadlines[device_id] = due
        self._on_deadline(device_id, due)
        heapq.heappush(self._queue, (due, device_id))
