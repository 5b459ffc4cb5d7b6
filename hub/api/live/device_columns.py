"""All devices as columns, for the dashboard's socket: integer handles, snapshots and deltas as JSON.

Each row stores the number of the frame in which its device last changed. So one scan of the rows finds everything that
changed after any frame, and makes one delta with the newest values. Values are read from the registry when a frame is
made, after their commit. docs/live.md describes the format.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec

from hub.accounts.scope import EVERYTHING
from hub.api.live.dashboard_client import Client
from hub.api.schemas.devices import MetricFacts
from hub.model import SEVERITIES, Device, MetricDescription, Presence, Record
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine

PRESENCE: dict[Presence, int] = {"online": 0, "stale": 1, "offline": 2}
SEVERITY = {name: code for code, name in enumerate(SEVERITIES)}
GONE_KEPT = 10_000
"""Number of deleted devices that are remembered. A client that resumes and missed more of them gets a snapshot."""

_encode = msgspec.json.Encoder().encode


class Row:
    """A device, with the numbers of the frames in which it last changed: in any way, or in certain fields."""

    __slots__ = ("changed", "described", "device", "facts", "shown")

    def __init__(self, device: str, seq: int) -> None:
        self.device = device
        self.changed = seq  # anything
        self.described = seq  # name, area, model, labels
        self.shown = seq  # units and descriptions of metrics
        # By metric, the unit and the description that were sent.
        self.facts: dict[str, tuple[str | None, MetricDescription]] = {}


class Columns:
    """The devices as columns, and what has changed since the last frame (a numbered message to the dashboard).

    Attributes:
        epoch: Random id of this numbering of frames. A client with another epoch needs a snapshot.
        seq: The number of the current frame in this epoch.
    """

    def __init__(self, registry: DeviceRegistry, engine: Engine) -> None:
        self._registry = registry
        self._engine = engine
        self.reset()

    def reset(self) -> None:
        """Begin a new epoch. Pages cannot resume from an old epoch: the numbers of devices and frames begin again."""
        self.epoch = secrets.token_hex(4)
        self.seq = 0
        self._handles: dict[str, int] = {}  # by device
        self._rows: dict[int, Row] = {}  # by handle
        self._next_handle = 0  # handles are not reused within an epoch
        self._gone: deque[tuple[int, int]] = deque()  # frame and handle of deleted devices
        self._oldest_known = 0  # deletions before this frame are forgotten
        self._dirty: dict[str, set[str]] = {}  # by device, metrics with new values since the last frame
        self._redescribe: set[str] = set()  # devices whose description has changed since the last frame
        self._left: list[int] = []  # handles deleted since the last frame

    # -- changes ----------------------------------------------------------------------------------------------

    def read(self, records: Iterable[Record]) -> None:
        """Mark the metrics in the records as changed, so that the next frame contains their new values."""
        dirty = self._dirty
        for record in records:
            metrics = dirty.get(record.device)
            if metrics is None:
                dirty[record.device] = set(record.values)
            else:
                metrics.update(record.values)

    def read_batch(self, devices: Iterable[str], names: tuple[str, ...]) -> None:
        """Mark the metrics ``names`` as changed on each of ``devices``, so that the next frame has their new values."""
        dirty = self._dirty
        for device in devices:
            metrics = dirty.get(device)
            if metrics is None:
                dirty[device] = set(names)
            else:
                metrics.update(names)

    def touched(self, device_id: str) -> None:
        """Record that the presence or the severity of a device has changed."""
        self._dirty.setdefault(device_id, set())

    def described(self, device_id: str) -> None:
        """Record that a device is new, or that its name, area, model, labels or units have changed."""
        self._redescribe.add(device_id)
        self.touched(device_id)

    def deleted(self, device_id: str) -> None:
        """Record that a device was deleted, and give up its handle, the number that pages use for it."""
        self._dirty.pop(device_id, None)
        self._redescribe.discard(device_id)
        handle = self._handles.pop(device_id, None)
        if handle is not None:
            del self._rows[handle]
            self._left.append(handle)

    # -- frames -----------------------------------------------------------------------------------------------

    def advance(self, now: int, *, encode: bool) -> str | None:
        """Begin a new frame (numbered message) if any device has changed. If ``encode``, return it, else None."""
        if not self._dirty and not self._left:
            return None
        self.seq += 1
        changed: list[tuple[int, Device, Iterable[str]]] = []
        for device_id, metrics in self._dirty.items():
            device = self._registry.get(device_id)
            if device is not None:
                changed.append((self._mark(device, metrics), device, metrics))
        for handle in self._left:
            self._gone.append((self.seq, handle))
        while len(self._gone) > GONE_KEPT:
            self._oldest_known = self._gone.popleft()[0]
        gone = self._left
        self._dirty, self._redescribe, self._left = {}, set(), []
        return self._delta(changed, self.seq - 1, gone, now) if encode else None

    def knows(self, epoch: str | None, since: int) -> bool:
        """Return True if a client that has frame ``since`` of ``epoch`` can get all later changes, else False."""
        return epoch == self.epoch and self._oldest_known <= since <= self.seq

    def since(self, seq: int, now: int) -> str:
        """Return one ``delta`` message with the present state of all devices that have changed after frame ``seq``."""
        changed: list[tuple[int, Device, Iterable[str]]] = []
        for handle, row in self._rows.items():
            if row.changed > seq and (device := self._registry.get(row.device)) is not None:
                changed.append((handle, device, device.metrics))
        gone = [handle for at, handle in self._gone if at > seq]
        return self._delta(changed, seq, gone, now)

    def since_for(self, client: Client, now: int) -> str:
        """Return the changes since the client's last frame. Devices that it may no longer see count as deleted."""
        seq, shown = client.at, client.shown
        changed: list[tuple[int, Device, Iterable[str]]] = []
        gone = [handle for at, handle in self._gone if at > seq and handle in shown]
        new: set[int] = set()
        for handle, row in self._rows.items():
            if row.changed <= seq or (device := self._registry.get(row.device)) is None:
                continue
            if client.scope.includes(device):
                changed.append((handle, device, device.metrics))
                if handle not in shown:
                    new.add(handle)
            elif handle in shown:
                gone.append(handle)
        shown |= new
        shown.difference_update(gone)
        return self._delta(changed, seq, gone, now, new)

    def snapshot(self, now: int, client: Client | None = None) -> str:
        """Encode the devices that ``client`` may see (None: all), and store their handles in ``client.shown``."""
        scope = client.scope if client is not None else EVERYTHING
        handles: list[int] = []
        devices: list[Device] = []
        metrics: dict[str, tuple[list[int], list[Any], list[str | None], list[int]]] = {}
        kinds: dict[MetricDescription, int] = {}
        for device in filter(scope.includes, self._registry.with_latest_values()):
            handle = self._handles.get(device.id)
            if handle is None:
                handle = self._add(device.id)
            handles.append(handle)
            devices.append(device)
            facts = self._rows[handle].facts
            for name, latest in device.metrics.items():
                column = metrics.get(name)
                if column is None:
                    column = metrics[name] = ([], [], [], [])
                unit, described = facts.get(name) or _facts(device, name)
                column[0].append(handle)
                column[1].append(latest.value)
                column[2].append(unit)
                column[3].append(kinds.setdefault(described, len(kinds)))
        if client is not None:
            client.shown = set(handles)
        frame = {
            "type": "snapshot",
            "epoch": self.epoch,
            "seq": self.seq,
            "ts": now,
            "root": "devices",
            "devices": {**_description(handles, devices), **self._state(devices)},
            "kinds": [MetricFacts.of(each) for each in kinds],
            "metrics": {
                name: {"i": i, "v": v, "u": u, "k": k[0] if len(set(k)) == 1 else k}
                for name, (i, v, u, k) in metrics.items()
            },
        }
        return _encode(frame).decode()

    # -- parts ------------------------------------------------------------------------------------------------

    def _add(self, device_id: str) -> int:
        handle = self._handles[device_id] = self._next_handle
        self._next_handle += 1
        self._rows[handle] = Row(device_id, self.seq)
        return handle

    def _mark(self, device: Device, metrics: Iterable[str]) -> int:
        handle = self._handles.get(device.id)
        if handle is None:
            handle = self._add(device.id)
        row = self._rows[handle]
        row.changed = self.seq
        described = device.id in self._redescribe
        if described:
            row.described = self.seq
        for name in device.metrics if described else metrics:
            # Facts change only with the device's description. A new metric has none yet.
            if (described or name not in row.facts) and row.facts.get(name) != (facts := _facts(device, name)):
                row.facts[name] = facts
                row.shown = self.seq
        return handle

    def _state(self, devices: Sequence[Device]) -> dict[str, list[Any]]:
        severity = self._engine.severity
        return {
            "presence": [PRESENCE[device.presence] for device in devices],
            "severity": [SEVERITY[severity(device.id)] for device in devices],
            "seen": [device.last_seen for device in devices],
        }

    def _delta(
        self,
        changed: Sequence[tuple[int, Device, Iterable[str]]],
        since: int,
        gone: Sequence[int],
        now: int,
        entered: AbstractSet[int] = frozenset(),
    ) -> str:
        frame: dict[str, Any] = {"type": "delta", "seq": self.seq, "ts": now}
        values: dict[str, tuple[list[int], list[Any]]] = {}
        units: dict[str, tuple[list[int], list[str | None]]] = {}
        shown: dict[str, tuple[list[int], list[int]]] = {}
        kinds: dict[MetricDescription, int] = {}
        new: list[tuple[int, Device]] = []
        for handle, device, metrics in changed:
            row = self._rows[handle]
            if row.described > since or handle in entered:
                new.append((handle, device))
                metrics = device.metrics
            for name in metrics:
                latest = device.metrics.get(name)
                if latest is not None:
                    column = values.setdefault(name, ([], []))
                    column[0].append(handle)
                    column[1].append(latest.value)
            if row.shown > since or handle in entered:
                for name, (unit, described) in row.facts.items():
                    pair = units.setdefault(name, ([], []))
                    pair[0].append(handle)
                    pair[1].append(unit)
                    place = shown.setdefault(name, ([], []))
                    place[0].append(handle)
                    place[1].append(kinds.setdefault(described, len(kinds)))
        if changed:
            frame["i"] = [handle for handle, _, _ in changed]
            frame.update(self._state([device for _, device, _ in changed]))
        if values:
            frame["m"] = values
        if new:
            devices = [device for _, device in new]
            frame["new"] = {**_description([handle for handle, _ in new], devices), **self._state(devices)}
        if units:
            frame["units"] = units
            frame["kinds"] = [MetricFacts.of(each) for each in kinds]
            frame["shown"] = shown
        if gone:
            frame["gone"] = gone
        return _encode(frame).decode()


def _facts(device: Device, metric: str) -> tuple[str | None, MetricDescription]:
    return device.unit(metric), device.describe(metric)


def _description(handles: Sequence[int], devices: Sequence[Device]) -> dict[str, Sequence[Any]]:
    return {
        "i": handles,
        "id": [device.id for device in devices],
        "name": [device.display_name for device in devices],
        "area": [device.display_area for device in devices],
        "model": [device.info.model for device in devices],
        "dialect": [device.dialect for device in devices],
        "labels": [device.display_labels for device in devices],
    }
