"""Identity and latest state of every device.

Pure: no clock, no network. Whatever changes is remembered until :meth:`DeviceRegistry.take_states` hands the encoded
states to the commit. Rules keep their windows in a device's ``watches``; this file does not know what they mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from hub.dialects import PayloadSchema
from hub.errors import NotFound, Rejected
from hub.events import DeviceChanged, DeviceDiscovered, Event
from hub.model import (
    Availability,
    Device,
    EditDevice,
    FleetLimits,
    Identity,
    Latest,
    Record,
    RecordBatch,
    TwinUpdate,
    ValueExpired,
    merged,
)
from hub.registry.capacity import METRIC_BYTES, Capacity, text_size
from hub.registry.dedup import DedupWindow, is_duplicate
from hub.registry.expected_interval import (
    interval,
    is_backlog,
    is_discrete,
    learn_interval,
    longest_stale_after,
    stale_after,
    tolerated_silence,
)
from hub.registry.fastpath import Bounds, FastPath
from hub.registry.presence import PresenceTracker
from hub.registry.stored_state import StoredStates, read_states

LONGEST_NAME = 512  # characters of what a device is called by its dialect; a topic may have 65,535
_NOTHING: list[Event] = []
"""What nearly every record makes happen; nobody adds to it."""
_MEASURED = ("good", "clock", "unknown")
"""Qualities of a reading that came in its time: an interval may begin with it."""


class DeviceRegistry:
    """All devices by id."""

    def __init__(self, limits: FleetLimits | None = None) -> None:
        self.limits = self._limits = limits or FleetLimits()
        self.clear()

    def clear(self) -> None:
        """Forget all devices; :meth:`restore` loads them anew."""
        self.capacity = Capacity(self._limits)
        self._devices: dict[str, Device] = {}
        self._states = StoredStates()
        self.window = DedupWindow()
        self.fast_path = FastPath(self.window, self._limits)
        self.presence = PresenceTracker(self._limits, self._devices, self.fast_path.set_stale_deadline, self.touch)

    def __len__(self) -> int:
        return len(self._devices)

    def known(self, device_id: str) -> bool:
        return device_id in self._devices

    def latest(self, device_id: str, metric: str) -> Latest | None:
        device = self.get(device_id)
        return device.metrics.get(metric) if device is not None else None

    def get(self, device_id: str) -> Device | None:
        device = self._devices.get(device_id)
        if device is not None and device_id in self.fast_path:
            self.fast_path.materialize(device)
        return device

    def require(self, device_id: str) -> Device:
        """Raises NotFound."""
        device = self.get(device_id)
        if device is None:
            raise NotFound(f"There is no device {device_id[:128]!r}.", "GET /api/devices lists them.")
        return device

    def without_latest_values(self) -> Iterable[Device]:
        """All devices as they are called and whether they are there; what they measure may lie behind."""
        return self._devices.values()

    def devices(self) -> Iterable[Device]:
        self.fast_path.materialize_all(self._devices)
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
        self._states.lagging.setdefault(device.id, self._states.cursor)
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
        return self.presence.mark_seen(device, received)

    def check_duplicate(self, record: Record, key: int, items: int, *, redelivered: bool) -> tuple[bool, list[Event]]:
        """Return whether a record with this key came before, and what follows from what was learnt by it about the
        device's keys. ``items`` is how many records its message holds; see :func:`hub.registry.dedup.is_duplicate`."""
        device = self.require(record.device)
        before = device.constant_id
        again = is_duplicate(self.window, device, key, items, record.received, redelivered=redelivered)
        if device.constant_id == before:
            return again, _NOTHING
        self.touch(device.id)
        return again, [DeviceChanged(device.id, record.received)]

    def with_room(self, record: Record) -> Record:
        """Return a record of which not everything could be taken in, without what there is no room for."""
        metrics = self._devices[record.device].metrics
        return msgspec.structs.replace(record, values=self.capacity.within(metrics, record.values))

    def offer_fast_path(self, topic: str, payload_schema: PayloadSchema, device: Device, bounds: Bounds) -> None:
        self.fast_path.promote(topic, payload_schema, device, self.presence.stale_deadline(device.id), bounds)

    def apply_batch(self, record_batch: RecordBatch) -> None:
        """What was taken up for :attr:`steady` devices, which are online and stay so."""
        at = int(record_batch.received.max())
        for name in record_batch.devices():
            self._states.lagging.setdefault(name, self._states.cursor)
            self.presence.mark_gateway_seen(name, at)
        for name, due in self.fast_path.take_earlier_deadlines():
            self.presence.set_earlier_deadline(self._devices[name], due)

    def expire_value(self, expiration: ValueExpired) -> list[Event]:
        """Mark a value as not known any more; the last one stands."""
        metrics = device.metrics if (device := self.get(expiration.device)) is not None else {}
        below = f"{expiration.metric}." if expiration.metric else ""
        names = [expiration.metric, *(name for name in metrics if expiration.parts and name.startswith(below))]
        lapsed = [metrics[name] for name in names if name in metrics and metrics[name].quality != "unknown"]
        for latest in lapsed:
            latest.quality = "unknown"
            self._states.changed.add(expiration.device)
        return [DeviceChanged(expiration.device, expiration.at)] if lapsed else []

    def _follow(self, device: Device, apart: int, now: int) -> None:
        if is_backlog(apart, device.rhythm, now - self.fast_path.connected_at):
            return
        learn_interval(device, apart, self._limits)
        # Where it turns out to report faster than was thought, its silence has to be looked at earlier.
        if self.presence.stale_deadline(device.id) - now > longest_stale_after(device.rhythm or 0.0, self._limits):
            self.presence.set_earlier_deadline(device, now + stale_after(device, self._limits))

    def available(self, availability: Availability) -> list[Event]:
        """Take in what a device, its will or its gateway says on whether it is there."""
        return self.presence.available(availability)

    def connected(self, at: int) -> None:
        """The hub has connected: what was retained may be newer than what it knows, and what was kept comes now."""
        self.presence.connected = self.fast_path.connected_at = at

    def hear(self, device_id: str, at: int) -> list[Event]:
        """Note a sign of life that is no reading. Nothing, where there is no such device."""
        device = self.get(device_id)
        return _NOTHING if device is None else self.presence.mark_seen(device, at)

    def tolerated_silence(self, device: Device, silence_ms: int) -> int:
        """Return after how many ms a rule that asks for ``silence_ms`` finds the device silent."""
        return tolerated_silence(device, self._limits, silence_ms)

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
        self.fast_path.forget(device)
        del self._devices[device_id]
        self.presence.remove(device_id)
        self._states.forget(device_id)

    # -- what is kept -----------------------------------------------------------------------------------------

    def touch(self, device_id: str) -> None:
        """Something that is kept with the device and that its records do not tell has changed."""
        self._states.changed.add(device_id)

    def take_states(self, cursor: int, wanted: int) -> tuple[dict[str, bytes], int]:
        """See :meth:`hub.registry.stored_state.States.take`."""
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
