"""Identity, latest state and presence of every device.

Pure: no clock, no network. Whatever changes is remembered until :meth:`Fleet.take_states` hands the encoded states to
the commit. Rules keep their windows in a device's ``watches``; this file does not know what they mean.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

import msgspec

from hub.dedupe import Window
from hub.dialects import Layout
from hub.errors import NotFound, Rejected
from hub.events import DeviceChanged, DeviceDiscovered, Event, PresenceChanged
from hub.model import (
    Availability,
    Device,
    EditDevice,
    FleetLimits,
    Identity,
    Lapse,
    Latest,
    Presence,
    Record,
    Sheet,
    TwinUpdate,
    merged,
)
from hub.states import States
from hub.steady import Bounds, Steady

LONGEST_NAME = 512
"""Characters of what a device is called by its dialect; a topic may have 65,535."""
_NOTHING: list[Event] = []
"""What nearly every record makes happen; nobody adds to it."""


class Fleet:
    """All devices by id. ``_looks`` says when each one's silence will be looked at next."""

    def __init__(self, limits: FleetLimits | None = None) -> None:
        self.limits = self._limits = limits or FleetLimits()
        self._devices: dict[str, Device] = {}
        self._states = States()
        self._looks: dict[str, int] = {}
        self._silence: list[tuple[int, str]] = []
        self.window = Window()
        self.steady = Steady(self.window, self._limits)

    def __len__(self) -> int:
        return len(self._devices)

    def known(self, device_id: str) -> bool:
        return device_id in self._devices

    def latest(self, device_id: str, metric: str) -> Latest | None:
        device = self.get(device_id)
        return device.metrics.get(metric) if device is not None else None

    def get(self, device_id: str) -> Device | None:
        device = self._devices.get(device_id)
        if device is not None and device_id in self.steady:
            self.steady.settle(device)
        return device

    def require(self, device_id: str) -> Device:
        """Raises NotFound."""
        device = self.get(device_id)
        if device is None:
            raise NotFound(f"There is no device {device_id[:128]!r}.", "GET /api/devices lists them.")
        return device

    def described(self) -> Iterable[Device]:
        """All devices as they are called and whether they are there; what they measure may lie behind."""
        return self._devices.values()

    def devices(self) -> Iterable[Device]:
        self.steady.settle_all(self._devices)
        return self._devices.values()

    # -- what messages say ------------------------------------------------------------------------------------

    def identify(self, identity: Identity, now: int) -> list[Event]:
        """Meet a device, or learn how it describes itself. Raises Rejected (``too_many_devices``)."""
        device = self._devices.get(identity.device)
        events: list[Event] = []
        if device is None:
            device = self._discover(identity, now)
            events.append(DeviceDiscovered(device.id, now))
        if identity.info is not None and identity.info != device.info:
            device.info = identity.info
            self._states.changed.add(device.id)
            if not events:
                events.append(DeviceChanged(device.id, now))
        return events

    def _discover(self, identity: Identity, now: int) -> Device:
        if len(self._devices) >= self._limits.devices:
            raise Rejected("too_many_devices", f"The hub keeps at most {self._limits.devices} devices.")
        if len(identity.native_id) > LONGEST_NAME:
            raise Rejected("bad_name", f"A device's name has at most {LONGEST_NAME} characters.")
        device = Device(identity.device, identity.native_id, identity.dialect, first_seen=now)
        self._devices[device.id] = device
        self._states.changed.add(device.id)
        self._look(device, now + self._limits.patience(device.rhythm))
        return device

    def observe(self, record: Record) -> list[Event]:
        """Take in one record of a device that has been identified. Raises Rejected (``too_many_metrics``).

        An older reading never replaces a newer value; a retained one only fills a gap.
        """
        device = self._devices[record.device]
        metrics, values, ts, quality = device.metrics, record.values, record.ts, record.quality
        most = self._limits.metrics
        if len(metrics) + len(values) > most and len(metrics.keys() | values.keys()) > most:
            raise Rejected("too_many_metrics", f"A device has at most {most} metrics.")
        self._states.behind.setdefault(device.id, self._states.cursor)
        retained = quality == "retained"
        for name, value in values.items():
            latest = metrics.get(name)
            # A time in our future is a clock that will be put right: it must not hold the value until then.
            if latest is None or (not retained and (ts >= latest.ts or latest.ts > record.received)):
                metrics[name] = Latest(value, ts, quality)
        return _NOTHING if retained else self._heard(device, record)

    def let_in(self, topic: str, layout: Layout, device: Device, bounds: Bounds) -> None:
        self.steady.offer(topic, layout, device, self._looks[device.id], bounds)

    def take_sheet(self, sheet: Sheet) -> None:
        """What was taken up for :attr:`steady` devices, which are online and stay so."""
        for name in sheet.devices():
            self._states.behind.setdefault(name, self._states.cursor)
        for name, due in self.steady.take_quicker():
            self._look(self._devices[name], due)

    def lapse(self, lapse: Lapse) -> list[Event]:
        """A value is not known any more: the last one stands, and says so."""
        latest = self.latest(lapse.device, lapse.metric)
        if latest is None or latest.quality == "unknown":
            return []
        latest.quality = "unknown"
        self._states.changed.add(lapse.device)
        return [DeviceChanged(lapse.device, lapse.at)]

    def _heard(self, device: Device, record: Record) -> list[Event]:
        """A device that speaks is there, whatever a will said before; its rhythm follows its messages."""
        received, ts, last_seen = record.received, record.ts, device.last_seen
        if last_seen is not None and record.quality != "late":
            # The longer of the two intervals, so that neither a burst of past readings nor a list of many readings
            # in one message is taken for a fast rhythm.
            interval, other = received - last_seen, ts - device.last_ts
            if other > interval:
                interval = other
            if interval > 0:
                self._follow(device, interval, received)
        if ts > received:
            device.last_ts = received
        elif ts > device.last_ts:
            device.last_ts = ts
        device.last_seen = received
        return _NOTHING if device.presence == "online" else self._turn(device, "online", received)

    def _follow(self, device: Device, interval: int, now: int) -> None:
        rhythm = device.rhythm
        if rhythm is not None and interval >= rhythm:
            device.rhythm = rhythm + 0.2 * (min(interval, 4 * rhythm) - rhythm)
            return
        # It has turned out faster than was thought, so its silence may have to be looked at earlier.
        device.rhythm = interval if rhythm is None else rhythm + 0.2 * (interval - rhythm)
        if device.presence == "online" and (due := now + self._limits.patience(device.rhythm)) < self._looks[device.id]:
            self._look(device, due)

    def available(self, availability: Availability) -> list[Event]:
        """A device, or its will, says whether it is there. What the broker only replays is no news."""
        device = self._devices[availability.device]
        if availability.retained and device.last_seen is not None and not availability.online:
            # Left over from before: the device has spoken to us since, or will be found stale by itself.
            if device.presence != "online":
                return self._turn(device, "offline", availability.received)
            return []
        if availability.online and not availability.retained:
            device.last_seen = availability.received
            self._states.changed.add(device.id)
        return self._turn(device, "online" if availability.online else "offline", availability.received)

    def _turn(self, device: Device, presence: Presence, now: int) -> list[Event]:
        if device.presence == presence:
            return []
        device.presence = presence
        self._states.changed.add(device.id)
        if presence == "online":
            self._look(device, now + self._limits.patience(device.rhythm))
        return [PresenceChanged(device.id, presence, now)]

    def twin(self, update: TwinUpdate, now: int) -> list[Event]:
        """Merge into the desired or reported side; a null takes a key away."""
        device = self._devices[update.device]
        side = merged(device.desired if update.side == "desired" else device.reported, update.values)
        if len(side) > self._limits.twin_keys:
            raise Rejected("too_many_metrics", f"A twin has at most {self._limits.twin_keys} keys a side.")
        if len(self._states.encode(side)) > self._limits.twin_bytes:
            raise Rejected("too_large", f"A twin has at most {self._limits.twin_bytes} bytes a side.")
        setattr(device, update.side, side)
        self._states.changed.add(device.id)
        return [DeviceChanged(device.id, now)]

    # -- what the clock and people say ------------------------------------------------------------------------

    def tick(self, now: int, listening_since: int | None) -> list[Event]:
        """Find the devices that have gone silent. While the hub cannot hear, nobody is called silent."""
        events: list[Event] = []
        if listening_since is None:
            return events
        while self._silence and self._silence[0][0] <= now:
            looked, device_id = heapq.heappop(self._silence)
            device = self.get(device_id)
            if device is None or device.presence != "online" or self._looks[device_id] != looked:
                continue
            heard = max(device.last_seen or device.first_seen, listening_since)
            due = heard + self._limits.patience(device.rhythm)
            if due <= now:
                events += self._turn(device, "stale", now)
            else:
                self._look(device, due)
        return events

    def _look(self, device: Device, due: int) -> None:
        """Look at its silence at ``due``; an earlier appointment is void."""
        self._looks[device.id] = due
        self.steady.look(device.id, due)
        heapq.heappush(self._silence, (due, device.id))

    def edit(self, edit: EditDevice) -> list[Event]:
        """Raises NotFound."""
        device = self.require(edit.device)
        for field in ("name", "area", "labels"):
            if (value := getattr(edit, field)) is not msgspec.UNSET:
                setattr(device, field, value)
        if edit.metrics:
            edits = device.metric_edits | edit.metrics
            device.metric_edits = {name: each for name, each in edits.items() if each is not None}
        self._states.changed.add(device.id)
        return [DeviceChanged(device.id, edit.at)]

    def delete(self, device_id: str) -> None:
        """Raises NotFound."""
        self.steady.forget(self.require(device_id))
        del self._devices[device_id], self._looks[device_id]
        self._states.forget(device_id)

    # -- what is kept -----------------------------------------------------------------------------------------

    def touch(self, device_id: str) -> None:
        """Something that is kept with the device and that its records do not tell has changed."""
        self._states.changed.add(device_id)

    def take_states(self, cursor: int, wanted: int) -> tuple[dict[str, bytes], int]:
        """See :meth:`hub.states.States.take`."""
        return self._states.take(cursor, wanted, self.require)

    def restore(self, states: Iterable[bytes], now: int, checkpoint: int = 0) -> None:
        """Load what :meth:`take_states` once gave."""
        decode = msgspec.msgpack.Decoder(Device).decode
        self._states.cursor = checkpoint
        for state in states:
            device = decode(state)
            self._devices[device.id] = device
            self._look(device, now + self._limits.patience(device.rhythm))

    def missed(self, records: Iterable[tuple[int, Record]]) -> Iterator[Record]:
        """Those of the numbered records that the restored states do not know yet."""
        for number, record in records:
            if (device := self._devices.get(record.device)) is not None and number > device.upto:
                yield record
