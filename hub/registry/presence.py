"""Presence of devices: online, stale after too long a silence, or offline because that was reported.

::

                a sign of life                      silent for longer than device_stale_after
    stale, offline ----------> online     online --------------------------------------------> stale

    any -- "offline" from the device, its will or its gateway --> offline
    offline -- its gateway is back, or a retained "online" --> previous presence, or stale

Only messages that a device sends while the hub is connected are signs of life. Retained messages are not: a retained
``offline`` (a will) is valid, but a retained ``online`` only means that the device is not known to be offline. A
message of a device is also a sign of life of the gateways that it is connected through.

Each device has one deadline at which its silence is checked. The deadline is never before the device could be stale.
Messages do not move it: a check that comes too early sets the next deadline. A deadline is brought forward only if the
device turns out to report more often than expected. Deadlines are kept in a heap. An entry that is not the device's
deadline any more is skipped.

Pure: no clock, no network.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

from hub.events import Event, PresenceChanged
from hub.model import Availability, Device, FleetLimits, Info, Presence
from hub.registry.expected_interval import device_stale_after

SET_BACK_MS = 60_000
"""The clock counts as set back if it goes back by more than this."""
MAX_GATEWAYS = 8
"""The most gateways that are followed from one gateway to the next. The limit also ends cycles."""
_NOTHING: list[Event] = []


class PresenceTracker:
    """Presence and silence deadlines of all devices."""

    def __init__(
        self,
        limits: FleetLimits,
        devices: dict[str, Device],
        on_deadline: Callable[[str, int], None],
        touch: Callable[[str], None],
    ) -> None:
        """Create a tracker.

        Args:
            limits: The limits of the registry.
            devices: All devices of the registry, by id.
            on_deadline: Called with a device id and the time at which the device will be checked for silence.
            touch: Called with the id of a device whose state has to be stored.
        """
        # The devices belong to the registry. Of their fields, this class changes those about presence.
        self._limits = limits
        self._devices = devices
        self._on_deadline, self._touch = on_deadline, touch
        self._deadlines: dict[str, int] = {}  # by device, when its silence is checked
        self._queue: list[tuple[int, str]] = []  # the deadlines as a heap, outdated entries included
        self._gateways: dict[str, str] = {}  # by device, the gateway that it is connected through
        self._behind: dict[str, set[str]] = {}  # by gateway, the devices that are connected through it
        self._seen_gateways: dict[str, int] = {}  # gateways that passed on messages since take_seen_gateways
        self._ticked = 0  # time of the last tick
        self.connected = 0  # since when the hub receives messages; presence may have changed before

    def stale_deadline(self, device_id: str) -> int:
        """Return when the device will be checked for silence, in epoch ms."""
        return self._deadlines[device_id]

    def add(self, device: Device, now: int) -> None:
        """Track a new or restored device."""
        self._correct_last_seen(device, now)
        if device.last_seen is None and device.presence == "online":
            device.presence = "stale"  # it has never sent a sign of life
        self._note_gateway(device)
        self._restart_deadline(device, now)

    def describe(self, device: Device, info: Info, now: int) -> None:
        """Replace the description of a device.

        If the new description means that the device may be silent for less time, it is checked for silence earlier.
        """
        if info.reports != device.info.reports:
            device.announces_offline = False  # a device that sleeps may disconnect without its will
        device.info = info
        device.withdrawn = False
        self._note_gateway(device)
        self.set_earlier_deadline(device, now + device_stale_after(device, self._limits))

    def _note_gateway(self, device: Device) -> None:
        gateway = device.info.via
        if gateway == self._gateways.get(device.id):
            return
        self._forget_gateway(device.id)
        if gateway:
            self._gateways[device.id] = gateway
            self._behind.setdefault(gateway, set()).add(device.id)

    def _forget_gateway(self, device_id: str) -> None:
        if (gateway := self._gateways.pop(device_id, None)) is not None:
            self._behind[gateway].discard(device_id)
            if not self._behind[gateway]:
                del self._behind[gateway]

    def remove(self, device_id: str) -> None:
        """Stop tracking a device."""
        del self._deadlines[device_id]
        self._forget_gateway(device_id)
        self._seen_gateways.pop(device_id, None)

    # -- gateways ---------------------------------------------------------------------------------------------

    def gateway(self, device_id: str) -> str | None:
        """Return the gateway that the device is connected through, None if there is none."""
        return self._gateways.get(device_id)

    def gateways(self, gateway: str) -> list[str]:
        """Return a gateway and those that it is connected through, nearest first, at most :data:`MAX_GATEWAYS`."""
        found = [gateway]
        while len(found) < MAX_GATEWAYS and (above := self._gateways.get(found[-1])) and above not in found:
            found.append(above)
        return found

    def behind(self, device_id: str) -> list[str]:
        """Return the devices that are connected through this one, directly or through other gateways."""
        found = dict.fromkeys(self._behind.get(device_id, ()))
        waiting = list(found)
        while waiting:
            new = [each for each in self._behind.get(waiting.pop(), ()) if each not in found]
            found.update(dict.fromkeys(new))
            waiting += new
        return list(found)

    # -- signs of life ----------------------------------------------------------------------------------------

    def mark_seen(self, device: Device, at: int) -> list[Event]:
        """Record a sign of life. The device becomes online, even if it was reported offline before."""
        first, device.last_seen = device.last_seen is None, at
        if device.withdrawn:
            device.withdrawn = False
        return _NOTHING if device.presence == "online" else self._set_presence(device, "online", at, first=first)

    def mark_gateway_seen(self, device_id: str, at: int) -> None:
        """Record that the gateways of a device are alive, because they forwarded its message at the time ``at`` (ms).

        See :meth:`take_seen_gateways`.
        """
        gateway = self._gateways.get(device_id)
        for _ in range(MAX_GATEWAYS):
            # The rest of the chain was marked by an earlier message of the same time.
            if gateway is None or self._seen_gateways.get(gateway) == at:
                return
            self._seen_gateways[gateway] = at
            gateway = self._gateways.get(gateway)

    def take_seen_gateways(self) -> dict[str, int]:
        """Return the gateways that passed on messages since the last call, each with the time of the last one (ms)."""
        if not self._seen_gateways:
            return self._seen_gateways
        seen, self._seen_gateways = self._seen_gateways, {}
        return seen

    def set_earlier_deadline(self, device: Device, due: int) -> None:
        """Let an online device be checked for silence at ``due``, unless its present deadline is earlier."""
        if device.presence == "online" and due < self._deadlines[device.id]:
            self._set_deadline(device.id, due)

    # -- availability -----------------------------------------------------------------------------------------

    def available(self, device: Device, availability: Availability) -> list[Event]:
        """Apply an availability message that the device, its will or its gateway sent."""
        received = availability.received
        if availability.through:
            return self._gateway_changed(device, availability)
        announces_offline = availability.online and availability.announces_offline
        if device.announces_offline != announces_offline:
            device.announces_offline = announces_offline
            self._touch(device.id)
            if device.presence == "online":
                self._restart_deadline(device, received)
        if not availability.online:
            if availability.retained and device.presence == "online" and (device.last_seen or 0) >= self.connected:
                return _NOTHING  # outdated: the device has sent messages since the hub connected
            # The device itself is reported offline, so its gateway's return must not bring it back.
            device.presence_before_gateway = None
            return self._set_presence(device, "offline", received)
        if availability.retained:
            if device.presence != "offline":
                return _NOTHING
            return self._set_presence(device, "stale", received, replayed=True)
        self._touch(device.id)
        return self.mark_seen(device, received)

    def _gateway_changed(self, device: Device, availability: Availability) -> list[Event]:
        """Set a device offline with its gateway or restore its presence. This does not count as a message from it."""
        if not availability.online:
            if device.presence != "offline":
                device.presence_before_gateway = device.presence
            return self._set_presence(device, "offline", availability.received)
        if device.presence != "offline":
            return _NOTHING
        presence, device.presence_before_gateway = device.presence_before_gateway or "stale", None
        replayed = availability.retained or presence == "stale"
        return self._set_presence(device, presence, availability.received, replayed=replayed)

    def _set_presence(
        self, device: Device, presence: Presence, now: int, *, first: bool = False, replayed: bool = False
    ) -> list[Event]:
        if device.presence == presence:
            return _NOTHING
        device.presence = presence
        self._touch(device.id)
        if presence == "online":
            self._restart_deadline(device, now)
            if device.first_seen == now:
                return _NOTHING  # the event DeviceDiscovered says so already
        return [PresenceChanged(device.id, presence, now, first, replayed)]

    # -- silence ----------------------------------------------------------------------------------------------

    def tick(
        self,
        now: int,
        listening_since: int | None,
        find: Callable[[str], Device | None],
        mutable: Callable[[str], Device],
    ) -> list[Event]:
        """Mark silent devices as stale. While the hub is not connected, no device becomes stale.

        Args:
            now: The hub's time in ms.
            listening_since: When the hub connected to the broker, None while it is not connected.
            find: Returns a device with its latest values by its id; None if it does not exist.
            mutable: Returns a device by its id, off the fast path, so that its presence can be changed.
        """
        if now < self._ticked - SET_BACK_MS:  # deadlines set by the clock before would be far in the future
            self.connected = min(self.connected, now)
            for device_id in [*self._devices]:
                if (known := find(device_id)) is not None:
                    self._correct_last_seen(known, now)
                    self._restart_deadline(known, now)
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
            # Silence counts from the connection at the earliest: before it, the hub could not have heard the device.
            seen = max(device.last_seen or min(device.first_seen, now), listening_since)
            due = seen + device_stale_after(device, self._limits)
            if due <= now:
                events += self._set_presence(mutable(device_id), "stale", now)
            else:
                self._set_deadline(device_id, due)
        return events

    def _correct_last_seen(self, device: Device, now: int) -> None:
        """Set ``last_seen`` to now if it lies in the future because the clock was ahead."""
        if device.last_seen is not None and device.last_seen > now + SET_BACK_MS:
            device.last_seen = now
            self._touch(device.id)

    def _restart_deadline(self, device: Device, now: int) -> None:
        self._set_deadline(device.id, now + device_stale_after(device, self._limits))

    def _set_deadline(self, device_id: str, due: int) -> None:
        """Set the time (ms) at which the device is checked for silence, in place of an earlier or a later time."""
        self._deadlines[device_id] = due
        self._on_deadline(device_id, due)
        heapq.heappush(self._queue, (due, device_id))
