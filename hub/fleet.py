"""Identity and latest state of every device.

Pure: no clock, no network. Whatever changes is remembered until :meth:`Fleet.take_states` hands the encoded states to
the commit. Rules keep their windows in a device's ``watches``; this file does not know what they mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from hub.capacity import METRIC_BYTES, Capacity, text_size
from hub.dedupe import Window, repeated
from hub.dialects import Layout
from hub.errors import NotFound, Rejected
from hub.events import DeviceChanged, DeviceDiscovered, Event
from hub.model import (
    Availability,
    Device,
    EditDevice,
    FleetLimits,
    Identity,
    Lapse,
    Latest,
    Record,
    Sheet,
    TwinUpdate,
    merged,
)
from hub.presence import PresenceTracker
from hub.silence import follow, interval, is_backlog, is_discrete, longest, patience, tolerated
from hub.states import States, read_states
from hub.steady import Bounds, Steady

LONGEST_NAME = 512  # characters of what a device is called by its dialect; a topic may have 65,535
_NOTHING: list[Event] = []
"""What nearly every record makes happen; nobody adds to it."""
_MEASURED = ("good", "clock", "unknown")
"""Qualities of a reading that came in its time: an interval may begin with it."""


class Fleet:
    """All devices by id."""

    def __init__(self, limits: FleetLimits | None = None) -> None:
        self.limits = self._limits = limits or FleetLimits()
        self.clear()

    def clear(self) -> None:
        """Forget all devices; :meth:`restore` loads them anew."""
        self.capacity = Capacity(self._limits)
        self._devices: dict[str, Device] = {}
        self._states = States()
        self.window = Window()
        self.steady = Steady(self.window, self._limits)
        self.presence = PresenceTracker(self._limits, self._devices, self.steady.look, self.touch)

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
            self.capacity.exchange(device.info, identity.info)
            self.presence.describe(device, identity.info, now)
            self._states.changed.add(device.id)
            if not events:
                events.append(DeviceChanged(device.id, now))
        return events

    def _discover(self, identity: Identity, now: int) -> Device:
        if len(self._devices) >= self._limits.devices:
            raise Rejected("too_many_devices", f"The hub keeps at most {self._limits.devices} devices.")
        if len(identity.native_id) > LONGEST_NAME:
            raise Rejected("bad_name", f"A device's name has at most {LONGEST_NAME} characters.")
        self.capacity.take_device(identity.device)
        device = Device(identity.device, identity.native_id, identity.dialect, first_seen=now, presence="stale")
        self._devices[device.id] = device
        self._states.changed.add(device.id)
        self.presence.add(device, now)
        return device

    def observe(self, record: Record) -> list[Event]:
        """Take in one record of a device that has been identified. Raises Rejected (``too_many_metrics``).

        An older reading never replaces a newer value; a retained one only fills a gap.
        """
        device = self._devices[record.device]
        metrics, values, ts, quality = device.metrics, record.values, record.ts, record.quality
        self.capacity.require_values(metrics, values)
        self._states.behind.setdefault(device.id, self._states.cursor)
        had, retained, new, before, told = len(metrics), quality == "retained", False, 0, quality
        for name, value in values.items():
            latest = metrics.get(name)
            if latest is None:
                new = True
            # A time in our future is a clock that will be put right: it must not hold the value until then.
            elif retained or ts < latest.ts <= record.received:
                continue
            elif latest.ts > before:
                before, told = latest.ts, latest.quality
            if type(value) is str:
                self.capacity.used += len(value) - text_size(latest)
            metrics[name] = Latest(value, ts, quality)
        if new:
            self.capacity.used += METRIC_BYTES * (len(metrics) - had)
            device.discrete = is_discrete(device)
        if retained or not record.live:
            return _NOTHING
        if not metrics:
            before = device.last_ts  # nothing but heartbeats
        received = record.received
        if before and quality != "late" and told in _MEASURED:
            apart = interval(ts, received, before, device.last_reading)
            if apart > 0:
                self._follow(device, apart, received)
        device.last_reading = received
        device.last_ts = max(device.last_ts, min(ts, received))
        return self.presence.hear(device, received)

    def repeated(self, record: Record, key: int, items: int, *, redelivered: bool) -> tuple[bool, list[Event]]:
        """Return whether a record with this key came before, and what follows from what was learnt by it about the
        device's keys. ``items`` is how many records its message holds; see :func:`hub.dedupe.repeated`."""
        device = self.require(record.device)
        before = device.constant_id
        again = repeated(self.window, device, key, items, record.received, redelivered=redelivered)
        if device.constant_id == before:
            return again, _NOTHING
        self.touch(device.id)
        return again, [DeviceChanged(device.id, record.received)]

    def with_room(self, record: Record) -> Record:
        """Return a record of which not everything could be taken in, without what there is no room for."""
        metrics = self._devices[record.device].metrics
        return msgspec.structs.replace(record, values=self.capacity.within(metrics, record.values))

    def let_in(self, topic: str, layout: Layout, device: Device, bounds: Bounds) -> None:
        self.steady.offer(topic, layout, device, self.presence.looks_at(device.id), bounds)

    def take_sheet(self, sheet: Sheet) -> None:
        """What was taken up for :attr:`steady` devices, which are online and stay so."""
        at = int(sheet.received.max())
        for name in sheet.devices():
            self._states.behind.setdefault(name, self._states.cursor)
            self.presence.hear_through(name, at)
        for name, due in self.steady.take_quicker():
            self.presence.sooner(self._devices[name], due)

    def lapse(self, lapse: Lapse) -> list[Event]:
        """Mark a value as not known any more; the last one stands."""
        metrics = device.metrics if (device := self.get(lapse.device)) is not None else {}
        below = f"{lapse.metric}." if lapse.metric else ""
        names = [lapse.metric, *(name for name in metrics if lapse.parts and name.startswith(below))]
        lapsed = [metrics[name] for name in names if name in metrics and metrics[name].quality != "unknown"]
        for latest in lapsed:
            latest.quality = "unknown"
            self._states.changed.add(lapse.device)
        return [DeviceChanged(lapse.device, lapse.at)] if lapsed else []

    def _follow(self, device: Device, apart: int, now: int) -> None:
        if is_backlog(apart, device.rhythm, now - self.steady.connected):
            return
        follow(device, apart, self._limits)
        # Where it turns out to report faster than was thought, its silence has to be looked at earlier.
        if self.presence.looks_at(device.id) - now > longest(device.rhythm or 0.0, self._limits):
            self.presence.sooner(device, now + patience(device, self._limits))

    def available(self, availability: Availability) -> list[Event]:
        """Take in what a device, its will or its gateway says on whether it is there."""
        return self.presence.available(availability)

    def connected(self, at: int) -> None:
        """The hub has connected: what was retained may be newer than what it knows, and what was kept comes now."""
        self.presence.connected = self.steady.connected = at

    def hear(self, device_id: str, at: int) -> list[Event]:
        """Note a sign of life that is no reading. Nothing, where there is no such device."""
        device = self.get(device_id)
        return _NOTHING if device is None else self.presence.hear(device, at)

    def tolerated(self, device: Device, silence_ms: int) -> int:
        """Return after how many ms a rule that asks for ``silence_ms`` finds the device silent."""
        return tolerated(device, self._limits, silence_ms)

    def twin(self, update: TwinUpdate, now: int) -> list[Event]:
        """Merge into the desired or reported side; a null takes a key away."""
        device = self._devices[update.device]
        side = merged(device.desired if update.side == "desired" else device.reported, update.values)
        if len(side) > self._limits.twin_keys:
            raise Rejected("too_many_metrics", f"A twin has at most {self._limits.twin_keys} keys a side.")
        if len(self._states.encode(side)) > self._limits.twin_bytes:
            raise Rejected("too_large", f"A twin has at most {self._limits.twin_bytes} bytes a side.")
        self.capacity.exchange(getattr(device, update.side), side)
        setattr(device, update.side, side)
        self._states.changed.add(device.id)
        return [DeviceChanged(device.id, now)]

    # -- what the clock and people say ------------------------------------------------------------------------

    def tick(self, now: int, listening_since: int | None) -> list[Event]:
        """Find the devices that have gone silent. While the hub cannot hear, nobody is called silent."""
        return self.presence.tick(now, listening_since, self.get)

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
        device = self.require(device_id)
        self.capacity.used -= self.capacity.size_of(device)
        self.steady.forget(device)
        del self._devices[device_id]
        self.presence.remove(device_id)
        self._states.forget(device_id)

    # -- what is kept -----------------------------------------------------------------------------------------

    def touch(self, device_id: str) -> None:
        """Something that is kept with the device and that its records do not tell has changed."""
        self._states.changed.add(device_id)

    def take_states(self, cursor: int, wanted: int) -> tuple[dict[str, bytes], int]:
        """See :meth:`hub.states.States.take`."""
        return self._states.take(cursor, wanted, self.require)

    def take_faults(self) -> dict[str, str]:
        """Return why the states of devices could not be encoded, by device, since the last call."""
        faults, self._states.faults = self._states.faults, {}
        return faults

    def restore(self, states: Mapping[str, bytes], now: int, checkpoint: int = 0) -> dict[str, str]:
        """Load what :meth:`take_states` once gave, as far as it fits (see :class:`Capacity`). Return what is wrong
        with those that cannot be read, by device."""
        self._states.cursor = checkpoint
        faults: dict[str, str] = {}
        for device in read_states(states, faults):
            if self.capacity.restore(device):
                self._devices[device.id] = device
                self.presence.add(device, now)
        self.connected(now)
        return faults

    def missed(self, records: Iterable[tuple[int, Record]]) -> Iterator[Record]:
        """Those of the numbered records that the restored states do not know yet."""
        for number, record in records:
            if (device := self._devices.get(record.device)) is not None and number > device.upto:
                yield record
