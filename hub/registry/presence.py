"""Whether each device is there: when it was heard, what was said of it, and when its silence is too long.

Pure: no clock, no network. Only what a device sends while the hub is connected is a sign of life. What the broker
retains tells that a device was there once; a retained ``offline`` is true all the same (a will), a retained ``online``
means no more than that it is not known to be offline.
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
    """The presence of the fleet's ``devices``.

    ``on_look`` is told when a device's silence will be looked at next, ``touch`` which device has to be saved.
    """

    def __init__(
        self,
        limits: FleetLimits,
        devices: dict[str, Device],
        on_look: Callable[[str, int], None],
        touch: Callable[[str], None],
    ) -> None:
        self._limits = limits
        self._devices = devices
        self._on_look, self._touch = on_look, touch
        self._looks: dict[str, int] = {}  # by device, when its silence will be looked at
        self._queue: list[tuple[int, str]] = []  # the same as a heap, with looks that are void
        self._gateways: dict[str, str] = {}  # by device, the gateway that it speaks through
        self._heard: dict[str, int] = {}  # gateways that were heard through others since they were last asked for
        self._ticked = 0
        self.connected = 0  # since when the hub has been able to hear; what it knows from before may have changed

    def stale_deadline(self, device_id: str) -> int:
        return self._looks[device_id]

    def add(self, device: Device, now: int) -> None:
        """Take in a device that is new or restored."""
        self._believe(device, now)
        if device.last_seen is None and device.presence == "online":
            device.presence = "stale"  # nobody has heard it: an earlier version called it online all the same
        self._note_gateway(device)
        self._expect(device, now)

    def describe(self, device: Device, info: Info, now: int) -> None:
        """Let a device be described differently: how it reports says how long it may be silent."""
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
        del self._looks[device_id]
        self._gateways.pop(device_id, None)
        self._heard.pop(device_id, None)

    # -- signs of life ----------------------------------------------------------------------------------------

    def mark_seen(self, device: Device, at: int) -> list[Event]:
        """Note a sign of life: a device that speaks is there, whatever a will said before."""
        first, device.last_seen = device.last_seen is None, at
        if device.withdrawn:
            device.withdrawn = False
        return _NOTHING if device.presence == "online" else self._turn(device, "online", at, first=first)

    def mark_gateway_seen(self, device_id: str, at: int) -> None:
        """Note that a device has spoken, for the sake of its gateways; see :meth:`take_heard`."""
        gateway = self._gateways.get(device_id)
        for _ in range(MAX_GATEWAYS):
            if gateway is None or self._heard.get(gateway) == at:
                return
            self._heard[gateway] = at
            gateway = self._gateways.get(gateway)

    def take_heard(self) -> dict[str, int]:
        """Return the gateways that were heard through others, and when."""
        if not self._heard:
            return self._heard
        heard, self._heard = self._heard, {}
        return heard

    def set_earlier_deadline(self, device: Device, due: int) -> None:
        """Look at its silence by then, if not before."""
        if device.presence == "online" and due < self._looks[device.id]:
            self._check_stale(device.id, due)

    # -- what is said of devices ------------------------------------------------------------------------------

    def available(self, device: Device, said: Availability) -> list[Event]:
        """Apply what is said on whether the device is there."""
        at = said.received
        if said.through:
            return self._gateway_turned(device, said)
        if device.announces_offline != (announces := said.online and said.announces_offline):
            device.announces_offline = announces
            self._touch(device.id)
            if device.presence == "online":
                self._expect(device, at)
        if not said.online:
            if said.retained and device.presence == "online" and (device.last_seen or 0) >= self.connected:
                return _NOTHING  # left over: the device has spoken since the hub has been listening
            device.presence_before_gateway = None
            return self._turn(device, "offline", at)
        if said.retained:
            return self._turn(device, "stale", at, replayed=True) if device.presence == "offline" else _NOTHING
        self._touch(device.id)
        return self.mark_seen(device, at)

    def _gateway_turned(self, device: Device, said: Availability) -> list[Event]:
        """Its gateway went or came back. It is no sign of life of the device: it is what it was before."""
        if not said.online:
            if device.presence != "offline":
                device.presence_before_gateway = device.presence
            return self._turn(device, "offline", said.received)
        if device.presence != "offline":
            return _NOTHING
        presence, device.presence_before_gateway = device.presence_before_gateway or "stale", None
        return self._turn(device, presence, said.received, replayed=said.retained or presence == "stale")

    def _turn(
        self, device: Device, presence: Presence, now: int, *, first: bool = False, replayed: bool = False
    ) -> list[Event]:
        if device.presence == presence:
            return _NOTHING
        device.presence = presence
        self._touch(device.id)
        if presence == "online":
            self._expect(device, now)
            if device.first_seen == now:
                return _NOTHING  # it is discovered by this very message
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
        if now < self._ticked - SET_BACK_MS:  # what was due by the wrong clock must not wait for it
            self.connected = min(self.connected, now)
            for each in [*self._devices]:
                if (found := find(each)) is not None:
                    self._believe(found, now)
                    self._expect(found, now)
        self._ticked = now
        if listening_since is None:
            self.connected = now
            return []
        listening_since = min(listening_since, now)
        self.connected = max(self.connected, listening_since)
        events: list[Event] = []
        while self._queue and self._queue[0][0] <= now:
            looked, device_id = heapq.heappop(self._queue)
            device = find(device_id)
            if device is None or device.presence != "online" or self._looks[device_id] != looked:
                continue
            self._believe(device, now)
            heard = max(device.last_seen or min(device.first_seen, now), listening_since)
            due = heard + device_stale_after(device, self._limits)
            if due <= now:
                events += self._turn(mutable(device_id), "stale", now)
            else:
                self._check_stale(device_id, due)
        return events

    def _believe(self, device: Device, now: int) -> None:
        """Take a device that was heard in the future, by a clock that was ahead, for heard now."""
        if device.last_seen is not None and device.last_seen > now + SET_BACK_MS:
            device.last_seen = now
            self._touch(device.id)

    def _expect(self, device: Device, now: int) -> None:
        self._check_stale(device.id, now + device_stale_after(device, self._limits))

    def _check_stale(self, device_id: str, due: int) -> None:
        """Look at its silence at ``due``; an earlier appointment is void."""
        self._looks[device_id] = due
        self._on_look(device_id, due)
        heapq.heappush(self._queue, (due, device_id))
