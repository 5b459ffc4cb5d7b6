"""All devices by id: their identity, latest values and presence.

A device is on the slow path, where each of its messages changes its ``Device`` object, or on the fast path, where its
telemetry changes columns and the object may lag behind (``fastpath/fast_path.py``)::

                 offer_fast_path: enough plain telemetry
    identify --> slow path <==============================> fast path
                 _mutable: anything else is about to change it

Invariants:

- Every method that changes a device calls :meth:`DeviceRegistry._mutable` first. It flushes the fast path, which keeps
  the order of the device's messages, and demotes the device. ``hear`` and ``calculated`` are the exceptions.
- :meth:`~DeviceRegistry.get` and :meth:`~DeviceRegistry.require` return devices that are up to date.
- ``StoredStates`` collects the changed devices until :meth:`~DeviceRegistry.take_states` hands them to the commit.

Pure: no clock, no network. Rules keep their state in a device's ``watches``; the registry does not read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from hub.dialects import PayloadSchema
from hub.errors import NotFound
from hub.events import DeviceChanged, DeviceDiscovered, Event
from hub.model import (
    Availability,
    Device,
    EditDevice,
    FleetLimits,
    Identity,
    Latest,
    RawMessage,
    Record,
    RecordBatch,
    TwinUpdate,
    ValueExpired,
)
from hub.registry.calculated_values import CalculatedValues
from hub.registry.capacity import METRIC_BYTES, Capacity
from hub.registry.corrected_devices import CorrectedDevices
from hub.registry.dedup import DedupWindow, is_duplicate
from hub.registry.device_edits import apply_edit, apply_twin_update
from hub.registry.event_devices import is_discrete
from hub.registry.expected_interval import device_stale_after, learn_reading, tolerated_silence
from hub.registry.fastpath import Bounds, FastPath, FlushHandler
from hub.registry.latest_values import expire, update_latest
from hub.registry.presence import PresenceTracker
from hub.registry.readable_info import readable
from hub.registry.stored_state import StoredStates, read_states

_NOTHING: list[Event] = []  # shared by most calls; nobody may add to it


class DeviceRegistry:
    """All devices by id."""

    def __init__(self, limits: FleetLimits | None = None) -> None:
        self.limits = limits or FleetLimits()
        self._handle_flushed: FlushHandler = _no_flush_handler  # handles the results of a fast-path flush
        self.clear()

    def clear(self) -> None:
        """Forget all devices; :meth:`restore` loads them again."""
        self.capacity = Capacity(self.limits)  # memory in use
        self._devices: dict[str, Device] = {}  # by id, in the order of discovery
        self._states = StoredStates()  # which devices have to be stored
        self.calculated = CalculatedValues(self.require, self.capacity, self._states)
        self.corrected = CorrectedDevices()  # devices whose metrics or kind a person has corrected
        self.window = DedupWindow()  # keys of recent messages
        self.fast_path = FastPath(self.window, self._devices, self.limits, self._flushed)
        self.presence = PresenceTracker(self.limits, self._devices, self.fast_path.set_stale_deadline, self.touch)

    def __len__(self) -> int:
        return len(self._devices)

    def known(self, device_id: str) -> bool:
        """Return whether the device exists."""
        return device_id in self._devices

    def latest(self, device_id: str, metric: str) -> Latest | None:
        """Return the latest value of a metric, or None."""
        return device.metrics.get(metric) if (device := self.get(device_id)) is not None else None

    def get(self, device_id: str) -> Device | None:
        """Return a device, up to date, or None."""
        if (device := self._devices.get(device_id)) is not None and device_id in self.fast_path:
            self.fast_path.materialize(device)
        return device

    def require(self, device_id: str) -> Device:
        """Return a device with all its messages so far applied. Raises NotFound."""
        if (device := self.get(device_id)) is not None:
            return device
        raise NotFound(f"There is no device {device_id[:128]!r}.", "GET /api/devices lists them.")

    def devices(self) -> Iterable[Device]:
        """Return all devices. Their values may be out of date; use :meth:`with_latest_values` to read values."""
        return self._devices.values()

    def with_latest_values(self) -> Iterable[Device]:
        """Return all devices, up to date. This takes a pass over all of them; use :meth:`get` for a few."""
        self.fast_path.materialize_all()
        return self._devices.values()

    # -- fast path --------------------------------------------------------------------------------------------

    def set_flush_handler(self, handler: FlushHandler) -> None:
        """Set the function that is called each time after the fast path has applied its pending messages."""
        self._handle_flushed = handler

    def _flushed(self, record_batches: list[RecordBatch], messages: list[RawMessage]) -> None:
        """Update silence checks and gateways after the fast path has applied messages; then call the flush handler."""
        for record_batch in record_batches:
            received = int(record_batch.received.max())
            for name in record_batch.devices():
                self._states.lagging.setdefault(name, self._states.cursor)
                self.presence.mark_gateway_seen(name, received)
        for name, due in self.fast_path.take_earlier_deadlines():
            self.presence.set_earlier_deadline(self._devices[name], due)
        self._handle_flushed(record_batches, messages)

    def offer_fast_path(self, topic: str, payload_schema: PayloadSchema, device: Device, bounds: Bounds) -> None:
        """Count a message that qualifies for the fast path. After enough of them, the topic takes the fast path."""
        self.fast_path.promote(topic, payload_schema, device, self.presence.stale_deadline(device.id), bounds)

    def _mutable(self, device_id: str) -> Device:
        """Take a device off the fast path and return it, so that the caller may change it. Raises NotFound."""
        if device_id in self.fast_path:
            self.fast_path.demote(device_id)
        return self.require(device_id)

    # -- messages ---------------------------------------------------------------------------------------------

    def identify(self, identity: Identity, now: int) -> list[Event]:
        """Add a device, or update its description. Raises Rejected (``too_many_devices``, ``bad_name``)."""
        events: list[Event] = []
        if self.known(identity.device):
            device = self._mutable(identity.device)
        else:
            device = self._discover(identity, now)
            events.append(DeviceDiscovered(device.id, now))
        if identity.info is not None and (info := readable(identity.info)) != device.info:
            self.capacity.exchange(device.info, info)
            self.presence.describe(device, info, now)
            self._states.changed.add(device.id)
            if not events:
                events.append(DeviceChanged(device.id, now))
        return events

    def _discover(self, identity: Identity, now: int) -> Device:
        self.capacity.take_device(identity, len(self._devices))
        device = Device(identity.device, identity.native_id, identity.dialect, first_seen=now, presence="stale")
        self._devices[device.id] = device
        self._states.changed.add(device.id)
        self.presence.add(device, now)
        return device

    def observe(self, record: Record) -> list[Event]:
        """Apply one record of a known device. Raises Rejected (``too_many_metrics``)."""
        device = self._mutable(record.device)
        metrics, quality, received = device.metrics, record.quality, record.received
        self.capacity.require_values(metrics, record.values)
        self._states.lagging.setdefault(device.id, self._states.cursor)
        known = len(metrics)
        previous, text_growth = update_latest(metrics, record)
        self.capacity.used += METRIC_BYTES * (len(metrics) - known) + text_growth
        if len(metrics) > known:
            device.discrete = is_discrete(device)
        if quality == "retained" or not record.live:
            return _NOTHING
        previous = previous if metrics else device.last_ts  # without metrics, there were only heartbeats
        if previous and quality != "late":
            since_connected = received - self.fast_path.connected_at
            if learn_reading(device, record.ts, received, previous, since_connected, self.limits):
                self.presence.set_earlier_deadline(device, received + device_stale_after(device, self.limits))
        device.last_reading = received
        device.last_ts = max(device.last_ts, min(record.ts, received))
        return self.presence.mark_seen(device, received)

    def check_duplicate(self, record: Record, key: int, items: int, *, redelivered: bool) -> tuple[bool, list[Event]]:
        """Return whether the record is a duplicate, and an event if a device turns out to repeat an ``id`` or ``seq``.

        ``items`` is the number of records in the message; see :func:`hub.registry.dedup.is_duplicate`.
        """
        device = self._mutable(record.device)
        before = device.constant_id
        duplicate = is_duplicate(self.window, device, key, items, record.received, redelivered=redelivered)
        if device.constant_id == before:
            return duplicate, _NOTHING
        self.touch(device.id)
        return duplicate, [DeviceChanged(device.id, record.received)]

    def with_room(self, record: Record) -> Record:
        """Return the record without those values for which the device or the hub has no room."""
        metrics = self._devices[record.device].metrics
        return msgspec.structs.replace(record, values=self.capacity.values_with_room(metrics, record.values))

    def expire_value(self, expiration: ValueExpired) -> list[Event]:
        """Set the quality of a value to ``unknown``. Do nothing if the device does not exist."""
        if not self.known(expiration.device) or not expire(self._mutable(expiration.device).metrics, expiration):
            return _NOTHING
        self.touch(expiration.device)
        return [DeviceChanged(expiration.device, expiration.at)]

    def available(self, availability: Availability) -> list[Event]:
        """Apply a report that a device is online or offline. Raises NotFound if the device is not known."""
        # Flush all devices: a message that arrived earlier must not mark its gateway online afterwards.
        self.fast_path.flush()
        return self.presence.available(self._mutable(availability.device), availability)

    def connected(self, at: int) -> None:
        """Set the time of the connection to the broker (ms)."""
        self.presence.connected = self.fast_path.connected_at = at

    def withdraw(self, device_id: str) -> Device:
        """Mark a device whose announcement was removed, so that its silence raises no alert. Raises NotFound."""
        device = self._mutable(device_id)
        device.withdrawn = True
        self.touch(device_id)
        return device

    def hear(self, device_id: str, at: int) -> list[Event]:
        """Note that a device sent something that is not a reading. Do nothing if the device does not exist."""
        device = self.get(device_id)
        return _NOTHING if device is None else self.presence.mark_seen(device, at)

    def tolerated_silence(self, device: Device, silence_ms: int) -> int:
        """Return ``silence_ms`` of a rule, or a longer time (ms) if this device is usually silent for longer."""
        return tolerated_silence(device, self.limits, silence_ms, self.get(device.info.via or ""))

    def twin(self, update: TwinUpdate, now: int) -> list[Event]:
        """Merge values into one side of a device's twin; None removes a key. Raises NotFound, Rejected."""
        device = self._mutable(update.device)
        apply_twin_update(device, update, self.limits, self.capacity)
        self._states.changed.add(device.id)
        return [DeviceChanged(device.id, now)]

    # -- time and people --------------------------------------------------------------------------------------

    def tick(self, now: int, listening_since: int | None) -> list[Event]:
        """Mark silent devices as stale. While the hub is not connected, no device becomes stale."""
        return self.presence.tick(now, listening_since, self.get, self._mutable)

    def edit(self, edit: EditDevice) -> list[Event]:
        """Apply a user's edit of name, area, labels, metrics or kinds. Raises NotFound."""
        device = self._mutable(edit.device)
        apply_edit(device, edit)
        self.corrected.note(device)
        self._states.changed.add(device.id)
        return [DeviceChanged(device.id, edit.at)]

    def delete(self, device_id: str) -> None:
        """Remove a device from memory. Raises NotFound."""
        device = self._mutable(device_id)
        self.capacity.used -= self.capacity.size_of(device)
        self.fast_path.forget(device_id)
        self.window.forget(device_id)
        del self._devices[device_id]
        self.presence.remove(device_id)
        self._states.forget(device_id)
        self.corrected.forget(device_id)

    # -- stored state -----------------------------------------------------------------------------------------

    def touch(self, device_id: str) -> None:
        """Store the device's state with the next commit."""
        self._states.changed.add(device_id)

    def take_states(self, cursor: int, requested_checkpoint: int) -> tuple[dict[str, bytes], int]:
        """Return the device states to store with a batch, and the next checkpoint; see :meth:`StoredStates.take`."""
        return self._states.take(cursor, requested_checkpoint, self.require)

    def take_faults(self) -> dict[str, str]:
        """Return the devices whose state could not be encoded since the last call: the error of each, by device id."""
        return self._states.take_faults()

    def restore(self, states: Mapping[str, bytes], now: int, checkpoint: int = 0) -> dict[str, str]:
        """Load as many of the stored devices as memory has room for. Return the decoding errors, by device id."""
        self._states.cursor = checkpoint
        faults: dict[str, str] = {}
        for device in filter(self.capacity.restore, read_states(states, faults)):
            self._devices[device.id] = device
            self.presence.add(device, now)
            self.corrected.note(device)
        self.connected(now)
        return faults

    def missed(self, records: Iterable[tuple[int, Record]]) -> Iterator[Record]:
        """Yield those ``records`` (number, record) that the restored state of their device does not contain yet."""
        for number, record in records:
            if (device := self._devices.get(record.device)) is not None and number > device.last_applied_record:
                yield record


def _no_flush_handler(record_batches: list[RecordBatch], messages: list[RawMessage]) -> None:
    raise RuntimeError("Messages wait in the fast path, and set_flush_handler has not been called.")
